//! A visitor's new conversation: waiting, or left as an offline message. Runs inside a write.

use domain::chain;
use domain::conversation::{Conversation as Projection, Names, Written};
use protocol::command::Page;
use protocol::entry::{Author, AuthorKind};
use protocol::ids::{Cmid, ConversationId, DepartmentId};
use protocol::state::ConversationState;

use super::change::{Asker, Outcome, Recording, done, rules};
use super::{Done, page};
use crate::auth::{Principal, VisitorIdentity};
use crate::clock::new_id;
use crate::error::{AppError, AppResult};
use crate::store::conversation::{self, Conversation};
use crate::store::visitor::Visitor;
use crate::store::{Conn, append, entry, site, visitor};

/// What a form said about the visitor. Absent parts leave what is known as it is.
#[derive(Clone, Default)]
pub(super) struct Profile {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) page: Option<Page>,
    /// Where the conversation goes; `None`: to the site's department.
    pub(super) department: Option<DepartmentId>,
}

/// How a conversation begins.
#[derive(Clone)]
pub(super) enum Opening {
    /// In the queue, with the first message if there is one.
    Queue(Option<Written>),
    /// As a message left for later.
    Offline(Written),
}

/// Begins a conversation, or finds the one that the same `cmid` began.
pub(super) async fn begin(
    tx: &mut Conn,
    who: &VisitorIdentity,
    cmid: Cmid,
    (profile, opening): (Profile, Opening),
    now: i64,
) -> AppResult<Outcome> {
    let policy = rules(tx, &Asker::Person(Principal::Visitor(who.clone()))).await?;
    if let Some(row) = conversation::find_start(tx, who.tenant, who.visitor, cmid).await? {
        return again(tx, who, cmid, row).await;
    }
    let seen = remember(tx, who, &profile, now).await?;
    let department = match profile.department {
        Some(department) => department,
        None => site::find(tx, who.tenant, who.site).await?.ok_or_else(|| AppError::not_found("site"))?.department_id,
    };
    let mut row = empty(who, department, cmid, now);
    row.priority = if seen.vip { i64::from(policy.vip_priority) } else { 0 };
    row.language = seen.language.clone();
    row.skills = (!seen.skills.0.is_empty()).then(|| seen.skills.text());
    let changes = match opening {
        Opening::Queue(first) => Projection::start(who.visitor, department, first).1,
        Opening::Offline(message) => {
            Projection::leave_message(who.visitor, department, profile.name, profile.email, message).1
        }
    };
    let author = Author { kind: AuthorKind::Visitor, id: Some(who.visitor.0), name: seen.name };
    let recording = Recording { tenant: who.tenant, author: &author, cmid: Some(cmid), policy: &policy, now };
    let (mut entries, mut items) = (Vec::new(), Vec::new());
    for change in &changes {
        // It goes to no agent and no other department: no entry shows a name.
        if let Some((entry, item)) = recording.fold(&mut row, change, &Names::default())? {
            entries.push(((who.tenant, row.id), entry));
            items.push(item);
        }
    }
    conversation::insert(tx, who.tenant, &row).await?;
    append::insert(tx, &entries).await?;
    Ok(Outcome { done: done(&row, &items, Some(cmid)), row, items, moved: true })
}

/// The first answer again.
async fn again(tx: &mut Conn, who: &VisitorIdentity, cmid: Cmid, row: Conversation) -> AppResult<Outcome> {
    let stored = entry::find_visitor_cmid(tx, who.tenant, who.visitor, cmid).await?;
    let first = Done { conversation: Some(row.id), cmid: Some(cmid), seq: Some(1), at: Some(row.created_at) };
    let done = stored.map_or(first, |stored| Done::stored(cmid, stored));
    Ok(Outcome { row, items: vec![], moved: false, done })
}

/// Takes over what a form said; returns the visitor as known from then on.
pub(super) async fn remember(tx: &mut Conn, who: &VisitorIdentity, profile: &Profile, now: i64) -> AppResult<Visitor> {
    let seen = visitor::find_to_change(tx, who.tenant, who.visitor).await?;
    let mut seen: Visitor = seen.ok_or_else(AppError::unauthenticated)?;
    seen.name = profile.name.clone().or(seen.name);
    seen.email = profile.email.clone().or(seen.email);
    if let Some(now_on) = &profile.page {
        page::look(&mut seen, now_on);
    }
    seen.last_seen_at = now;
    visitor::save(tx, who.tenant, &seen).await?;
    Ok(seen)
}

fn empty(who: &VisitorIdentity, department: DepartmentId, cmid: Cmid, now: i64) -> Conversation {
    let id = ConversationId(new_id(now));
    let new = Conversation::new(id, (who.site, who.visitor), department, cmid, now);
    Conversation { state: ConversationState::Waiting, last_hash: chain::genesis(who.tenant, id).to_vec(), ..new }
}
