//! Follows who comes and goes without this node's doing: people of other nodes, and nodes that die.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::app::App;
use crate::bus::{Deliver, Note, Topic};
use crate::presence::{Silent, Who};
use crate::shared::message::NodeId;

/// How often other nodes are looked after.
const EVERY: Duration = Duration::from_secs(1);
/// How long the database is asked whether a node lives.
const ASKED_WITHIN: Duration = Duration::from_secs(1);

pub(super) async fn run(app: Arc<App>, sessions: Arc<dyn Deliver>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut mute = HashSet::new();
    loop {
        let moved = tokio::select! {
            moved = app.presence.moved() => moved,
            _ = ticks.tick() => {
                let silent = app.presence.look_round(app.now());
                mute.retain(|node| silent.iter().any(|silent| silent.node == *node));
                for silent in silent {
                    look_after(&app, silent, &mut mute).await;
                }
                continue;
            }
        };
        let mut tenants = HashSet::new();
        for who in moved {
            match who {
                Who::Agent(tenant, _) => _ = tenants.insert(tenant),
                Who::Visitor(tenant, visitor) => app.visitors.call((tenant, visitor)),
            }
        }
        for tenant in tenants {
            sessions.deliver(Topic::Agents(tenant), &Note::StateChanged);
            app.dispatcher.call(tenant);
        }
    }
}

/// Buries a node of which nothing is heard, if it does not reach the database either. While that does not answer, nobody
/// knows. `mute` are those that are known to live.
async fn look_after(app: &App, silent: Silent, mute: &mut HashSet<NodeId>) {
    let node = silent.node;
    match timeout(ASKED_WITHIN, app.store.is_served_by(node.0)).await {
        Ok(Ok(false)) => {
            tracing::warn!(node = node.0, "nothing is heard of a node: its people are gone");
            app.presence.bury(silent);
        }
        Ok(Ok(true)) if mute.insert(node) => {
            tracing::warn!(
                node = node.0,
                "a node serves the database and is not heard: nobody counts as gone until it reaches Redis again or ends"
            );
        }
        _ => {}
    }
}
