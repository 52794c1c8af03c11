//! Handlers: extract, one action, reply. No SQL beyond a look-up by key, no rule.

/// What every request and response passes: origin checks, security headers, error pages.
pub mod guard;
/// Requests that go on when their client hangs up.
mod to_its_end;
/// A request's line in the log.
mod trace;
/// Kinds of paths, and the headers of each.
mod class;
/// Whether a request that changes something comes from our own pages.
pub mod csrf;
/// How long a body may take.
mod body;
/// Refused JSON bodies, explained.
pub mod json;
/// Where a request comes from.
pub mod client_ip;
/// The cookie of a signed-in browser.
pub mod cookie;
/// Who asks.
pub mod extract;
/// Pages of sign-in, set-up and errors.
mod page;
/// Start page.
mod landing;
/// Signing in and out.
mod sign_in;
/// One's own second factor.
pub mod second_factor;
/// One-time links.
mod setup;
/// Asking for a new password.
mod forgot;
/// The loader of a site.
mod loader;
/// The documents of widget and console.
mod documents;
/// The chat for browsers without JavaScript: everything of it that needs no session.
pub mod chat;
/// What arrives here of a request.
pub mod probe;
/// Who is signed in.
mod me;
/// Visitor tokens.
mod visitor;
/// The way back to a kept place.
mod back;
/// Attachments up and down.
pub mod files;
/// Built browser files.
mod asset;

pub use asset::asset;
pub use back::{back, back_form};
pub use documents::{console, frame, hosted};
pub use forgot::{forgot_form, request_reset};
pub use landing::landing;
pub use loader::loader;
pub use me::me;
pub use page::{not_found, upgrade_required};
pub use setup::{accept, setup_form};
pub use sign_in::{code, code_form, sign_in, sign_in_form, sign_out, sign_out_form};
pub use visitor::issue;
