//! Every timer of routing, with a clock that the tests move. The dispatcher's job is played as it is: a round when it
//! was called, and one when the time has come that the round before named. A timer that nobody set does not run out.

/// A tenant whose clock is moved.
mod world;

/// Timers about agents: offers, replies, silence, absence.
mod agents;
/// Visitors who are gone.
mod gone;
/// Many offers in one write.
mod offers;
/// Who is asked when several dispatch, and when people are faster.
mod races;
/// A process that ends and another that goes on.
mod restarts;
/// Timers about visitors and departments: waits, hours, kept places.
mod waits;
