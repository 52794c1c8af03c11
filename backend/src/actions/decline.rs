//! Passing an offer on.

use domain::conversation::Command;
use protocol::command::Decline;

use super::change::{Asker, Request, carry_out};
use super::{Done, access};
use crate::app::App;
use crate::auth::Principal;
use crate::error::AppResult;

/// Passes an offer on to the next agent.
pub async fn decline_offer(app: &App, who: &Principal, command: Decline) -> AppResult<Done> {
    access::acting_agent(who)?;
    let request = Request::new(Asker::Person(who.clone()), command.conversation, Command::Decline);
    carry_out(app, Request { decline_reason: command.reason, ..request }).await
}
