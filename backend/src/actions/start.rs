//! Starting a conversation from the pre-chat form.

use domain::conversation::Written;
use domain::text::{EmailAddress, MessageText, Name, optional};
use protocol::command::{Post, PostBody, Start};
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::ids::DepartmentId;
use protocol::state::{Availability, ConversationState};

use super::begin::{self, Opening, Profile};
use super::{Done, change, post, view};
use crate::app::App;
use crate::auth::{Principal, VisitorIdentity};
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::store::conversation;

/// Puts a visitor into the queue. A visitor who already waits or talks stays there: a first message goes
/// into that conversation.
pub async fn start_conversation(app: &App, who: &Principal, command: Start) -> AppResult<Done> {
    let Principal::Visitor(visitor) = who else { return Err(AppError::forbidden()) };
    let name = optional(command.name.as_deref(), Name::parse).on_field("name")?;
    let email = optional(command.email.as_deref(), EmailAddress::parse).on_field("email")?;
    let text = optional(command.text.as_deref(), MessageText::parse).on_field("text")?;
    if let Some(done) = join_current(app, who, visitor, &command).await? {
        return Ok(done);
    }
    let first = text.map(|text| Written::Message(Text { text: text.into_string() }));
    let profile = Profile {
        name: name.map(Name::into_string),
        email: email.map(EmailAddress::into_string),
        page: command.page,
        department: command.department,
    };
    in_queue(app, visitor, command.cmid, profile, first).await
}

/// Begins a conversation in the queue of the department chosen, or of the site, if it takes any.
pub(super) async fn in_queue(
    app: &App,
    visitor: &VisitorIdentity,
    cmid: protocol::ids::Cmid,
    mut profile: Profile,
    first: Option<Written>,
) -> AppResult<Done> {
    match may_wait(app, visitor, profile.department).await {
        Ok(department) => profile.department = Some(department),
        // A retransmission is answered even when the queue has filled since.
        Err(refused) => {
            let mut conn = app.store.read(visitor.tenant).await?;
            if conversation::find_start(&mut conn, visitor.tenant, visitor.visitor, cmid).await?.is_none() {
                return Err(refused);
            }
        }
    }
    let (tenant, who, now) = (visitor.tenant, visitor.clone(), app.now());
    let outcome = app
        .store
        .write((tenant, visitor.visitor), move |tx| {
            Box::pin(async move { begin::begin(tx, &who, cmid, (profile, Opening::Queue(first)), now).await })
        })
        .await?;
    Ok(change::announce(app, tenant, outcome))
}

/// The department that takes a new conversation.
async fn may_wait(app: &App, visitor: &VisitorIdentity, chosen: Option<DepartmentId>) -> AppResult<DepartmentId> {
    match view::destination(app, visitor, chosen).await? {
        (department, Availability::Online | Availability::OnlineForQueue) => Ok(department),
        (_, Availability::Unavailable) => Err(super::access::suspended()),
        (_, Availability::Offline) => {
            Err(Refusal::new(ErrorCode::QueueFull, "nobody can take it now; leave a message").into())
        }
    }
}

/// The conversation the visitor is in, if any; posts the first message there.
async fn join_current(
    app: &App,
    who: &Principal,
    visitor: &VisitorIdentity,
    command: &Start,
) -> AppResult<Option<Done>> {
    let mut conn = app.store.read(visitor.tenant).await?;
    let rows = conversation::of_visitor(&mut conn, visitor.tenant, visitor.visitor, 1).await?;
    drop(conn);
    let current = rows.into_iter().find(|row| {
        let live =
            matches!(row.state, ConversationState::Waiting | ConversationState::Offered | ConversationState::Active);
        live && row.start_cmid != command.cmid
    });
    let Some(row) = current else { return Ok(None) };
    let Some(text) = &command.text else {
        return Ok(Some(Done { conversation: Some(row.id), cmid: Some(command.cmid), ..Done::default() }));
    };
    let body = PostBody::Message(Text { text: text.clone() });
    let command = Post { cmid: command.cmid, conversation: Some(row.id), body };
    post::post_message(app, who, command).await.map(Some)
}
