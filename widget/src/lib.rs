//! The visitor's chat widget: the application inside the frame that the loader puts into a merchant's page.
//!
//! [`state`] holds everything it knows and every decision; [`view`] says what the screen should look like;
//! both are plain data and tested natively. The browser half (on wasm32 only) shows the one, feeds the
//! other and carries effects out.
#![cfg_attr(target_arch = "wasm32", no_std)]
extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod browser;
/// Times and dates in the reader's zone.
pub mod clock;
/// Links in plain text.
pub mod links;
/// The screen as plain data.
pub mod page;
/// Everything the widget knows, and every decision.
pub mod state;
/// Texts in every language.
pub mod texts;
/// What the screen should look like.
pub mod view;
