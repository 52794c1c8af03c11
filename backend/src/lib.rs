//! The Frontdesk server. Start reading at [`server`], then [`routes`]; one request or frame goes from a
//! handler in [`http`] or a session in [`realtime`] to one function in [`actions`], which asks the rules in
//! the `domain` crate, writes through [`store`] and publishes on [`bus`].

/// Errors and refusals.
pub mod error;
/// Faults of test builds.
pub mod planted;
/// Time and ids.
pub mod clock;
/// Numbers for whoever watches this process.
pub mod metrics;
/// One read for many.
pub mod together;
/// Configuration.
pub mod config;
/// Texts of pages and mails.
pub mod i18n;
/// Built browser files.
pub mod assets;
/// What nodes share besides the database.
pub mod shared;
/// All SQL.
pub mod store;
/// What happened, told to sessions.
pub mod bus;
/// Who is connected.
pub mod presence;
/// Where attachments lie.
pub mod files;
/// Who is asking.
pub mod auth;
/// The outside world of an action.
pub mod app;
/// E-mail.
pub mod mail;
/// One use-case a file.
pub mod actions;
/// What runs beside requests.
pub mod jobs;
/// What is wrong with an installation.
pub mod doctor;
/// Server-rendered pages for tenants and operators.
pub mod admin;
/// Sessions, transports, the hub.
pub mod realtime;
/// Logs.
pub mod telemetry;
/// Handlers.
pub mod http;
/// Health and readiness: looks at everything, so it stands above it.
pub mod health;
/// Every route on one page.
pub mod routes;
/// Where connections come in.
pub mod door;
/// Serving and stopping.
pub mod server;
/// The demo: people, a shop that embeds the chat.
pub mod demo;
/// Measurements: a load generator.
pub mod bench;
/// The command line.
pub mod cli;
/// Where installations of tests live.
#[cfg(test)]
mod tests;
