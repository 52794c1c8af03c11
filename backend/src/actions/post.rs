//! Writing into a conversation.

use domain::conversation::{Command, Written};
use domain::text::MessageText;
use protocol::command::{Post, PostBody};
use protocol::entry::{AuthorKind, File, Text};
use protocol::error::ErrorCode;
use protocol::ids::{AttachmentId, ConversationId, DepartmentId};
use protocol::state::{Availability, ConversationState};

use super::append::{self, Posted};
use super::begin::Profile;
use super::change::{self, Asker, Request, carry_out};
use super::{Done, access, notify, start, view};
use crate::app::App;
use crate::auth::{AgentIdentity, Principal, VisitorIdentity};
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::planted::{self, Bug, planted};
use crate::store::{attachment, conversation, entry};

/// Writes a message, note or file. The same `cmid` again returns the first answer and stores nothing (C2).
/// A visitor's message that names no conversation, or one that ended too long ago, goes into the current
/// one or begins a new one.
pub async fn post_message(app: &App, who: &Principal, command: Post) -> AppResult<Done> {
    match who {
        Principal::Agent(_) => {
            access::acting_agent(who)?;
            let id = command.conversation.ok_or_else(|| missing("conversation"))?;
            let written = written(app, who, id, command.body).await?;
            match append::append(app, who, (id, command.cmid), &written).await? {
                Posted::Done(done) => Ok(done),
                Posted::NotPlain => post(app, who, id, command.cmid, (written, Availability::Online)).await,
            }
        }
        Principal::Visitor(visitor) => visitor_posts(app, who, visitor, command).await,
    }
}

async fn visitor_posts(app: &App, who: &Principal, visitor: &VisitorIdentity, command: Post) -> AppResult<Done> {
    if let Some(id) = command.conversation {
        let written = written(app, who, id, command.body.clone()).await?;
        if let Posted::Done(done) = append::append(app, who, (id, command.cmid), &written).await? {
            return Ok(done);
        }
    }
    let target = match target(app, who, visitor, &command).await? {
        Target::Stored(done) => return Ok(done),
        Target::In(id, state, department) => Some((id, state, department)),
        Target::New => None,
    };
    let Some((id, state, department)) = target else {
        let PostBody::Message(text) = command.body else { return Err(missing("conversation")) };
        let first = Written::Message(checked(text)?);
        return start::in_queue(app, visitor, command.cmid, Profile::default(), Some(first)).await;
    };
    // Only a message into a conversation that nobody holds asks whether somebody is there.
    let availability = match (state, department) {
        (ConversationState::Closed | ConversationState::Offline, department) => {
            view::availability_of(app, visitor.tenant, department).await?
        }
        _ => Availability::Online,
    };
    let written = written(app, who, id, command.body).await?;
    let posted = post(app, who, id, command.cmid, (written.clone(), availability)).await;
    match posted {
        Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::ConversationClosed => {
            start::in_queue(app, visitor, command.cmid, Profile::default(), Some(written)).await
        }
        posted => posted,
    }
}

enum Target {
    Stored(Done),
    In(ConversationId, ConversationState, DepartmentId),
    New,
}

/// Where a visitor's message goes.
async fn target(app: &App, who: &Principal, visitor: &VisitorIdentity, command: &Post) -> AppResult<Target> {
    let mut conn = app.store.read(visitor.tenant).await?;
    if let Some(stored) = entry::find_visitor_cmid(&mut conn, visitor.tenant, visitor.visitor, command.cmid).await?
        && !planted(Bug::DedupeOff)
    {
        return Ok(Target::Stored(Done::stored(command.cmid, stored)));
    }
    if let Some(id) = command.conversation {
        let row = access::readable(&mut conn, who, id).await?;
        return Ok(Target::In(row.id, row.state, row.department_id));
    }
    let newest = conversation::of_visitor(&mut conn, visitor.tenant, visitor.visitor, 1).await?;
    Ok(newest.first().map_or(Target::New, |row| Target::In(row.id, row.state, row.department_id)))
}

async fn post(
    app: &App,
    who: &Principal,
    id: ConversationId,
    cmid: protocol::ids::Cmid,
    (written, availability): (Written, Availability),
) -> AppResult<Done> {
    planted::message_begins();
    let answer = answer(who, &written);
    let command = Command::Post { written, availability };
    let request = Request { cmid: Some(cmid), ..Request::new(Asker::Person(who.clone()), id, command) };
    let Some((agent, text)) = answer else { return carry_out(app, request).await };
    let now = app.now();
    let write = app.store.write((who.tenant(), id), move |tx| {
        Box::pin(async move {
            let outcome = change::write(tx, &request, now).await?;
            // A retransmission wrote nothing and sends nothing.
            if !outcome.items.is_empty() {
                notify::offline_answer(tx, &agent, &outcome.row, &text, now).await?;
            }
            Ok(outcome)
        })
    });
    let outcome = write.await?;
    app.mailer.call(());
    Ok(change::announce(app, who.tenant(), outcome))
}

/// What an agent says to the visitor: in an offline conversation it goes out by e-mail too.
fn answer(who: &Principal, written: &Written) -> Option<(AgentIdentity, String)> {
    match (who, written) {
        (Principal::Agent(agent), Written::Message(text)) => Some((agent.clone(), text.text.clone())),
        _ => None,
    }
}

/// The body as it will be stored.
async fn written(app: &App, who: &Principal, id: ConversationId, body: PostBody) -> AppResult<Written> {
    match body {
        PostBody::Message(text) => Ok(Written::Message(checked(text)?)),
        PostBody::Note(text) => Ok(Written::Note(checked(text)?)),
        PostBody::File(file) => Ok(Written::File(uploaded(app, who, id, file.attachment).await?)),
        PostBody::Unknown => Err(Refusal::field("body", ErrorCode::Malformed, "unknown type of body").into()),
    }
}

fn checked(text: Text) -> AppResult<Text> {
    Ok(Text { text: MessageText::parse(&text.text).on_field("text")?.into_string() })
}

/// A file that this person uploaded into this conversation; anything else does not exist.
async fn uploaded(app: &App, who: &Principal, id: ConversationId, file: AttachmentId) -> AppResult<File> {
    let mut conn = app.store.read(who.tenant()).await?;
    let row = attachment::find(&mut conn, who.tenant(), file).await?;
    let (kind, uploader) = match who {
        Principal::Visitor(visitor) => (AuthorKind::Visitor, visitor.visitor.0),
        Principal::Agent(agent) => (AuthorKind::Agent, agent.agent.0),
    };
    let mine = row.filter(|row| row.conversation_id == id && row.uploader_kind == kind && row.uploader_id == uploader);
    let row = mine.ok_or_else(|| Refusal::field("attachment", ErrorCode::NotFound, "no such attachment"))?;
    Ok(File {
        attachment: row.id,
        name: row.name,
        media_type: row.media_type,
        size: view::unsigned(row.size),
        width: row.width.and_then(|width| u32::try_from(width).ok()),
        height: row.height.and_then(|height| u32::try_from(height).ok()),
    })
}

fn missing(field: &'static str) -> AppError {
    Refusal::field(field, ErrorCode::Malformed, "missing").into()
}
