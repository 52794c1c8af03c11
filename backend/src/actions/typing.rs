//! Telling the other side about typing. Never stored, may be lost (C19).

use domain::text::Preview;
use protocol::command::Typing;
use protocol::entry::AuthorKind;
use protocol::event::{Event, TypingShown};

use super::change::{Asker, Request, carry_out};
use super::{Done, access, publish};
use crate::app::App;
use crate::auth::Principal;
use crate::bus::{Note, Topic};
use crate::error::AppResult;

/// Shows that somebody types; an agent who does need not fear the deadline of the first reply. What a visitor typed so far goes to agents only, what an agent types to nobody.
pub async fn type_preview(app: &App, who: &Principal, command: Typing) -> AppResult<Done> {
    let mut conn = app.store.read(who.tenant()).await?;
    let row = access::readable(&mut conn, who, command.conversation).await?;
    let (kind, id, name) = match who {
        Principal::Visitor(visitor) => (AuthorKind::Visitor, visitor.visitor.0, None),
        Principal::Agent(agent) => (AuthorKind::Agent, agent.agent.0, Some(agent.name.clone())),
    };
    drop(conn);
    if let Principal::Agent(agent) = who
        && command.active
        && row.reply_deadline_at.is_some()
        && row.agent_id == Some(agent.agent)
    {
        let start = Request::new(Asker::Person(who.clone()), row.id, domain::conversation::Command::StartReply);
        carry_out(app, start).await?;
    }
    let mut shown = TypingShown { conversation: row.id, kind, id, name, active: command.active, preview: None };
    let for_visitor = publish::frame(&Event::Typing(shown.clone()));
    if kind == AuthorKind::Visitor {
        // A preview that cannot be shown is left out; the notice still goes through.
        let preview = command.preview.as_deref().and_then(|preview| Preview::parse(preview).ok());
        shown.preview = preview.map(Preview::into_string);
    }
    let tenant = who.tenant();
    app.bus.publish(Topic::Conversation(tenant, row.id), Note::Frame(publish::frame(&Event::Typing(shown))));
    if kind == AuthorKind::Agent {
        app.bus.publish(Topic::Visitor(tenant, row.visitor_id), Note::Frame(for_visitor));
    }
    Ok(Done::default())
}
