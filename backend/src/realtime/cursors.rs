//! Positions in conversations: what of a note goes out, and what must be read from the log first. Pure.

use protocol::ids::ConversationId;

/// Up to where each conversation of a session was sent.
pub(super) struct Cursors {
    positions: Vec<(ConversationId, u64)>,
    unknown: Unknown,
}

/// What a note about a conversation without a position means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// A visitor hears of own conversations only: a new one starts at 0.
    StartsAtZero,
    /// An agent has stopped watching it.
    Ignored,
}

/// What to do with a note that carries the entries `from` to `last_seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It continues exactly where the session is: send it. The position has moved.
    Send,
    /// Nothing new in it.
    Drop,
    /// Something before it is missing, or part of it was sent: read the log after this seq instead.
    Read {
        /// The newest entry sent.
        after: u64,
    },
}

impl Cursors {
    /// No positions yet.
    pub(super) fn new(unknown: Unknown) -> Self {
        Self { positions: Vec::new(), unknown }
    }

    /// Sets the position to what the client says it has, forward or back.
    pub(super) fn set(&mut self, conversation: ConversationId, seq: u64) {
        match self.positions.iter_mut().find(|(id, _)| *id == conversation) {
            Some((_, position)) => *position = seq,
            None => self.positions.push((conversation, seq)),
        }
    }

    /// Records that entries up to `seq` were sent. A position only grows by this, and a conversation without
    /// one gets none.
    pub(super) fn advance(&mut self, conversation: ConversationId, seq: u64) {
        if let Some((_, position)) = self.positions.iter_mut().find(|(id, _)| *id == conversation) {
            *position = seq.max(*position);
        }
    }

    /// Forgets a conversation.
    pub(super) fn remove(&mut self, conversation: ConversationId) {
        self.positions.retain(|(id, _)| *id != conversation);
    }

    /// Whether the conversation has a position.
    pub(super) fn contains(&self, conversation: ConversationId) -> bool {
        self.positions.iter().any(|(id, _)| *id == conversation)
    }

    /// Judges a note and moves the position when it is to be sent.
    pub(super) fn judge(&mut self, conversation: ConversationId, from: u64, last_seq: u64) -> Verdict {
        if self.unknown == Unknown::StartsAtZero && !self.contains(conversation) {
            self.positions.push((conversation, 0));
        }
        let found = self.positions.iter_mut().find(|(id, _)| *id == conversation);
        let Some((_, position)) = found else {
            return Verdict::Drop;
        };
        let after = *position;
        if last_seq <= after {
            return Verdict::Drop;
        }
        if from != after + 1 {
            return Verdict::Read { after };
        }
        *position = last_seq;
        Verdict::Send
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const ONE: ConversationId = ConversationId(Uuid::from_u128(1));
    const TWO: ConversationId = ConversationId(Uuid::from_u128(2));

    #[test]
    fn sends_what_continues_drops_what_is_known_reads_what_is_missing() {
        let mut cursors = Cursors::new(Unknown::Ignored);
        cursors.set(ONE, 4);
        assert_eq!(cursors.judge(ONE, 5, 6), Verdict::Send);
        assert_eq!(cursors.judge(ONE, 5, 6), Verdict::Drop);
        assert_eq!(cursors.judge(ONE, 9, 9), Verdict::Read { after: 6 });
        assert_eq!(cursors.judge(ONE, 6, 7), Verdict::Read { after: 6 }, "part of it was sent");
        cursors.advance(ONE, 9);
        cursors.advance(ONE, 7);
        assert_eq!(cursors.judge(ONE, 10, 10), Verdict::Send);
    }

    #[test]
    fn a_conversation_nobody_mentioned_starts_at_zero_or_is_ignored() {
        let mut visitor = Cursors::new(Unknown::StartsAtZero);
        assert_eq!(visitor.judge(ONE, 1, 2), Verdict::Send);
        assert_eq!(visitor.judge(TWO, 3, 3), Verdict::Read { after: 0 });
        let mut agent = Cursors::new(Unknown::Ignored);
        assert_eq!(agent.judge(ONE, 1, 1), Verdict::Drop);
        agent.advance(ONE, 1);
        assert!(!agent.contains(ONE));
        agent.set(ONE, 0);
        agent.remove(ONE);
        assert_eq!(agent.judge(ONE, 1, 1), Verdict::Drop);
    }

    proptest! {
        /// Whatever a bus does to notes, a session that reads the log when told so sends 1, 2, 3, ...
        #[test]
        fn any_delivery_ends_in_the_whole_log_in_order(
            lengths in prop::collection::vec(1u64..4, 1..20),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let mut notes = Vec::new();
            let mut last = 0;
            for length in lengths {
                notes.push((last + 1, last + length));
                last += length;
            }
            let mut cursors = Cursors::new(Unknown::StartsAtZero);
            let mut sent = Vec::new();
            let delivered = picks.iter().map(|pick| *pick.get(&notes)).chain(notes.last().copied());
            for (from, to) in delivered {
                match cursors.judge(ONE, from, to) {
                    Verdict::Send => sent.extend(from..=to),
                    Verdict::Drop => {}
                    Verdict::Read { after } => {
                        // The log may hold more than the note speaks of.
                        sent.extend(after + 1..=last);
                        cursors.advance(ONE, last);
                    }
                }
            }
            prop_assert_eq!(sent, (1..=last).collect::<Vec<_>>());
        }
    }
}
