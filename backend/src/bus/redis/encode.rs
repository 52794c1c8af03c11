//! Notes as bytes: a letter for the topic and its ids, a letter for the note and what it holds. Of the two frames of
//! entries only the one that the topic's listeners see.

use std::sync::Arc;

use protocol::error::CloseCode;
use protocol::ids::{AgentId, ConversationId, TenantId, VisitorId};

use super::super::{News, Note, Topic};
use crate::shared::message::{Reader, put_bytes};

/// A note for a topic.
pub(super) fn note(topic: Topic, note: &Note) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    let (letter, tenant, id) = match topic {
        Topic::Agents(tenant) => (b'A', tenant, None),
        Topic::Visitors(tenant) => (b'V', tenant, None),
        Topic::Agent(tenant, id) => (b'a', tenant, Some(id.0)),
        Topic::Visitor(tenant, id) => (b'v', tenant, Some(id.0)),
        Topic::Conversation(tenant, id) => (b'c', tenant, Some(id.0)),
    };
    out.push(letter);
    out.extend_from_slice(tenant.0.as_bytes());
    out.extend(id.iter().flat_map(|id| id.as_bytes()));
    match note {
        Note::Entries { conversation, from, last_seq, everyone, agents } => {
            out.push(b'e');
            out.extend_from_slice(conversation.0.as_bytes());
            out.extend_from_slice(&from.to_le_bytes());
            out.extend_from_slice(&last_seq.to_le_bytes());
            let visitors = matches!(topic, Topic::Visitor(..) | Topic::Visitors(_));
            put_bytes(&mut out, if visitors { everyone } else { agents }.as_bytes());
        }
        Note::Frame(frame) => {
            out.push(b'f');
            put_bytes(&mut out, frame.as_bytes());
        }
        Note::Line { conversation, updated_at, frame } => {
            out.push(b'l');
            out.extend_from_slice(conversation.0.as_bytes());
            out.extend_from_slice(&updated_at.to_le_bytes());
            put_bytes(&mut out, frame.as_bytes());
        }
        Note::StateChanged => out.push(b's'),
        Note::Revoked(code) => {
            out.push(b'r');
            out.extend_from_slice(&u64::from(code.code()).to_le_bytes());
        }
    }
    out
}

/// Reads what [`note`] wrote.
pub(super) fn read_note(bytes: &[u8]) -> Option<(Topic, Note)> {
    let mut reader = Reader(bytes);
    let letter = reader.byte()?;
    let tenant = TenantId(reader.id()?);
    let topic = match letter {
        b'A' => Topic::Agents(tenant),
        b'V' => Topic::Visitors(tenant),
        b'a' => Topic::Agent(tenant, AgentId(reader.id()?)),
        b'v' => Topic::Visitor(tenant, VisitorId(reader.id()?)),
        b'c' => Topic::Conversation(tenant, ConversationId(reader.id()?)),
        _ => return None,
    };
    let note = match reader.byte()? {
        b'e' => {
            let conversation = ConversationId(reader.id()?);
            let (from, last_seq) = (reader.number()?, reader.number()?);
            let frame: Arc<str> = reader.text()?.into();
            Note::Entries { conversation, from, last_seq, everyone: Arc::clone(&frame), agents: frame }
        }
        b'f' => Note::Frame(reader.text()?.into()),
        b'l' => {
            let (conversation, updated_at) = (ConversationId(reader.id()?), reader.time()?);
            Note::Line { conversation, updated_at, frame: reader.text()?.into() }
        }
        b's' => Note::StateChanged,
        b'r' => Note::Revoked(revocation(reader.number()?)?),
        _ => return None,
    };
    reader.0.is_empty().then_some((topic, note))
}

/// Why a session may be ended by a note.
const REVOCATIONS: [CloseCode; 5] =
    [CloseCode::Forbidden, CloseCode::Unauthenticated, CloseCode::Restart, CloseCode::Policy, CloseCode::Normal];

fn revocation(code: u64) -> Option<CloseCode> {
    REVOCATIONS.into_iter().find(|known| u64::from(known.code()) == code)
}

/// News for nodes.
pub(super) fn news(news: &News) -> Vec<u8> {
    let News::Round { tenant, wake_at } = news;
    let mut out = Vec::with_capacity(32);
    out.push(b'd');
    out.extend_from_slice(tenant.0.as_bytes());
    out.extend_from_slice(&wake_at.unwrap_or(i64::MAX).to_le_bytes());
    out
}

/// Reads what [`news`] wrote.
pub(super) fn read_news(bytes: &[u8]) -> Option<News> {
    let mut reader = Reader(bytes);
    if reader.byte()? != b'd' {
        return None;
    }
    let (tenant, wake_at) = (TenantId(reader.id()?), reader.time()?);
    Some(News::Round { tenant, wake_at: (wake_at < i64::MAX).then_some(wake_at) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));
    const ID: Uuid = Uuid::from_u128(2);

    fn back(topic: Topic, given: &Note) -> (Topic, Note) {
        read_note(&note(topic, given)).unwrap()
    }

    #[test]
    fn every_topic_and_note_comes_back() {
        let topics = [
            Topic::Agents(TENANT),
            Topic::Visitors(TENANT),
            Topic::Agent(TENANT, AgentId(ID)),
            Topic::Visitor(TENANT, VisitorId(ID)),
            Topic::Conversation(TENANT, ConversationId(ID)),
        ];
        let line = Note::Line { conversation: ConversationId(ID), updated_at: 7, frame: "line".into() };
        let notes = [Note::Frame("frame".into()), line, Note::StateChanged, Note::Revoked(CloseCode::Forbidden)];
        for topic in topics {
            for given in &notes {
                let (found, read) = back(topic, given);
                assert_eq!((found, format!("{read:?}")), (topic, format!("{given:?}")));
            }
        }
    }

    #[test]
    fn entries_bring_the_frame_that_the_listeners_see() {
        let conversation = ConversationId(ID);
        let given =
            Note::Entries { conversation, from: 3, last_seq: 4, everyone: "everyone".into(), agents: "agents".into() };
        for (topic, expected) in
            [(Topic::Visitor(TENANT, VisitorId(ID)), "everyone"), (Topic::Conversation(TENANT, conversation), "agents")]
        {
            let (_, Note::Entries { from: 3, last_seq: 4, everyone, agents, .. }) = back(topic, &given) else {
                panic!("other entries")
            };
            assert_eq!((&*everyone, &*agents), (expected, expected));
        }
    }

    #[test]
    fn what_is_cut_is_not_read() {
        let bytes = note(Topic::Agents(TENANT), &Note::Frame("frame".into()));
        for cut in 0..bytes.len() {
            assert!(read_note(&bytes[..cut]).is_none());
        }
        assert!(read_note(&[bytes, vec![0]].concat()).is_none());
    }

    #[test]
    fn news_come_back() {
        for wake_at in [None, Some(5)] {
            let given = News::Round { tenant: TENANT, wake_at };
            assert_eq!(read_news(&news(&given)), Some(given));
        }
        assert_eq!(read_news(b"x"), None);
    }
}
