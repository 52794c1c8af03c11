//! Stays: a visitor's time from entering the queue until the conversation is over, read from the log.

use domain::replay::Fate;
use protocol::entry::{AuthorKind, EntryBody};
use protocol::ids::{AgentId, ConversationId, DepartmentId};
use uuid::Uuid;

use crate::store::passage::Passage;

/// One stay. A conversation that was reopened has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stay {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The department it was in last.
    pub department: DepartmentId,
    /// Higher goes first.
    pub priority: u8,
    /// Language of the visitor, BCP 47.
    pub language: Option<String>,
    /// What an agent must be able to do.
    pub skills: Vec<String>,
    /// Who had the conversation before.
    pub previous_agent: Option<AgentId>,
    /// When it entered the queue, Unix milliseconds.
    pub queued_at: i64,
    /// How it went.
    pub end: End,
}

/// How a stay went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// An agent took it.
    Served {
        /// When, Unix milliseconds.
        at: i64,
        /// Who; the nil id after erasure.
        agent: AgentId,
        /// For how long it kept one of the agent's places, milliseconds; `None`: it still does.
        service_ms: Option<i64>,
    },
    /// The visitor gave up.
    GaveUp {
        /// When, Unix milliseconds.
        at: i64,
    },
    /// It waited longer than allowed.
    TooLong {
        /// When, Unix milliseconds.
        at: i64,
    },
    /// It was ended by an agent out of the queue, or still waits.
    Open,
}

impl Stay {
    /// What became of the visitor; `None`: nothing yet, or an agent ended it out of the queue.
    pub(super) fn fate(&self) -> Option<Fate> {
        let after = |at: i64| at.saturating_sub(self.queued_at).max(0);
        Some(match self.end {
            End::Served { at, agent, .. } => Fate::Served { agent, department: self.department, waited_ms: after(at) },
            End::GaveUp { at } => Fate::GaveUp { waited_ms: after(at) },
            End::TooLong { at } => Fate::LeftOffline { waited_ms: after(at) },
            End::Open => return None,
        })
    }

    /// After how long the visitor gave up, milliseconds, if so.
    pub(super) fn patience_ms(&self) -> Option<i64> {
        match self.fate() {
            Some(Fate::GaveUp { waited_ms }) => Some(waited_ms),
            _ => None,
        }
    }

    /// For how long it kept a place, milliseconds, if that is known.
    pub(super) fn service_ms(&self) -> Option<i64> {
        match self.end {
            End::Served { service_ms, .. } => service_ms,
            _ => None,
        }
    }
}

/// Reads the stays out of entries that stand conversation by conversation. After `inactive_after_ms` without a message a
/// conversation keeps no place any more.
pub(super) fn stays(passages: &[Passage], inactive_after_ms: i64) -> Vec<Stay> {
    let mut all = Vec::new();
    for of_one in passages.chunk_by(|one, next| one.conversation_id == next.conversation_id) {
        let mut reader = Reader { inactive_after_ms, stay: None, reopened_at: None, agent: None, all: &mut all };
        of_one.iter().for_each(|passage| reader.read(passage));
        reader.finish();
    }
    all
}

struct Reader<'a> {
    inactive_after_ms: i64,
    stay: Option<Stay>,
    /// When the last entry read was that the visitor wrote into what had ended.
    reopened_at: Option<i64>,
    agent: Option<AgentId>,
    all: &'a mut Vec<Stay>,
}

impl Reader<'_> {
    fn read(&mut self, passage: &Passage) {
        let body: Option<EntryBody> = passage.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
        let reopened_at = self.reopened_at.take();
        if passage.kind == "reopened" {
            self.reopened_at = Some(passage.at);
        }
        match passage.kind.as_str() {
            // Nobody was there: what the visitor wrote became a message at once, and nobody was in the queue.
            "left_offline" if passage.author_kind == AuthorKind::Visitor && reopened_at == Some(passage.at) => {
                self.stay = None;
            }
            // Back in the queue is the same stay: the visitor has not left.
            "queued" | "reopened" if self.stay.is_none() => self.begin(passage),
            "assigned" => {
                let to = match body {
                    Some(EntryBody::Assigned(assigned)) => Some(assigned.agent),
                    _ => None,
                };
                self.take(passage.at, to);
            }
            "transferred" => {
                if let Some(EntryBody::Transferred(transferred)) = body
                    && transferred.to.is_some()
                {
                    self.take(passage.at, transferred.to);
                }
            }
            "closed" | "left_offline" => self.end(passage),
            _ => {}
        }
    }

    fn begin(&mut self, passage: &Passage) {
        let skills = passage.skills.as_deref().and_then(|skills| serde_json::from_str(skills).ok());
        self.stay = Some(Stay {
            conversation: passage.conversation_id,
            department: passage.department_id,
            priority: u8::try_from(passage.priority).unwrap_or(0),
            language: passage.language.clone(),
            skills: skills.unwrap_or_default(),
            previous_agent: self.agent,
            queued_at: passage.at,
            end: End::Open,
        });
    }

    fn take(&mut self, at: i64, agent: Option<AgentId>) {
        self.agent = agent.or(self.agent);
        if let Some(stay) = &mut self.stay
            && stay.end == End::Open
        {
            let agent = agent.unwrap_or(AgentId(Uuid::nil()));
            stay.end = End::Served { at, agent, service_ms: None };
        }
    }

    fn end(&mut self, passage: &Passage) {
        let Some(mut stay) = self.stay.take() else { return };
        stay.end = match (stay.end, passage.author_kind, passage.kind.as_str()) {
            (End::Served { at, agent, .. }, ..) => {
                // Only the newest message is known; of an earlier stay it lies behind the end.
                let quiet = passage.message_at.unwrap_or(passage.at).max(at).saturating_add(self.inactive_after_ms);
                End::Served { at, agent, service_ms: Some(quiet.min(passage.at).saturating_sub(at).max(0)) }
            }
            (_, AuthorKind::System, "left_offline") => End::TooLong { at: passage.at },
            (_, AuthorKind::Agent, _) => End::Open,
            _ => End::GaveUp { at: passage.at },
        };
        self.all.push(stay);
    }

    fn finish(&mut self) {
        self.all.extend(self.stay.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn passage(number: u128, kind: &str, at: i64, by: AuthorKind, body: Value) -> Passage {
        Passage {
            conversation_id: ConversationId(Uuid::from_u128(number)),
            department_id: DepartmentId(Uuid::from_u128(1)),
            priority: 3,
            language: Some("de".to_owned()),
            skills: Some(r#"["returns"]"#.to_owned()),
            message_at: Some(50_000),
            kind: kind.to_owned(),
            at,
            author_kind: by,
            body: Some(body.to_string()),
        }
    }

    fn queued(number: u128, at: i64) -> Passage {
        passage(number, "queued", at, AuthorKind::Visitor, json!({ "type": "queued" }))
    }

    fn assigned(number: u128, at: i64, agent: u128) -> Passage {
        let body = json!({ "type": "assigned", "agent": Uuid::from_u128(agent), "name": "Ann" });
        passage(number, "assigned", at, AuthorKind::Agent, body)
    }

    fn closed(number: u128, at: i64, by: AuthorKind) -> Passage {
        passage(number, "closed", at, by, json!({ "type": "closed", "by": "agent" }))
    }

    #[test]
    fn a_stay_begins_in_the_queue_and_ends_when_the_conversation_is_over() {
        let back = json!({ "type": "queued", "reason": "agent_gone" });
        let log = [
            queued(1, 1_000),
            assigned(1, 4_000, 7),
            passage(1, "queued", 5_000, AuthorKind::System, back),
            assigned(1, 9_000, 8),
            closed(1, 40_000, AuthorKind::Agent),
            passage(1, "reopened", 45_000, AuthorKind::Visitor, json!({ "type": "reopened" })),
            assigned(1, 46_000, 9),
            closed(1, 999_000, AuthorKind::Visitor),
        ];
        let stays = stays(&log, 60_000);
        assert_eq!(stays.len(), 2);
        let waited = |stay: &Stay| match stay.fate() {
            Some(Fate::Served { agent, waited_ms, .. }) => Some((agent.0.as_u128(), waited_ms)),
            _ => None,
        };
        assert_eq!((waited(&stays[0]), stays[0].service_ms()), (Some((7, 3_000)), Some(36_000)));
        assert_eq!((stays[0].previous_agent, stays[0].priority), (None, 3));
        assert_eq!(stays[0].skills, ["returns"]);
        // The last message was at 50 s: a minute later it no longer keeps a place.
        assert_eq!((waited(&stays[1]), stays[1].service_ms()), (Some((9, 1_000)), Some(64_000)));
        assert_eq!(stays[1].previous_agent, Some(AgentId(Uuid::from_u128(8))));
    }

    #[test]
    fn who_was_not_served_gave_up_or_waited_too_long_or_still_waits() {
        let left = |number, at, by| passage(number, "left_offline", at, by, json!({ "type": "left_offline" }));
        let reopened = |number, at| passage(number, "reopened", at, AuthorKind::Visitor, json!({ "type": "reopened" }));
        let log = [
            queued(1, 0),
            closed(1, 9, AuthorKind::Visitor),
            queued(2, 0),
            left(2, 8, AuthorKind::System),
            queued(3, 0),
            left(3, 7, AuthorKind::Visitor),
            queued(4, 0),
            closed(4, 6, AuthorKind::Agent),
            queued(5, 0),
            // A message left at once never was in the queue.
            left(6, 1, AuthorKind::Visitor),
            // Nor was one that followed on what had ended, while nobody was there.
            reopened(7, 5),
            left(7, 5, AuthorKind::Visitor),
            // Whoever waited again and then left a message was.
            reopened(8, 5),
            left(8, 9, AuthorKind::Visitor),
        ];
        let stays = stays(&log, 1);
        assert_eq!(
            stays.iter().map(Stay::patience_ms).collect::<Vec<_>>(),
            [Some(9), None, Some(7), None, None, Some(4)]
        );
        let ends: Vec<End> = stays.into_iter().map(|stay| stay.end).collect();
        let gave_up = |at| End::GaveUp { at };
        assert_eq!(ends, [gave_up(9), End::TooLong { at: 8 }, gave_up(7), End::Open, End::Open, gave_up(9)]);
    }
}
