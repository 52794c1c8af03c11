//! A connection of a visitor or agent opened or closed. Not stored, except since when a visitor is gone,
//! which closes the conversation one day.

use protocol::ids::{TenantId, VisitorId};

use crate::app::App;
use crate::auth::Principal;
use crate::bus::{Note, Topic};
use crate::presence::Who;
use crate::store::{conversation, visitor};

/// Counts a connection. Pair every call with one of [`left`].
pub fn joined(app: &App, who: &Principal) {
    let first = app.presence.joined(key(who), app.now());
    if first {
        changed(app, who);
    }
}

/// Uncounts a connection.
pub fn left(app: &App, who: &Principal) {
    let last = app.presence.left(key(who), app.now());
    if last {
        changed(app, who);
    }
}

fn key(who: &Principal) -> Who {
    match who {
        Principal::Agent(agent) => Who::Agent(agent.tenant, agent.agent),
        Principal::Visitor(visitor) => Who::Visitor(visitor.tenant, visitor.visitor),
    }
}

fn changed(app: &App, who: &Principal) {
    app.dispatcher.call(who.tenant());
    match who {
        Principal::Agent(agent) => app.bus.publish(Topic::Agents(agent.tenant), Note::StateChanged),
        Principal::Visitor(visitor) => app.visitors.call((visitor.tenant, visitor.visitor)),
    }
}

/// Stores since when a visitor is gone, or that the visitor is back, and tells the agents. Run by a job, so
/// that opening a socket never waits for a commit.
///
/// It is told also when another node has stored it already: before it learned of it, this one may have told that it is
/// otherwise, behind the one that knew.
pub async fn note_visitor(app: &App, tenant: TenantId, id: VisitorId) -> crate::error::AppResult<()> {
    let now = app.now();
    let gone_since = app.presence.gone_since(Who::Visitor(tenant, id));
    let open = app
        .store
        .write((tenant, id), move |tx| {
            Box::pin(async move {
                let mut open = Vec::new();
                if let Some(mut seen) = visitor::find_to_change(tx, tenant, id).await? {
                    seen.last_seen_at = now;
                    visitor::save(tx, tenant, &seen).await?;
                }
                for mut row in conversation::noted_of_visitor(tx, tenant, id, 50).await? {
                    // Being back counts also where nothing goes on now: it may go on again.
                    let is_open = row.is_open();
                    let left_at = if is_open { gone_since } else { gone_since.and(row.visitor_left_at) };
                    if row.visitor_left_at != left_at {
                        row.visitor_left_at = left_at;
                        conversation::save(tx, tenant, &row).await?;
                    }
                    if is_open {
                        open.push(row.id);
                    }
                }
                Ok(open)
            })
        })
        .await?;
    for conversation in open {
        app.announcer.call((tenant, conversation));
    }
    Ok(())
}
