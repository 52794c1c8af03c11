//! Taking a conversation from a list.

use domain::conversation::Command;
use protocol::command::Pick;

use super::change::{Asker, Request, carry_out};
use super::{Done, access};
use crate::app::App;
use crate::auth::Principal;
use crate::error::AppResult;

/// Takes a waiting, offline or closed conversation; with the right to take over, one of a colleague.
pub async fn pick_conversation(app: &App, who: &Principal, command: Pick) -> AppResult<Done> {
    access::acting_agent(who)?;
    carry_out(app, Request::new(Asker::Person(who.clone()), command.conversation, Command::Pick)).await
}
