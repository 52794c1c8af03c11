//! What a form says, carried out.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use protocol::codec::{from_json, to_json};
use protocol::command::{Command, Read};
use protocol::error::ErrorCode;
use protocol::event::{Event, Refused};
use protocol::frame::CommandFrame;
use protocol::ids::ConversationId;
use protocol::state::Availability;

use super::reader::Reader;
use super::{SHOWN, find, see, still};
use crate::actions::view;
use crate::auth::limiter::ip_key;
use crate::auth::{Principal, VisitorIdentity};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::chat::{Act, Form, Notice, Pages, Place, Visit, Way, Wrong};
use crate::http::client_ip;
use crate::realtime::session::{Outgoing, Session};
use crate::realtime::{Realtime, caller};

/// `POST /chat/{key}/text`: does what a form says. What is refused is shown again with everything that was
/// typed, and with the same id of the send.
///
/// # Errors
/// `malformed`, `not_found`; when the database fails.
pub async fn act(
    request: HttpRequest,
    realtime: web::Data<Realtime>,
    key: web::Path<String>,
    form: web::Form<Form>,
) -> Result<HttpResponse, AppError> {
    let app = &realtime.app;
    let place = Place::of(app, &request, &key).await?;
    if place.availability == Availability::Unavailable {
        return Pages::new(&place, "", &Form::default()).unavailable();
    }
    let mut visit = Visit::of(app, &request, &place).await?;
    let answer = Box::pin(answer(&request, &realtime, &place, &mut visit, &form)).await?;
    let cookie = visit.cookie(app, &place);
    let mut response = match answer {
        Ok(conversation) => see(&place, conversation),
        Err(again) => Box::pin(show_again(&realtime, &place, &visit, (&form, again))).await?,
    };
    if let Some(cookie) = cookie {
        response.add_cookie(&cookie).map_err(|error| AppError::Internal(error.into()))?;
    }
    Ok(response)
}

/// Why a form is shown again.
struct Again {
    status: StatusCode,
    key: &'static str,
    wrong: Vec<Wrong>,
    retry_after_ms: Option<u64>,
    act: Act,
}

/// Carries a form out; gives the conversation it led to.
async fn answer(
    request: &HttpRequest,
    realtime: &Realtime,
    place: &Place,
    visit: &mut Visit,
    form: &Form,
) -> AppResult<Result<ConversationId, Again>> {
    let act = form.act()?;
    let again = |status, key| Again { status, key, wrong: Vec::new(), retry_after_ms: None, act };
    if !visit.came_with_cookie() {
        return Ok(Err(again(StatusCode::FORBIDDEN, "chat.error.cookie")));
    }
    if !visit.made(&form.proof) {
        return Ok(Err(again(StatusCode::FORBIDDEN, "chat.error.form")));
    }
    let command = match form.command(place)? {
        Ok(command) => command,
        Err(wrong) => {
            return Ok(Err(Again { wrong, ..again(StatusCode::UNPROCESSABLE_ENTITY, "chat.error.again") }));
        }
    };
    let known = match (visit.known(), act) {
        (Some(known), _) => Ok(known.identity.clone()),
        (None, Act::Start | Act::Leave) => visit.settle(&realtime.app, request, place).await,
        (None, _) => Err(AppError::not_found("conversation")),
    };
    let who = match known {
        Ok(who) => who,
        Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::RateLimited => {
            return Ok(Err(refused(act, refusal.code, refusal.retry_after_ms)?));
        }
        Err(error) => return Err(error),
    };
    let from = ip_key(client_ip::client_ip(request, &realtime.app.config));
    let seen = form.conversation()?.filter(|_| form.seen > 0);
    let read = seen.map(|conversation| Command::Read(Read { conversation, seq: form.seen }));
    match run(realtime, who, from.into(), read.into_iter().chain([command])).await? {
        Ok(Some(conversation)) => Ok(Ok(conversation)),
        Ok(None) => form.conversation()?.map(Ok).ok_or_else(|| AppError::not_found("conversation")),
        Err(no) => Ok(Err(refused(act, no.code, no.retry_after_ms)?)),
    }
}

/// Runs commands as any other client's, limits and all; gives the answer to the last.
async fn run(
    realtime: &Realtime,
    who: VisitorIdentity,
    place: Box<str>,
    commands: impl Iterator<Item = Command>,
) -> AppResult<Result<Option<ConversationId>, Refused>> {
    let mut session = Session::detached(realtime, Principal::Visitor(who), place);
    let mut last = None;
    for (id, command) in (1..).zip(commands) {
        session.receive(&to_json(&CommandFrame { id, command })).await;
        while let Some(Outgoing::Text(text)) = session.next().await {
            last = match from_json::<Event>(&text) {
                Some(Event::Ack(ack)) => Some(Ok(ack.conversation)),
                Some(Event::Refused(refused)) => Some(Err(refused)),
                _ => last,
            };
        }
    }
    last.ok_or_else(|| AppError::Internal(anyhow::anyhow!("a command was not answered")))
}

/// How a refusal is shown.
fn refused(act: Act, code: ErrorCode, retry_after_ms: Option<u64>) -> AppResult<Again> {
    let refusal = Refusal::new(code, "refused");
    let key = match code {
        // What belongs to somebody else looks as if it did not exist.
        ErrorCode::NotFound | ErrorCode::Malformed => return Err(refusal.into()),
        ErrorCode::RateLimited => "chat.error.often",
        ErrorCode::QueueFull => "chat.error.queue",
        ErrorCode::Unavailable => "chat.error.failed",
        ErrorCode::ConversationClosed => "chat.error.closed",
        _ => "chat.error.other",
    };
    let act = if code == ErrorCode::QueueFull { Act::Leave } else { act };
    let status = AppError::from(refusal).status_code();
    Ok(Again { status, key, wrong: Vec::new(), retry_after_ms, act })
}

/// The page a form came from, with what was typed and what is wrong with it.
async fn show_again(
    realtime: &Realtime,
    place: &Place,
    visit: &Visit,
    (form, again): (&Form, Again),
) -> AppResult<HttpResponse> {
    let app = &realtime.app;
    let state = match visit.known() {
        Some(known) => Some(Box::pin(view::visitor_state(app, &known.identity)).await?),
        None => None,
    };
    let (proof, notice) = (visit.proof(), Notice { key: again.key });
    let pages = Pages::new(place, &proof, form).with(&again.wrong, Some(notice));
    let line = match (again.act, visit.known()) {
        (Act::Start | Act::Leave, _) | (_, None) => None,
        _ => find(state.as_ref(), &form.conversation)?.cloned(),
    };
    let mut response = match (line, visit.known()) {
        (Some(line), Some(known)) => {
            let after = line.last_seq.saturating_sub(SHOWN);
            let caller = caller::of_visitor(app, known.clone(), "".into());
            let thread = Box::pin(Reader::open(realtime, caller, line, after)).await?.into_thread();
            still(&pages, &thread, &Way::Still, again.status)?
        }
        _ => {
            let act = if again.act == Act::Leave { Act::Leave } else { Act::Start };
            pages.start(again.status, act, state.as_ref())?
        }
    };
    if let Some(wait) = again.retry_after_ms {
        response.headers_mut().insert(RETRY_AFTER, wait.div_ceil(1000).into());
    }
    Ok(response)
}
