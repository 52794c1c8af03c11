//! Read marks. They only grow.

use protocol::command::Read;
use protocol::entry::AuthorKind;
use protocol::event::{Event, ReadMoved};

use super::{Done, access, publish};
use crate::app::App;
use crate::auth::Principal;
use crate::bus::{Note, Topic};
use crate::error::AppResult;
use crate::store::conversation::{self, Conversation};
use crate::store::read_mark::{self, Mark};

/// Moves the reader's mark. A mark beyond the newest entry means the newest entry.
pub async fn mark_read(app: &App, who: &Principal, command: Read) -> AppResult<Done> {
    let by = who.clone();
    let seq = i64::try_from(command.seq).unwrap_or(i64::MAX);
    let (row, seq) = app
        .store
        .write((who.tenant(), command.conversation), move |tx| {
            Box::pin(async move {
                let mut row = access::readable(tx, &by, command.conversation).await?;
                let seq = seq.min(row.last_seq);
                match &by {
                    Principal::Visitor(_) => row.visitor_read_seq = row.visitor_read_seq.max(seq),
                    Principal::Agent(agent) => {
                        row.agent_read_seq = row.agent_read_seq.max(seq);
                        let mark = Mark { conversation_id: row.id, seq, visitor_messages: row.visitor_messages };
                        read_mark::set(tx, agent.tenant, agent.agent, mark).await?;
                    }
                }
                conversation::save(tx, by.tenant(), &row).await?;
                Ok((row, seq))
            })
        })
        .await?;
    tell(app, who, &row, seq);
    Ok(Done { conversation: Some(row.id), ..Done::default() })
}

fn tell(app: &App, who: &Principal, row: &Conversation, seq: i64) {
    let tenant = who.tenant();
    let (kind, id) = match who {
        Principal::Visitor(visitor) => (AuthorKind::Visitor, visitor.visitor.0),
        Principal::Agent(agent) => (AuthorKind::Agent, agent.agent.0),
    };
    let moved = ReadMoved { conversation: row.id, kind, id, seq: super::view::unsigned(seq) };
    let note = Note::Frame(publish::frame(&Event::ReadMoved(moved)));
    app.bus.publish(Topic::Visitor(tenant, row.visitor_id), note.clone());
    app.bus.publish(Topic::Conversation(tenant, row.id), note.clone());
    // An agent's other tabs may not watch the conversation, but count its unread messages.
    if let Principal::Agent(agent) = who {
        app.bus.publish(Topic::Agent(tenant, agent.agent), note);
    }
}
