//! Follows who comes and goes without this node's doing: people of other nodes, and nodes that die.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::bus::{Deliver, Note, Topic};
use crate::presence::Who;

/// How often other nodes are looked after.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(app: Arc<App>, sessions: Arc<dyn Deliver>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let moved = tokio::select! {
            moved = app.presence.moved() => moved,
            _ = ticks.tick() => {
                app.presence.look_round(app.now());
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
