//! Rating a conversation.

use domain::conversation::Command;
use domain::text::{RatingComment, optional};
use protocol::command::Rate;

use super::Done;
use super::change::{Asker, Request, carry_out};
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppResult, OnField};

/// Rates a conversation; the newest rating counts.
pub async fn rate_conversation(app: &App, who: &Principal, command: Rate) -> AppResult<Done> {
    let comment = optional(command.comment.as_deref(), RatingComment::parse).on_field("comment")?;
    let rate = Command::Rate { score: command.score, comment: comment.map(RatingComment::into_string) };
    carry_out(app, Request::new(Asker::Person(who.clone()), command.conversation, rate)).await
}
