//! Routing: its rules one by one, and its promises as properties.

/// Each rule with an example.
mod examples;
/// Explanations.
mod explained;
/// The promises.
mod laws;
/// Queues, agents and departments to route.
mod make;
/// Visitors who keep their place.
mod places;
/// A second, slow reading of the rules that the first is compared with.
mod slow;
