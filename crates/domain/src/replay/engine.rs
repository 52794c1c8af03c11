use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::state::{Availability, Presence};

use super::{Arrival, Fate, Outcome, Rules, Staff, Visit};
use crate::department::reach;
use crate::policy::Strategy;
use crate::queue::{self, availability};
use crate::routing::{Absence, AgentLoad, Assignment, Waiting, route};

/// What happens, in the order in which it counts when it happens at the same time: places become free before they
/// are given away, and whoever is served in the last moment has not given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// An agent's conversation is over; the agent's index.
    Ended(usize),
    /// An agent comes or goes; the agent's index.
    Shift(usize),
    /// A visitor comes; the arrival's index.
    Arrived(usize),
    /// A visitor has waited long enough; the arrival's index.
    Lapsed(usize),
}

pub(super) struct Engine<'a> {
    rules: &'a Rules,
    /// For each department, whose members may take its conversations, and after how long.
    reached: HashMap<DepartmentId, Vec<(DepartmentId, i64)>>,
    arrivals: Vec<&'a Arrival>,
    fates: Vec<Option<Fate>>,
    index: HashMap<ConversationId, usize>,
    waiting: Vec<Waiting>,
    staff: Vec<&'a Staff>,
    /// One for each of the staff, in their order.
    loads: Vec<AgentLoad>,
    events: BinaryHeap<Reverse<(i64, Event)>>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(arrivals: &'a [Arrival], staff: &'a [Staff], rules: &'a Rules) -> Self {
        let mut seen = HashSet::new();
        let mut arrivals: Vec<&Arrival> = arrivals.iter().filter(|arrival| seen.insert(arrival.conversation)).collect();
        arrivals.sort_by_key(|arrival| (arrival.at, arrival.conversation));
        let mut seen = HashSet::new();
        let mut staff: Vec<&Staff> = staff.iter().filter(|agent| seen.insert(agent.agent)).collect();
        staff.sort_by_key(|agent| agent.agent);
        let overflows = rules.desks.iter().filter_map(|desk| Some((desk.id, desk.overflow?))).collect();
        let mut events = BinaryHeap::new();
        for (index, agent) in staff.iter().enumerate() {
            let edges = agent.shifts.iter().flat_map(|(from, to)| [*from, *to]);
            events.extend(edges.map(|at| Reverse((at, Event::Shift(index)))));
        }
        events.extend(arrivals.iter().enumerate().map(|(index, arrival)| Reverse((arrival.at, Event::Arrived(index)))));
        Self {
            rules,
            reached: rules.desks.iter().map(|desk| (desk.id, reach(desk.id, &overflows))).collect(),
            fates: vec![None; arrivals.len()],
            index: arrivals.iter().enumerate().map(|(index, arrival)| (arrival.conversation, index)).collect(),
            arrivals,
            waiting: Vec::new(),
            loads: staff.iter().map(|agent| load(agent)).collect(),
            staff,
            events,
        }
    }

    pub(super) fn run(mut self) -> Outcome {
        let mut wake_at = None;
        loop {
            let event_at = self.events.peek().map(|Reverse((at, _))| *at);
            let Some(now) = event_at.into_iter().chain(wake_at).min() else { break };
            while let Some(event) = self.next(now, |event| !matches!(event, Event::Lapsed(_))) {
                self.happen(event, now);
            }
            wake_at = self.give(now);
            while let Some(event) = self.next(now, |event| matches!(event, Event::Lapsed(_))) {
                self.happen(event, now);
            }
        }
        // Everyone who waits lapses in the end; so nobody is without a fate.
        let visits = self.arrivals.iter().zip(&self.fates).filter_map(|(arrival, fate)| {
            let Arrival { conversation, department, at, .. } = **arrival;
            fate.map(|fate| Visit { conversation, department, at, fate })
        });
        Outcome { visits: visits.collect() }
    }

    /// The next event, if it is one of these and at this time.
    fn next(&mut self, now: i64, wanted: impl Fn(Event) -> bool) -> Option<Event> {
        let Reverse((_, event)) = *self.events.peek().filter(|Reverse((at, event))| *at == now && wanted(*event))?;
        self.events.pop();
        Some(event)
    }

    fn happen(&mut self, event: Event, now: i64) {
        match event {
            Event::Ended(agent) => {
                if let Some(load) = self.loads.get_mut(agent) {
                    load.load = load.load.saturating_sub(1);
                }
            }
            Event::Shift(agent) => self.shift(agent, now),
            Event::Arrived(index) => self.arrive(index, now),
            Event::Lapsed(index) => self.lapse(index, now),
        }
    }

    fn shift(&mut self, agent: usize, now: i64) {
        let (Some(staff), Some(load)) = (self.staff.get(agent), self.loads.get_mut(agent)) else { return };
        let working = staff.shifts.iter().any(|(from, to)| (*from..*to).contains(&now));
        let presence = if working { Presence::Online } else { Presence::Offline };
        if presence == Presence::Online && load.presence != presence {
            load.idle_since = now;
        }
        load.presence = presence;
    }

    fn arrive(&mut self, index: usize, now: i64) {
        let Some(arrival) = self.arrivals.get(index).copied() else { return };
        let Some(max_wait_ms) = self.max_wait(arrival.department, now) else {
            self.settle(index, Fate::LeftOffline { waited_ms: 0 });
            return;
        };
        let longest = arrival.patience_ms.unwrap_or(i64::MAX).clamp(0, max_wait_ms.max(0));
        self.events.push(Reverse((now.saturating_add(longest), Event::Lapsed(index))));
        self.waiting.push(Waiting {
            conversation: arrival.conversation,
            department: arrival.department,
            priority: arrival.priority,
            at_head: false,
            queued_at: now,
            waiting_since: now,
            previous_agent: arrival.previous_agent,
            rejections: Vec::new(),
            language: arrival.language.clone(),
            skills: arrival.skills.clone(),
            absent: Absence::Here,
        });
    }

    fn lapse(&mut self, index: usize, now: i64) {
        let Some(arrival) = self.arrivals.get(index).copied() else { return };
        if !self.leave_queue(arrival.conversation) {
            return;
        }
        let waited_ms = now.saturating_sub(arrival.at);
        let patient = arrival.patience_ms.is_none_or(|patience| patience > waited_ms);
        self.settle(index, if patient { Fate::LeftOffline { waited_ms } } else { Fate::GaveUp { waited_ms } });
    }

    /// Gives away what can be given now. Returns when to look again even if nothing happens.
    fn give(&mut self, now: i64) -> Option<i64> {
        loop {
            let free = |load: &AgentLoad| load.presence == Presence::Online && load.load < load.capacity;
            if self.waiting.is_empty() || !self.loads.iter().any(free) {
                // Whatever comes next is an event.
                return None;
            }
            let routing = route(&self.waiting, &self.loads, &self.rules.desks, now);
            let mut given = false;
            for assignment in &routing.decisions {
                given |= self.serve(assignment, now);
            }
            // An accepted offer no longer stands, so there may be more to give.
            if !given {
                return routing.wake_at.filter(|at| *at > now);
            }
        }
    }

    fn serve(&mut self, assignment: &Assignment, now: i64) -> bool {
        let Some(index) = self.index.get(&assignment.conversation).copied() else { return false };
        let Some(arrival) = self.arrivals.get(index).copied() else { return false };
        let Some((agent, load)) = quickest(&mut self.loads, &assignment.agents) else { return false };
        load.load += 1;
        load.idle_since = now;
        load.last_assigned_at = now;
        let who = load.agent;
        if !self.leave_queue(arrival.conversation) {
            return false;
        }
        self.events.push(Reverse((now.saturating_add(arrival.service_ms.max(0)), Event::Ended(agent))));
        let waited_ms = now.saturating_sub(arrival.at);
        self.settle(index, Fate::Served { agent: who, department: assignment.department, waited_ms });
        true
    }

    /// Whether it was in the queue.
    fn leave_queue(&mut self, conversation: ConversationId) -> bool {
        let at = self.waiting.iter().position(|waiting| waiting.conversation == conversation);
        at.map(|at| self.waiting.swap_remove(at)).is_some()
    }

    fn settle(&mut self, index: usize, fate: Fate) {
        if let Some(slot) = self.fates.get_mut(index) {
            *slot = Some(fate);
        }
    }

    /// How long a visitor of a department may wait; `None` when none may. Whoever helps it later counts as there, but
    /// as free only without a wait.
    fn max_wait(&self, department: DepartmentId, now: i64) -> Option<i64> {
        let desk = self.rules.desks.iter().find(|desk| desk.id == department)?;
        let reached = self.reached.get(&department)?;
        let online = self.loads.iter().filter(|load| load.presence == Presence::Online);
        let (mut members, mut free) = (0, 0u32);
        for load in online {
            let mine = |(id, _): &&(DepartmentId, i64)| load.departments.iter().any(|member| member.department == *id);
            let Some(soonest) = reached.iter().filter(mine).map(|(_, after_ms)| *after_ms).min() else { continue };
            members += 1;
            if soonest == 0 {
                free = free.saturating_add(load.capacity.saturating_sub(load.load));
            }
        }
        let waiting = self.waiting.iter().filter(|waiting| waiting.department == department).count();
        let found = availability(&queue::Desk {
            open: self.rules.hours.get(&department).map_or(desk.open, |hours| hours.is_open(now)),
            online: members,
            free,
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            max_queue: desk.policy.max_queue,
            manual: desk.policy.strategy == Strategy::Manual,
        });
        (found != Availability::Offline).then_some(desk.policy.max_wait_ms)
    }
}

fn load(staff: &Staff) -> AgentLoad {
    AgentLoad {
        agent: staff.agent,
        presence: Presence::Offline,
        load: 0,
        offers: 0,
        capacity: staff.capacity,
        departments: staff.departments.clone(),
        languages: staff.languages.clone(),
        skills: staff.skills.clone(),
        idle_since: 0,
        last_assigned_at: 0,
    }
}

/// Who of those asked is the first to accept: whoever has the least to do.
fn quickest<'a>(loads: &'a mut [AgentLoad], asked: &[AgentId]) -> Option<(usize, &'a mut AgentLoad)> {
    let asked =
        loads.iter_mut().enumerate().filter(|(_, load)| asked.contains(&load.agent) && load.load < load.capacity);
    asked.min_by(|(_, a), (_, b)| {
        // a.load / a.capacity against b.load / b.capacity, without division.
        let share = |x: &AgentLoad, y: &AgentLoad| u64::from(x.load) * u64::from(y.capacity);
        share(a, b).cmp(&share(b, a)).then_with(|| (a.idle_since, a.agent).cmp(&(b.idle_since, b.agent)))
    })
}
