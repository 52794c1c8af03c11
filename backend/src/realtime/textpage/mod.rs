//! A session as pages that need no script: for browsers that have none, and for text browsers.
//!
//! Browsers that show a page while it comes get one that stays open: it grows as entries and states come, what
//! is being written stays, and when it ends, for whatever reason, the browser loads it again. Other browsers
//! load an address that is held until there is news. Both are a [`super::session::Session`] with the cursor of the page, so
//! order, resume and presence are those of every other client. Reading never writes; what a form says is a
//! command, with an id that makes sending it twice harmless (C2).

/// What a session tells, for one conversation.
mod reader;
/// A page that stays open.
mod live;
/// What a form says.
mod act;

pub use self::act::act;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use protocol::ids::{AttachmentId, ConversationId};
use protocol::state::{Availability, VisitorConversation, VisitorState};
use serde::Deserialize;

use self::live::Live;
use self::reader::Reader;
use super::Realtime;
use super::hub::Transport;
use crate::actions::view;
use crate::auth::Principal;
use crate::auth::limiter::{Rule, ip_key};
use crate::error::{AppError, AppResult};
use crate::http::chat::{Act, Form, Pages, Place, Thread, Visit, Way};
use crate::http::{client_ip, files};

/// Entries shown unless all are asked for.
const SHOWN: u64 = 100;

/// What of the chat is wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// This conversation; the newest without.
    conversation: String,
    /// The form that begins one.
    new: String,
    /// The form that leaves a message.
    leave: String,
    /// Without updates.
    still: String,
    /// From the first entry on.
    whole: String,
    /// The page before this one was ours.
    here: String,
    /// Held until there is more than this.
    after: String,
}

/// `GET /chat/{key}/text`
///
/// # Errors
/// `not_found`, `rate_limited`, `unavailable`.
pub async fn show(
    request: HttpRequest,
    realtime: web::Data<Realtime>,
    key: web::Path<String>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, AppError> {
    let app = &realtime.app;
    let place = Place::of(app, &request, &key).await?;
    if place.availability == Availability::Unavailable {
        return Pages::new(&place, "", &Form::default()).unavailable();
    }
    let mut visit = Visit::of(app, &request, &place).await?;
    if !visit.came_with_cookie() && !comes_from_here(&request, &wanted) {
        return Pages::new(&place, "", &Form::default()).enter();
    }
    visit.renew(app);
    let cookie = visit.cookie(app, &place);
    let mut response = Box::pin(page(&request, &realtime, place, &visit, &wanted)).await?;
    if let Some(cookie) = cookie {
        response.add_cookie(&cookie).map_err(|error| AppError::Internal(error.into()))?;
    }
    Ok(response)
}

/// Whether a page of ours, or the person, led here. A browser that followed a link from another site does not
/// send the cookie, and must not be given a new one for that.
fn comes_from_here(request: &HttpRequest, wanted: &Wanted) -> bool {
    match request.headers().get("sec-fetch-site").map(|site| site.as_bytes()) {
        Some(site) => site == b"same-origin" || site == b"none",
        None => !wanted.here.is_empty(),
    }
}

async fn page(
    request: &HttpRequest,
    realtime: &Realtime,
    place: Place,
    visit: &Visit,
    wanted: &Wanted,
) -> AppResult<HttpResponse> {
    let app = &realtime.app;
    let state = match visit.known() {
        Some(known) => Some(Box::pin(view::visitor_state(app, &known.identity)).await?),
        None => None,
    };
    let named = find(state.as_ref(), &wanted.conversation)?;
    let begins = !wanted.new.is_empty() || !wanted.leave.is_empty();
    let newest = state.as_ref().and_then(|state| state.conversations.first());
    let (Some(line), false) = (named.or(newest).cloned(), begins) else {
        let away = place.availability == Availability::Offline || !wanted.leave.is_empty();
        let act = if away { Act::Leave } else { Act::Start };
        let conversation = named.map(|line| line.id.to_string()).unwrap_or_default();
        let form = Form { conversation, ..Form::new() };
        return Pages::new(&place, &visit.proof(), &form).start(StatusCode::OK, act, state.as_ref());
    };
    let from = ip_key(client_ip::client_ip(request, &app.config));
    app.limiter.take(Rule::Socket, &from, app.clock.monotonic())?;
    let Some(known) = visit.known() else { return Err(AppError::unauthenticated()) };
    let caller = super::caller::of_visitor(app, known.clone(), from.into());
    if !wanted.after.is_empty() {
        Box::pin(reader::hold(realtime, caller, &line, &wanted.after)).await?;
        return Ok(see(&place, line.id));
    }
    let after = if wanted.whole.is_empty() { line.last_seq.saturating_sub(SHOWN) } else { 0 };
    let navigates = request.headers().get("sec-fetch-mode").is_some_and(|mode| mode.as_bytes() == b"navigate");
    let streams = navigates && wanted.still.is_empty();
    let counted = if streams { Some(caller.enter(&realtime.hub, Transport::LongPoll)?) } else { None };
    let reader = Box::pin(Reader::open(realtime, caller, line, after)).await?;
    if let Some(counted) = counted {
        return Live::begin(counted, reader, place, visit.proof());
    }
    let way = match wanted.still.is_empty() {
        true => Way::Held(reader.held_address(&place)),
        false => Way::Still,
    };
    still(&Pages::new(&place, &visit.proof(), &Form::new()), &reader.into_thread(), &way, StatusCode::OK)
}

/// The conversation with this id, if one is named; it must be the visitor's.
fn find<'a>(state: Option<&'a VisitorState>, id: &str) -> AppResult<Option<&'a VisitorConversation>> {
    if id.is_empty() {
        return Ok(None);
    }
    let mut lines = state.into_iter().flat_map(|state| &state.conversations);
    let id = ConversationId::parse(id);
    let found = lines.find(|line| Some(line.id) == id);
    found.map(Some).ok_or_else(|| AppError::not_found("conversation"))
}

fn still(pages: &Pages<'_>, thread: &Thread, way: &Way, status: StatusCode) -> AppResult<HttpResponse> {
    let (before, after) = pages.thread(thread, way)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(before + &after))
}

fn see(place: &Place, conversation: ConversationId) -> HttpResponse {
    let address = format!("{}?conversation={conversation}", place.address());
    HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()
}

/// `GET /chat/{key}/text/files/{id}`: a file of one of the visitor's conversations.
///
/// # Errors
/// `not_found`; when the database or the disk fails.
pub async fn file(
    request: HttpRequest,
    realtime: web::Data<Realtime>,
    path: web::Path<(String, AttachmentId)>,
) -> Result<HttpResponse, AppError> {
    let (key, id) = path.into_inner();
    let place = Place::of(&realtime.app, &request, &key).await?;
    let visit = Visit::of(&realtime.app, &request, &place).await?;
    let known = visit.known().ok_or_else(|| AppError::not_found("attachment"))?;
    files::serve(&realtime.app, &Principal::Visitor(known.identity.clone()), id).await
}
