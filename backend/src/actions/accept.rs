//! Taking an offer.

use domain::conversation::Command;
use protocol::command::Accept;

use super::change::{Asker, Request, carry_out};
use super::{Done, access};
use crate::app::App;
use crate::auth::Principal;
use crate::error::AppResult;

/// Takes an offered conversation. After the deadline, or when somebody else has it: `conflict`.
pub async fn accept_offer(app: &App, who: &Principal, command: Accept) -> AppResult<Done> {
    access::acting_agent(who)?;
    carry_out(app, Request::new(Asker::Person(who.clone()), command.conversation, Command::Accept)).await
}
