//! Telling sessions what was committed. Called after COMMIT returned, never before.

use std::sync::Arc;

use domain::entry::{Audience, as_seen_by, is_seen_by};
use protocol::entry::Item;
use protocol::event::{Entries, Event};
use protocol::ids::{Cmid, TenantId};

use crate::app::App;
use crate::bus::{Note, Topic};
use crate::planted::{Bug, planted};
use crate::store::conversation::Conversation;

/// Tells the readers of a conversation what it grew by, and the lists that its line changed. `items` are
/// consecutive. Each audience's event is encoded once; it is one event where both may see everything.
pub(super) fn grown(app: &App, tenant: TenantId, row: &Conversation, items: Vec<Item>) {
    app.indexer.call((tenant, row.id));
    let items = planted_items(&items).unwrap_or(items);
    if let (Some(first), Some(last)) = (items.first(), items.last()) {
        let (from, last_seq) = (first.seq, last.seq);
        let event =
            |items| frame(&Event::Entries(Entries { conversation: row.id, epoch: app.epoch, from, last_seq, items }));
        let seen = items.iter().all(|item| is_seen_by(item, Audience::Everyone));
        let placeholders = (!seen).then(|| items.iter().map(|item| as_seen_by(item.clone(), Audience::Everyone)));
        let hidden = placeholders.map(|items| event(items.collect()));
        let agents = event(items);
        let everyone = hidden.unwrap_or_else(|| Arc::clone(&agents));
        let note = Note::Entries { conversation: row.id, from, last_seq, everyone, agents };
        app.bus.publish(Topic::Conversation(tenant, row.id), note.clone());
        if planted(Bug::Leak) {
            app.bus.publish(Topic::Visitors(tenant), note.clone());
        }
        app.bus.publish(Topic::Visitor(tenant, row.visitor_id), note);
    }
    app.grown.call((tenant, row.id));
}

/// In a test build that was told so: the entries, and one that a write has rolled back.
fn planted_items(items: &[Item]) -> Option<Vec<Item>> {
    let last = items.last().filter(|_| planted(Bug::EventRolledBack))?;
    let rolled_back = Item { seq: last.seq + 1, cmid: Some(Cmid(uuid::Uuid::new_v4())), ..last.clone() };
    Some(items.iter().cloned().chain([rolled_back]).collect())
}

/// Tells a visitor's tabs that their state changed, and the dispatcher that the queue did.
pub(super) fn state_changed(app: &App, tenant: TenantId, row: &Conversation) {
    line_changed(app, tenant, row);
    app.dispatcher.call(tenant);
}

/// Tells everybody but the dispatcher, because it was the dispatcher.
pub(super) fn line_changed(app: &App, tenant: TenantId, row: &Conversation) {
    app.bus.publish(Topic::Visitor(tenant, row.visitor_id), Note::StateChanged);
    app.announcer.call((tenant, row.id));
}

/// An event as the text every receiver shares.
pub(crate) fn frame(event: &Event) -> Arc<str> {
    Arc::from(protocol::codec::to_json(event))
}
