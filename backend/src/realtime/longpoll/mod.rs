//! A session over held requests, for networks that break WebSockets. The cursor in the poll is the only
//! state and the only acknowledgement (C11): nothing is kept here between two polls that another node would
//! need.

/// Requests that came by way of a route.
mod handler;
/// What a request is answered with.
mod reply;

pub use handler::{commands, poll};
pub use reply::Reply;

use std::time::Duration;

use protocol::codec::{Value, Wire};
use protocol::error::{CloseCode, ErrorCode};
use protocol::frame::Poll;
use protocol::ids::TenantId;
use protocol::limits::{COMMANDS_PER_POST, FRAME_BYTES};
use tokio::time::{Instant, sleep, timeout_at};

use super::Realtime;
use super::caller::{Caller, Credentials, Head, check_request, until_renewal};
use super::decode::{malformed, parse_bounded};
use super::hub::Transport;
use super::session::{Lingering, Session, is_too_old};
use crate::auth::Principal;
use crate::error::{AppError, AppResult, Refusal};
use crate::planted::{Bug, planted};
use crate::presence::Who;

/// Largest `POST /v1/commands`, in bytes.
const COMMANDS_BYTES: usize = 1024 * 1024;
/// After the first news a poll waits this long for more of it.
const GATHER: Duration = Duration::from_millis(5);

/// What of the two is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `POST /v1/poll`: what is new since the cursors, at once when there is something, else when there is, or
    /// with the welcome alone after 25 s.
    News,
    /// `POST /v1/commands`: runs commands in order and answers each.
    Commands,
}

impl Asked {
    /// Largest body, in bytes.
    pub fn limit(self) -> usize {
        match self {
            Self::News => FRAME_BYTES,
            Self::Commands => COMMANDS_BYTES,
        }
    }
}

/// What a request is answered with.
pub enum Answer {
    /// Encoded events.
    Events(Reply),
    /// The client is too old for this server.
    TooOld,
}

/// A request that may be answered: who asks, and what.
pub enum Admitted {
    /// A poll.
    News(Box<(Caller, Poll)>),
    /// Commands and who sends them.
    Commands(Box<(Caller, Value)>),
}

/// Reads a request. What it came in is not needed any more after this.
///
/// # Errors
/// `malformed`, `unauthenticated`, `forbidden`, `tenant_suspended`.
pub async fn admit(realtime: &Realtime, asked: Asked, credentials: Credentials, body: String) -> AppResult<Admitted> {
    let body = parse_bounded(&body)?;
    match asked {
        Asked::News => {
            let poll = Poll::read(&body).ok_or_else(|| malformed("poll", "not a poll"))?;
            let caller = credentials.caller(&realtime.app, poll.hello.tenant).await?;
            Ok(Admitted::News(Box::new((caller, poll))))
        }
        Asked::Commands => {
            let (tenant, _) = read_commands(&body)?;
            let caller = credentials.caller(&realtime.app, tenant).await?;
            Ok(Admitted::Commands(Box::new((caller, body))))
        }
    }
}

/// Answers a request. Of a poll it may be dropped at any moment; commands are carried out to the end.
///
/// # Errors
/// As [`admit`], and `unavailable`. What is wrong with one command is in its answer.
pub async fn answer(realtime: &Realtime, admitted: Admitted) -> AppResult<Answer> {
    match admitted {
        Admitted::News(news) => {
            if is_too_old(&news.1.hello) {
                return Ok(Answer::TooOld);
            }
            let _counted = news.0.enter(&realtime.hub, Transport::LongPoll)?;
            // Boxed: while it is held, a poll is this and nothing else.
            Ok(Answer::Events(Box::pin(hold(realtime, news)).await?))
        }
        Admitted::Commands(commands) => Ok(Answer::Events(Box::pin(run(realtime, *commands)).await?)),
    }
}

/// Checks that a request comes from a page of ours, and says who it claims to be from.
///
/// # Errors
/// `forbidden`.
pub fn credentials(realtime: &Realtime, head: Head) -> AppResult<Credentials> {
    let credentials = Credentials::of(&realtime.app, head);
    check_request(&realtime.app, head, &credentials)?;
    Ok(credentials)
}

async fn run(realtime: &Realtime, (caller, body): (Caller, Value)) -> AppResult<Reply> {
    let (_, frames) = read_commands(&body)?;
    let mut session = Session::detached(realtime, caller.who, caller.place);
    let mut events = Reply::default();
    let mut frames: Vec<&Value> = frames.iter().collect();
    if planted(Bug::CommandsReversed) {
        frames.reverse();
    }
    for frame in frames {
        session.receive_value(frame).await;
        events.gather(&mut session).await;
        if events.is_full() {
            session.cut_short();
            events.gather_all(&mut session).await;
        }
    }
    Ok(events)
}

/// Waits for news of a client that has what `poll` says.
async fn hold(realtime: &Realtime, news: Box<(Caller, Poll)>) -> AppResult<Reply> {
    let (caller, poll) = *news;
    let key = (who(&caller.who), poll.client);
    let generation = poll.generation;
    // A fresh token is news too: the one brought may expire before the poll would end.
    let first = poll.hello.state.is_none() || caller.fresh_token.is_some();
    // A token that is to be renewed is renewed with the next poll: none outlives the one it came with (F30).
    let renewal = caller.claims.as_ref().map(|claims| until_renewal(&realtime.app, claims));
    let until = Instant::now() + renewal.unwrap_or(Duration::MAX).min(realtime.pace.poll_hold);
    let mut session = Box::pin(Session::open(realtime, caller, poll.hello)).await?;
    let Some(_running) = realtime.hub.begin_poll(key, generation, session.mailbox()) else {
        return Ok(Reply::default());
    };
    let _presence = Lingering::of(&mut session);
    let mut events = Reply::default();
    loop {
        events.gather(&mut session).await;
        // The welcome alone is no news.
        if first || events.count() > 1 || events.ended().is_some() {
            break;
        }
        if timeout_at(until, session.ready()).await.is_err() {
            break;
        }
        sleep(GATHER).await;
    }
    match events.ended() {
        Some(CloseCode::Unauthenticated) => Err(AppError::unauthenticated()),
        Some(CloseCode::Forbidden) => Err(session.refusal().map_or_else(AppError::forbidden, AppError::from)),
        Some(CloseCode::Internal) => Err(Refusal::new(ErrorCode::Unavailable, "temporarily unavailable").into()),
        // A newer poll took over; whatever this one says would only be said twice.
        Some(CloseCode::Normal) => Ok(Reply::default()),
        _ => Ok(events),
    }
}

fn who(principal: &Principal) -> Who {
    match principal {
        Principal::Visitor(visitor) => Who::Visitor(visitor.tenant, visitor.visitor),
        Principal::Agent(agent) => Who::Agent(agent.tenant, agent.agent),
    }
}

/// The tenant and the frames of a `POST /v1/commands`. Frames are read one by one later, so that a bad one
/// is refused alone.
fn read_commands(body: &Value) -> Result<(Option<TenantId>, &[Value]), Refusal> {
    let tenant = match body.get("tenant") {
        None => None,
        Some(value) => Option::<TenantId>::read(value).ok_or_else(|| malformed("tenant", "not an id"))?,
    };
    match body.get("commands") {
        Some(Value::List(frames)) if frames.len() <= COMMANDS_PER_POST => Ok((tenant, frames)),
        Some(Value::List(_)) => {
            let refusal = Refusal::field("commands", ErrorCode::TooLarge, "too many commands");
            Err(Refusal { limit: Some(COMMANDS_PER_POST as u64), ..refusal })
        }
        _ => Err(malformed("commands", "a list is required")),
    }
}
