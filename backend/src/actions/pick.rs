//! Taking a conversation from a list.

use domain::conversation::Command;
use protocol::command::Pick;

use super::change::{Asker, Request, carry_out};
use super::{Done, access, keep_place};
use crate::app::App;
use crate::auth::Principal;
use crate::error::AppResult;

/// Takes a waiting, offline or closed conversation; with the right to take over, one of a colleague.
///
/// # Errors
/// `wrong_state` when the visitor keeps the place and is away; `conflict`; `not_found`; `forbidden` for visitors;
/// `tenant_suspended`.
pub async fn pick_conversation(app: &App, who: &Principal, command: Pick) -> AppResult<Done> {
    access::acting_agent(who)?;
    keep_place::check_is_back(app, who, command.conversation).await?;
    carry_out(app, Request::new(Asker::Person(who.clone()), command.conversation, Command::Pick)).await
}
