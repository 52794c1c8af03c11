//! When agents took conversations, read from the changes of their presence.

use std::collections::HashMap;

use protocol::ids::AgentId;
use protocol::state::Presence;

use crate::store::presence_change::PresenceChange;

/// From when to when somebody took conversations, Unix milliseconds, in order, without overlap.
pub(super) type Shifts = Vec<(i64, i64)>;

/// The shifts of every agent of whom changes are known. `changes` are in order of time and begin with what holds at `from`;
/// what still holds at their end goes on until `until`.
pub(super) fn shifts(changes: &[PresenceChange], from: i64, until: i64) -> HashMap<AgentId, Shifts> {
    let mut all: HashMap<AgentId, Shifts> = HashMap::new();
    let mut began: HashMap<AgentId, i64> = HashMap::new();
    for change in changes {
        let shifts = all.entry(change.agent_id).or_default();
        if change.presence == Presence::Online {
            began.entry(change.agent_id).or_insert(change.at.max(from));
        } else if let Some(begin) = began.remove(&change.agent_id)
            && change.at > begin
        {
            shifts.push((begin, change.at));
        }
    }
    for (agent, begin) in began {
        if until > begin {
            all.entry(agent).or_default().push((begin, until));
        }
    }
    all
}

/// When anybody was there.
pub(super) fn together(all: &HashMap<AgentId, Shifts>) -> Shifts {
    let mut parts: Vec<(i64, i64)> = all.values().flatten().copied().collect();
    parts.sort_unstable();
    let mut joined: Shifts = Vec::new();
    for (from, to) in parts {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn change(agent: u128, at: i64, presence: Presence) -> PresenceChange {
        PresenceChange { agent_id: AgentId(Uuid::from_u128(agent)), at, presence }
    }

    #[test]
    fn a_shift_is_a_time_online() {
        use Presence::{Away, Offline, Online};
        let changes = [
            change(1, 5, Online),
            change(2, 20, Online),
            change(1, 30, Away),
            change(1, 31, Offline),
            change(3, 32, Offline),
            change(1, 40, Online),
            change(1, 45, Online),
            change(2, 50, Offline),
        ];
        let all = shifts(&changes, 10, 100);
        assert_eq!(all[&AgentId(Uuid::from_u128(1))], [(10, 30), (40, 100)]);
        assert_eq!(all[&AgentId(Uuid::from_u128(2))], [(20, 50)]);
        assert_eq!(all[&AgentId(Uuid::from_u128(3))], []);
        assert_eq!(together(&all), [(10, 100)]);
    }
}
