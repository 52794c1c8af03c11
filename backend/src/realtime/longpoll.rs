//! A session over held requests, for networks that break WebSockets. The cursor in the poll is the only
//! state and the only acknowledgement (C11): nothing is kept here between two polls that another node would
//! need.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use protocol::codec::{Value, Wire};
use protocol::error::{CloseCode, ErrorCode};
use protocol::frame::Poll;
use protocol::ids::TenantId;
use protocol::limits::{COMMANDS_PER_POST, FRAME_BYTES};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Realtime;
use super::caller::{Caller, Credentials, check_request};
use super::decode::{malformed, parse_bounded};
use super::hub::Transport;
use super::session::{Lingering, Outgoing, Session, is_too_old};
use crate::auth::Principal;
use crate::error::{AppError, AppResult, Refusal};
use crate::planted::{Bug, planted};
use crate::presence::Who;

/// Largest `POST /v1/commands`, in bytes.
const COMMANDS_BYTES: usize = 1024 * 1024;
/// A reply is not made longer once it has this many bytes: the next poll brings the rest.
const REPLY_BYTES: usize = 1024 * 1024;
/// A body has to be complete after this long.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// After the first news a poll waits this long for more of it.
const GATHER: Duration = Duration::from_millis(5);

/// `POST /v1/poll`: what is new since the cursors, at once when there is something, else when there is, or
/// with the welcome alone after 25 s.
///
/// # Errors
/// `malformed`, `too_large`, `unauthenticated`, `forbidden`, `tenant_suspended`, `unavailable`; a client that
/// is too old for this server gets 410.
pub async fn poll(
    request: HttpRequest,
    payload: web::Payload,
    realtime: web::Data<Realtime>,
) -> Result<HttpResponse, AppError> {
    let credentials = Credentials::of(&realtime.app, &request);
    check_request(&realtime.app, &request, &credentials)?;
    let body = read_body(payload, FRAME_BYTES).await?;
    let poll = Poll::read(&parse_bounded(&body)?).ok_or_else(|| malformed("poll", "not a poll"))?;
    if is_too_old(&poll.hello) {
        return Ok(HttpResponse::Gone().finish());
    }
    let caller = Box::pin(credentials.caller(&realtime.app, poll.hello.tenant)).await?;
    drop((request, body, credentials));
    let _counted = realtime.hub.enter(Transport::LongPoll);
    let news = hold(&realtime, caller, poll).await?;
    Ok(reply(&news))
}

/// `POST /v1/commands`: runs commands in order and answers each.
///
/// # Errors
/// As [`poll`], for the request as a whole; what is wrong with one command is in its answer.
pub async fn commands(
    request: HttpRequest,
    payload: web::Payload,
    realtime: web::Data<Realtime>,
) -> Result<HttpResponse, AppError> {
    let credentials = Credentials::of(&realtime.app, &request);
    check_request(&realtime.app, &request, &credentials)?;
    let body = read_body(payload, COMMANDS_BYTES).await?;
    let body = parse_bounded(&body)?;
    let (tenant, frames) = read_commands(&body)?;
    let caller = Box::pin(credentials.caller(&realtime.app, tenant)).await?;
    let mut session = Session::detached(&realtime, caller.who, caller.place);
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
            events.limit = usize::MAX;
            events.gather(&mut session).await;
            events.limit = REPLY_BYTES;
        }
    }
    Ok(reply(&events))
}

/// Waits for news of a client that has what `poll` says.
async fn hold(realtime: &Realtime, caller: Caller, poll: Poll) -> AppResult<Reply> {
    let key = (who(&caller.who), poll.client);
    let first = poll.hello.state.is_none();
    let until = Instant::now() + realtime.pace.poll_hold;
    let mut session = Box::pin(Session::open(realtime, caller, poll.hello)).await?;
    let Some(_running) = realtime.hub.begin_poll(key, poll.generation, session.mailbox()) else {
        return Ok(Reply::default());
    };
    let _presence = Lingering::of(&mut session);
    let mut events = Reply::default();
    loop {
        events.gather(&mut session).await;
        // The welcome alone is no news.
        if first || events.count > 1 || events.ended.is_some() {
            break;
        }
        if timeout_at(until, session.ready()).await.is_err() {
            break;
        }
        sleep(GATHER).await;
    }
    match events.ended {
        Some(CloseCode::Unauthenticated) => Err(AppError::unauthenticated()),
        Some(CloseCode::Forbidden) => Err(AppError::forbidden()),
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

/// Encoded events on their way into one reply.
struct Reply {
    events: String,
    count: usize,
    limit: usize,
    ended: Option<CloseCode>,
}

impl Default for Reply {
    fn default() -> Self {
        Self { events: String::new(), count: 0, limit: REPLY_BYTES, ended: None }
    }
}

impl Reply {
    /// Takes what the session has now, up to the limit.
    async fn gather(&mut self, session: &mut Session) {
        while !self.is_full() {
            match session.next().await {
                None => return,
                Some(Outgoing::Text(text)) => self.push(&text),
                Some(Outgoing::Close(code)) => {
                    self.ended = Some(code);
                    return;
                }
            }
        }
    }

    fn push(&mut self, text: &str) {
        if self.count > 0 {
            self.events.push(',');
        }
        self.events.push_str(text);
        self.count += 1;
    }

    fn is_full(&self) -> bool {
        self.events.len() >= self.limit
    }
}

fn reply(news: &Reply) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(["{\"events\":[", &news.events, "]}"].concat())
}

/// Reads a body as text, within a size and a time.
async fn read_body(mut payload: web::Payload, limit: usize) -> AppResult<String> {
    let reading = async {
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| malformed("body", "the body broke off"))?;
            if body.len() + chunk.len() > limit {
                let refusal = Refusal::new(ErrorCode::TooLarge, "the body is too large");
                return Err(Refusal { limit: Some(limit as u64), ..refusal });
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).map_err(|_| malformed("body", "not UTF-8"))
    };
    let body = timeout(BODY_WITHIN, reading).await.map_err(|_| malformed("body", "the body came too slowly"))?;
    Ok(body?)
}
