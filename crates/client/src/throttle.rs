//! How often typing and reading are told.

use alloc::vec::Vec;

use protocol::ids::ConversationId;
use protocol::limits::TYPING_EVERY_MS;

/// What to do after a change of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypingStep {
    /// Say now that the person types (true) or stopped (false).
    Say(bool),
    /// Call [`TypingThrottle::changed`] again after this many milliseconds, so that the last words of a
    /// preview are not held back.
    AskAgain(u64),
    /// Nothing.
    Nothing,
}

/// Limits typing notices of one input to one every [`TYPING_EVERY_MS`].
#[derive(Debug, Default, Clone)]
pub struct TypingThrottle {
    said_at: Option<u64>,
}

impl TypingThrottle {
    /// The input changed at `now` (milliseconds of any steady clock).
    pub fn changed(&mut self, now: u64, empty: bool) -> TypingStep {
        match (self.said_at, empty) {
            (None, true) => TypingStep::Nothing,
            (Some(_), true) => {
                self.said_at = None;
                TypingStep::Say(false)
            }
            (Some(at), false) if now < at + TYPING_EVERY_MS => TypingStep::AskAgain(at + TYPING_EVERY_MS - now),
            (_, false) => {
                self.said_at = Some(now);
                TypingStep::Say(true)
            }
        }
    }

    /// The input was sent: the other side stops showing the notice by itself.
    pub fn sent(&mut self) {
        self.said_at = None;
    }
}

/// Keeps read marks growing and each told once.
#[derive(Debug, Default, Clone)]
pub struct ReadThrottle {
    told: Vec<(ConversationId, u64)>,
}

impl ReadThrottle {
    /// Whether reading up to `seq` is news worth a `read`.
    pub fn advance(&mut self, conversation: ConversationId, seq: u64) -> bool {
        if seq == 0 {
            return false;
        }
        match self.told.iter_mut().find(|(id, _)| *id == conversation) {
            Some((_, told)) if *told >= seq => false,
            Some((_, told)) => {
                *told = seq;
                true
            }
            None => {
                self.told.push((conversation, seq));
                true
            }
        }
    }
}
