//! Ending a conversation.

use domain::conversation::Command;
use protocol::command::Close;

use super::Done;
use super::change::{Asker, Request, carry_out};
use crate::app::App;
use crate::auth::Principal;
use crate::error::AppResult;

/// Ends a conversation. Ending it twice is no error.
pub async fn close_conversation(app: &App, who: &Principal, command: Close) -> AppResult<Done> {
    carry_out(app, Request::new(Asker::Person(who.clone()), command.conversation, Command::Close)).await
}
