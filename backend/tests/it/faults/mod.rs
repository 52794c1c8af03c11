//! Faults by the ids of the reliability table: each test begins with the id of the fault it injects, and ends
//! with the checker.

/// A clock that tests set.
pub(crate) mod clock;
/// What a process has used.
mod cost;
/// Faults of the disk and of whoever else holds the database.
mod disk;
/// Hostile frames.
mod frames;
/// Heads of requests that can be read in two ways.
mod heads;
/// Hostile JSON.
mod json;
/// Kills and stops.
pub(crate) mod kills;
/// Too little memory.
mod memory;
/// Networks and what middle boxes make of requests.
mod network;
/// Tokens that expire in the night, pages that lose their place.
mod pages;
/// The planted bugs: the checker finds what it must.
mod planted;
/// Everything at once, for as long as one likes.
mod soak;
/// The same send again.
pub(crate) mod twice;
/// Clocks and buses.
mod wrong;
