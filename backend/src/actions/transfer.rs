//! Giving a conversation to a colleague, to a department, or back to the queue.

use domain::conversation::{Command, Receiver, Written};
use domain::text::{MessageText, optional};
use protocol::command::Transfer;
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::state::{Availability, Presence};

use super::change::{Asker, Request, carry_out};
use super::floor::Floor;
use super::{Done, access, keep_place};
use crate::app::App;
use crate::auth::{AgentIdentity, Principal};
use crate::error::{AppResult, OnField, Refusal};

/// Gives a conversation away. A note goes into the log first, for agents only.
pub async fn transfer_conversation(app: &App, who: &Principal, command: Transfer) -> AppResult<Done> {
    let agent = access::acting_agent(who)?;
    let note = optional(command.note.as_deref(), MessageText::parse).on_field("note")?;
    let to = receiver(app, agent, &command).await?;
    if matches!(to, Receiver::Agent(_)) {
        keep_place::check_is_back(app, who, command.conversation).await?;
    }
    let mut request = Request::new(Asker::Person(who.clone()), command.conversation, Command::Transfer { to });
    if let Some(note) = note {
        let written = Written::Note(Text { text: note.into_string() });
        request.commands.insert(0, Command::Post { written, availability: Availability::Online });
    }
    carry_out(app, request).await
}

/// A conversation is not given to somebody who is not there: the visitor would wait for nobody. A department takes it
/// at any time: it waits there like everything else that does.
async fn receiver(app: &App, by: &AgentIdentity, command: &Transfer) -> AppResult<Receiver> {
    let mut conn = app.store.read(by.tenant).await?;
    let floor = Floor::read(app, &mut conn, by.tenant).await?;
    match (command.to, command.department) {
        (None, None) => Ok(Receiver::Queue),
        (Some(_), Some(_)) => {
            Err(Refusal::field("department", ErrorCode::Invalid, "name an agent or a department, not both").into())
        }
        (None, Some(id)) => match floor.department(id) {
            None => Err(Refusal::field("department", ErrorCode::NotFound, "no such department").into()),
            Some(found) => Ok(Receiver::Department(found.row.id)),
        },
        (Some(to), None) => match floor.agent(to) {
            None => Err(Refusal::field("to", ErrorCode::NotFound, "no such agent").into()),
            Some(now) if now.presence == Presence::Offline => {
                Err(Refusal::field("to", ErrorCode::WrongState, "this agent is not there").into())
            }
            Some(_) => Ok(Receiver::Agent(to)),
        },
    }
}
