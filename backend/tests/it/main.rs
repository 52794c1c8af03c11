//! Tests of the whole product: the real binary on a loopback port, an own data folder, real sockets, real
//! browsers. Helpers own every set-up, so that a test reads as what people do: a visitor says, an agent sees.
//! Nothing here sleeps for a fixed time; everything waits for a condition with a deadline.

/// Numbers and helpers every other helper uses.
#[cfg(test)]
mod basics;
/// The database of a world.
#[cfg(test)]
mod database;
/// What nodes share over Redis, and what they must agree on.
#[cfg(test)]
mod shared;
/// Redis servers.
#[cfg(test)]
mod redis_server;
/// Visitors and agents who speak the protocol.
#[cfg(test)]
mod people;
/// The protocol over both transports.
#[cfg(test)]
mod wire;
/// A server process that can be killed.
#[cfg(test)]
mod server;
/// Two tenants' worth of set-up and servers.
#[cfg(test)]
mod world;

/// Headless browsers.
#[cfg(test)]
mod browser;
/// Departments.
#[cfg(test)]
mod departments;
/// An SMTP server.
#[cfg(test)]
mod mailbox;
/// A merchant's shop.
#[cfg(test)]
mod shop;
/// A browser without JavaScript.
#[cfg(test)]
mod text_browser;

/// The console, by its screen.
#[cfg(test)]
mod console_page;
/// The widget, by its screen.
#[cfg(test)]
mod widget_page;

/// What was sent and told, against what is stored and seen.
#[cfg(test)]
mod checker;
/// People who send through anything.
#[cfg(test)]
mod senders;
/// Other programs that tests need.
#[cfg(test)]
mod service;
/// Servers behind a proxy of another make, one and several.
#[cfg(test)]
mod cluster;
/// Faults by their ids, and the planted bugs that prove the checker.
#[cfg(test)]
mod faults;
/// The load generator.
#[cfg(test)]
mod load;
/// RFC 6455, case by case.
#[cfg(test)]
mod conformance;
/// Frames, commands and requests that break a rule.
#[cfg(test)]
mod bad_input;
/// The delivery contract (C1-C13) over both transports.
#[cfg(test)]
mod delivery;
/// Order, capacity, offers, transfer, availability.
#[cfg(test)]
mod queue;
/// Who is asked: departments, order, several at the same time.
#[cfg(test)]
mod routing;
/// Where visitors go who choose no department.
#[cfg(test)]
mod no_preference;
/// Conversations that nobody answered.
#[cfg(test)]
mod unanswered;
/// Waiting, by the widget's screen.
#[cfg(test)]
mod waiting_browser;
/// The whole story in two browsers.
#[cfg(test)]
mod story;
/// Whose is it?
#[cfg(test)]
mod tenancy;
/// Who a visitor is, as the merchant signed it.
#[cfg(test)]
mod identity;
/// Places in the queue that wait for their visitors.
#[cfg(test)]
mod keep_place;
/// Batches of messages on PostgreSQL.
#[cfg(test)]
mod appends;
/// Copies of everything, and a history that goes back.
#[cfg(test)]
mod backups;
/// From SQLite to PostgreSQL.
#[cfg(test)]
mod migrate;
/// One tenant as one file.
#[cfg(test)]
mod tenant_files;
/// The second step when signing in.
#[cfg(test)]
mod second_factor;
/// Files.
#[cfg(test)]
mod uploads;
/// The tenant's panel.
#[cfg(test)]
mod panels;
/// Departments, routing and identity keys in it.
#[cfg(test)]
mod departments_admin;
/// Full-text search.
#[cfg(test)]
mod search;
/// Policies, cookies, suspension, logs.
#[cfg(test)]
mod headers;
/// The widget in merchants' pages.
#[cfg(test)]
mod embed;
/// Every route.
#[cfg(test)]
mod routes;
/// PostgreSQL goes away and comes back.
#[cfg(test)]
mod outage;
/// What a load needs.
#[cfg(test)]
mod capacity;
/// The live board, and the history of routing.
#[cfg(test)]
mod board;
/// Replays with other settings, and staffing.
#[cfg(test)]
mod simulate;
/// Set-ups that are wrong.
#[cfg(test)]
mod doctor;
/// Metrics, readiness, logs.
#[cfg(test)]
mod watching;
/// What only PostgreSQL does: a second wall between tenants, rights, refusals at start, outages.
#[cfg(test)]
mod postgres;
/// Every page, looked at.
#[cfg(test)]
mod pictures;
/// The chat without JavaScript.
#[cfg(test)]
mod textpage;
/// Faults that only a browser has.
#[cfg(test)]
mod browser_faults;
/// Pages that outlive releases.
#[cfg(test)]
mod releases;
/// Rights that end while somebody is connected.
#[cfg(test)]
mod revocation;
/// Connections: slow, half-open, too many, too old, unwanted.
#[cfg(test)]
mod connections;
/// Networks that misbehave.
#[cfg(test)]
mod network;
/// The console beyond the main story.
#[cfg(test)]
mod console;
/// The console where there are departments.
#[cfg(test)]
mod console_departments;
/// Answers to what was left while nobody was there.
#[cfg(test)]
mod offline_answers;
/// Forms of the panels, and whose they are.
#[cfg(test)]
mod admin_forms;
