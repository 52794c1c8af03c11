//! Command to action: one line a command. Nothing is decided here.

use protocol::command::Command;
use protocol::error::ErrorCode;
use protocol::ids::{Cmid, ConversationId};
use protocol::state::VisitorProfile;

use crate::actions::{
    Done, accept, close, decline, keep_place, leave_message, page, pick, post, presence, rate, read, release, start,
    transfer, typing, view,
};
use crate::app::App;
use crate::auth::{AgentIdentity, Principal};
use crate::error::{AppError, AppResult, Refusal};

/// What the session has to do about a command besides answering it.
pub(super) enum Outcome {
    /// Only answer.
    Done(Done),
    /// Send the profile first.
    Profile(VisitorProfile),
    /// Send the entries after a position first.
    Fetch { conversation: ConversationId, after: u64 },
    /// Listen to a conversation and send the entries after a position first.
    Watch { conversation: ConversationId, after: u64 },
    /// Stop listening to a conversation.
    Unwatch(ConversationId),
}

/// Carries a command out. A conversation that is only read is checked when its entries are.
pub(super) async fn dispatch(app: &App, who: &Principal, command: Command) -> AppResult<Outcome> {
    if presence::is_sign_of_life(&command) {
        presence::note_activity(app, who).await?;
    }
    let done = match command {
        Command::Post(post) => post::post_message(app, who, post).await?,
        Command::Start(start) => start::start_conversation(app, who, start).await?,
        Command::LeaveMessage(message) => leave_message::leave_message(app, who, message).await?,
        Command::KeepPlace(keep) => keep_place::keep_place(app, who, keep).await?,
        Command::Typing(typing) => typing::type_preview(app, who, typing).await?,
        Command::Read(read) => read::mark_read(app, who, read).await?,
        Command::Close(close) => close::close_conversation(app, who, close).await?,
        Command::Rate(rate) => rate::rate_conversation(app, who, rate).await?,
        Command::Page(page) => page::visit_page(app, who, page).await?,
        Command::SetPresence(presence) => presence::set_presence(app, who, presence).await?,
        Command::Active(_) => {
            agent(who)?;
            Done::default()
        }
        Command::Accept(accept) => accept::accept_offer(app, who, accept).await?,
        Command::Decline(decline) => decline::decline_offer(app, who, decline).await?,
        Command::Pick(pick) => pick::pick_conversation(app, who, pick).await?,
        Command::Transfer(transfer) => transfer::transfer_conversation(app, who, transfer).await?,
        Command::Release(release) => release::release(app, who, release).await?,
        Command::ShowVisitor(show) => {
            return Ok(Outcome::Profile(view::visitor_profile(app, agent(who)?, show.visitor).await?));
        }
        Command::Fetch(fetch) => {
            return Ok(Outcome::Fetch { conversation: fetch.conversation, after: fetch.after });
        }
        Command::Watch(watch) => {
            agent(who)?;
            return Ok(Outcome::Watch { conversation: watch.conversation, after: watch.after });
        }
        Command::Unwatch(unwatch) => {
            agent(who)?;
            return Ok(Outcome::Unwatch(unwatch.conversation));
        }
        Command::Hello(_) | Command::Pong(_) | Command::Unknown => {
            return Err(Refusal::new(ErrorCode::WrongState, "not a command of a session").into());
        }
    };
    Ok(Outcome::Done(done))
}

fn agent(who: &Principal) -> AppResult<&AgentIdentity> {
    match who {
        Principal::Agent(agent) => Ok(agent),
        Principal::Visitor(_) => Err(AppError::forbidden()),
    }
}

/// The send a command is, for its refusal.
pub(super) fn cmid_of(command: &Command) -> Option<Cmid> {
    match command {
        Command::Post(post) => Some(post.cmid),
        Command::Start(start) => Some(start.cmid),
        Command::LeaveMessage(message) => Some(message.cmid),
        _ => None,
    }
}

/// The conversation a command is about, for the log.
pub(super) fn conversation_of(command: &Command) -> Option<ConversationId> {
    match command {
        Command::Post(post) => post.conversation,
        Command::LeaveMessage(message) => message.conversation,
        Command::KeepPlace(keep) => Some(keep.conversation),
        Command::Typing(typing) => Some(typing.conversation),
        Command::Read(read) => Some(read.conversation),
        Command::Fetch(fetch) => Some(fetch.conversation),
        Command::Close(close) => Some(close.conversation),
        Command::Rate(rate) => Some(rate.conversation),
        Command::Accept(accept) => Some(accept.conversation),
        Command::Decline(decline) => Some(decline.conversation),
        Command::Pick(pick) => Some(pick.conversation),
        Command::Transfer(transfer) => Some(transfer.conversation),
        Command::Watch(watch) => Some(watch.conversation),
        Command::Unwatch(unwatch) => Some(unwatch.conversation),
        _ => None,
    }
}
