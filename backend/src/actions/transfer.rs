//! Giving a conversation to a colleague or back to the queue.

use domain::conversation::{Command, Written};
use domain::text::{MessageText, optional};
use protocol::command::Transfer;
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::ids::AgentId;
use protocol::state::{Availability, Presence};

use super::change::{Asker, Request, carry_out};
use super::floor::Floor;
use super::{Done, access};
use crate::app::App;
use crate::auth::{AgentIdentity, Principal};
use crate::error::{AppResult, OnField, Refusal};

/// Gives a conversation away. A note goes into the log first, for agents only.
pub async fn transfer_conversation(app: &App, who: &Principal, command: Transfer) -> AppResult<Done> {
    let agent = access::acting_agent(who)?;
    let note = optional(command.note.as_deref(), MessageText::parse).on_field("note")?;
    if let Some(to) = command.to {
        check_receiver(app, agent, to).await?;
    }
    let mut request =
        Request::new(Asker::Person(who.clone()), command.conversation, Command::Transfer { to: command.to });
    if let Some(note) = note {
        let written = Written::Note(Text { text: note.into_string() });
        request.commands.insert(0, Command::Post { written, availability: Availability::Online });
    }
    carry_out(app, request).await
}

/// A conversation is not given to somebody who is not there: the visitor would wait for nobody.
async fn check_receiver(app: &App, by: &AgentIdentity, to: AgentId) -> AppResult<()> {
    let mut conn = app.store.read(by.tenant).await?;
    let floor = Floor::read(app, &mut conn, by.tenant).await?;
    match floor.agent(to) {
        None => Err(Refusal::field("to", ErrorCode::NotFound, "no such agent").into()),
        Some(now) if now.presence == Presence::Offline => {
            Err(Refusal::field("to", ErrorCode::WrongState, "this agent is not there").into())
        }
        Some(_) => Ok(()),
    }
}
