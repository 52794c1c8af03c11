use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::state::{Availability, Presence};
use serde::{Deserialize, Serialize};

use crate::actions::floor::Floor;
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::clock::new_id;
use crate::error::AppResult;
use crate::store::presence_change::{self, PresenceChange};

/// What the last round published, so that the next one tells only what changed.
#[derive(Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    places: Vec<(ConversationId, Option<u32>)>,
    departments: Vec<(DepartmentId, Availability, Option<i64>)>,
    capacities: Vec<(DepartmentId, u32)>,
    agents: Vec<(AgentId, Presence, u32, u32)>,
}

/// Notes which agents began or stopped to take conversations since the last round.
pub(super) async fn note_presence(app: &App, floor: &Floor, told: &Told) -> AppResult<()> {
    let same = |id: AgentId, presence: Presence| told.agents.iter().any(|(of, was, ..)| *of == id && *was == presence);
    let moved: Vec<_> = floor.agents.iter().filter(|now| !same(now.agent.id, now.presence)).collect();
    if moved.is_empty() {
        return Ok(());
    }
    let tenant = floor.tenant.id;
    // What was told is forgotten when nobody knows it any more: what is stored decides.
    let newest = presence_change::newest(&mut app.store.read(tenant).await?, tenant).await?;
    let stored = |id: AgentId| newest.iter().find(|change| change.agent_id == id).map(|change| change.presence);
    let now = app.now();
    let changes = moved.iter().filter(|now| stored(now.agent.id).unwrap_or(Presence::Offline) != now.presence);
    let changes: Vec<_> =
        changes.map(|found| PresenceChange { agent_id: found.agent.id, at: now, presence: found.presence }).collect();
    if changes.is_empty() {
        return Ok(());
    }
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                for change in changes {
                    presence_change::insert(tx, tenant, new_id(now), change).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Tells waiting visitors their places, all visitors whether somebody is there, and agents who of them is there
/// and how busy, where it changed.
pub(super) fn tell(app: &App, floor: &Floor, told: &mut Told) {
    let tenant = floor.tenant.id;
    let places: Vec<_> = floor.queue.iter().map(|row| (row.id, floor.position(row.id))).collect();
    let before: std::collections::HashSet<_> = told.places.iter().collect();
    let capacities: Vec<_> =
        floor.open_departments().map(|found| (found.row.id, floor.capacity(found.row.id))).collect();
    let changed = capacities.iter().filter(|capacity| !told.capacities.contains(capacity)).map(|(id, _)| *id);
    let changed: std::collections::HashSet<_> = changed.collect();
    for (row, place) in floor.queue.iter().zip(&places) {
        let is_moved = !before.contains(place);
        // With the number of agents the estimate changes.
        if is_moved || floor.department(row.department_id).is_some_and(|found| changed.contains(&found.row.id)) {
            app.bus.publish(Topic::Visitor(tenant, row.visitor_id), Note::StateChanged);
        }
        if is_moved {
            // A place is looked at, not acted upon: told as often as agents can read.
            app.grown.call((tenant, row.id));
        }
    }
    let departments: Vec<_> = floor
        .open_departments()
        .map(|found| (found.row.id, floor.availability(found.row.id), found.opens_at(floor.at)))
        .collect();
    if told.departments != departments {
        app.bus.publish(Topic::Visitors(tenant), Note::StateChanged);
    }
    let agents: Vec<_> =
        floor.agents.iter().map(|now| (now.agent.id, now.presence, now.counted, now.capacity)).collect();
    if told.agents != agents || told.departments != departments {
        app.bus.publish(Topic::Agents(tenant), Note::StateChanged);
    }
    *told = Told { places, departments, capacities, agents };
}
