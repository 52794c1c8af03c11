//! Conversations offered to this agent: they ring until answered, taken away or out of time.

use protocol::ids::ConversationId;
use protocol::state::Summary;

use super::Model;

/// One offer that rings.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The conversation.
    pub line: &'a Summary,
    /// Milliseconds left, never below 0.
    pub left_ms: i64,
    /// How many others it is offered to as well.
    pub others: usize,
}

/// The offers that ring now, the most urgent first. One that this agent answered a moment ago does not.
pub fn offers(model: &Model) -> Vec<Offer<'_>> {
    let Some(desk) = &model.desk else {
        return Vec::new();
    };
    let now = model.server_now();
    let mut found: Vec<Offer<'_>> = desk
        .lines
        .values()
        .filter(|line| desk.is_offered(line) && !model.answered.contains(&line.id))
        .map(|line| Offer {
            line,
            left_ms: line.offer_deadline_at.map_or(0, |at| (at - now).max(0)),
            others: desk.offered(line).len().saturating_sub(1),
        })
        .filter(|offer| offer.left_ms > 0)
        .collect();
    found.sort_by_key(|offer| (offer.left_ms, offer.line.id));
    found
}

/// The offer a key press answers: the most urgent one.
pub fn most_urgent(model: &Model) -> Option<ConversationId> {
    offers(model).first().map(|offer| offer.line.id)
}
