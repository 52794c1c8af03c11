//! How long a round of routing takes: 1,000 conversations wait, 200 agents work in 20 departments, each in three.
//!
//! `cargo bench -p domain --bench route -- [WAITING] [AGENTS] [DEPARTMENTS]`

use std::hint::black_box;
use std::time::Instant;

use domain::department::Overflow;
use domain::policy::{Match, Policy};
use domain::routing::{Absence, AgentLoad, Desk, Membership, Rejection, Waiting, explain, route};
use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::state::Presence;
use uuid::Uuid;

const NOW: i64 = 1_800_000_000_000;
/// Rounds measured of each shape.
const ROUNDS: usize = 300;
const LANGUAGES: [&str; 4] = ["en", "de", "zh-Hans", "fr"];

/// Everything that is routed.
struct Floor {
    waiting: Vec<Waiting>,
    agents: Vec<AgentLoad>,
    desks: Vec<Desk>,
}

fn department(number: usize, of: usize) -> DepartmentId {
    DepartmentId(Uuid::from_u128((number % of.max(1)) as u128))
}

fn desks(count: usize) -> Vec<Desk> {
    let desk = |number| Desk {
        id: department(number, count),
        policy: Policy::default(),
        // Every second helps the next one after two minutes.
        overflow: number.is_multiple_of(2).then(|| Overflow { to: department(number + 1, count), after_ms: 120_000 }),
        open: true,
    };
    (0..count).map(desk).collect()
}

fn agent(number: usize, departments: usize) -> AgentLoad {
    let member = |step: usize| Membership {
        department: department(number + step * 7, departments),
        priority: u8::try_from(step).unwrap_or(u8::MAX),
    };
    let languages = [LANGUAGES.get(number % 4), LANGUAGES.get(number % 3)];
    AgentLoad {
        agent: AgentId(Uuid::from_u128(number as u128)),
        presence: Presence::Online,
        load: 0,
        offers: 0,
        capacity: 6,
        departments: (0..3).map(member).collect(),
        languages: languages.into_iter().flatten().map(|word| (*word).to_owned()).collect(),
        skills: number.is_multiple_of(5).then(|| "law".to_owned()).into_iter().collect(),
        idle_since: NOW - 1_000 * number as i64,
        last_assigned_at: NOW - 2_000 * number as i64,
    }
}

fn waiting(number: usize, departments: usize, agents: usize) -> Waiting {
    let ago = 300 * number as i64;
    let rejection = |step: usize| Rejection {
        agent: AgentId(Uuid::from_u128(((number * 13 + step) % agents.max(1)) as u128)),
        at: NOW - 15_000 * step as i64,
    };
    Waiting {
        conversation: ConversationId(Uuid::from_u128(number as u128)),
        department: department(number * 3, departments),
        priority: u8::from(number.is_multiple_of(10)),
        at_head: number.is_multiple_of(50),
        queued_at: NOW - ago,
        waiting_since: NOW - ago,
        previous_agent: number.is_multiple_of(4).then(|| AgentId(Uuid::from_u128((number % agents.max(1)) as u128))),
        rejections: (0..number % 3).map(rejection).collect(),
        language: LANGUAGES.get(number % 5).map(|word| (*word).to_owned()),
        skills: number.is_multiple_of(8).then(|| "law".to_owned()).into_iter().collect(),
        absent: if number.is_multiple_of(40) { Absence::Kept } else { Absence::Here },
    }
}

fn floor(queue: usize, agents: usize, departments: usize) -> Floor {
    Floor {
        waiting: (0..queue).map(|number| waiting(number, departments, agents)).collect(),
        agents: (0..agents).map(|number| agent(number, departments)).collect(),
        desks: desks(departments),
    }
}

/// Everybody has something to do: a third has no place left, a third an offer, a tenth is away.
fn mix(floor: &mut Floor) {
    for (number, agent) in floor.agents.iter_mut().enumerate() {
        match number % 3 {
            0 => agent.load = agent.capacity,
            1 => (agent.load, agent.offers) = (3, 1),
            _ => agent.load = 2,
        }
        if number.is_multiple_of(10) {
            agent.presence = Presence::Away;
        }
    }
}

#[expect(clippy::print_stdout, reason = "the result")]
fn measure(shape: &str, floor: &Floor) {
    let mut took = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        black_box(route(black_box(&floor.waiting), &floor.agents, &floor.desks, NOW));
        took.push(started.elapsed());
    }
    took.sort_unstable();
    let at = |part: usize| took.get(ROUNDS * part / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    let routing = route(&floor.waiting, &floor.agents, &floor.desks, NOW);
    let explained = Instant::now();
    for waiting in floor.waiting.iter().take(100) {
        black_box(explain(waiting, &floor.agents, &floor.desks, NOW));
    }
    let explained = explained.elapsed().as_secs_f64() * 10.0;
    println!(
        "{shape:17} {:4} offers {:3} calls: least {:.3} ms, p50 {:.3} ms, p99 {:.3} ms; to explain one {explained:.3} ms",
        routing.decisions.len(),
        routing.calls.len(),
        at(0),
        at(50),
        at(99),
    );
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, default: usize| numbers.get(at).copied().unwrap_or(default);
    let (queue, agents, departments) = (number(0, 1_000), number(1, 200), number(2, 20));
    let mut all = floor(queue, agents, departments);
    measure("all free", &all);
    // Far more offers than a round makes with the settings as they come.
    for desk in &mut all.desks {
        desk.policy.offers_at_once = 10;
    }
    measure("all free, 10 each", &all);
    let mut mixed = floor(queue, agents, departments);
    mix(&mut mixed);
    measure("mixed", &mixed);
    for agent in &mut all.agents {
        agent.load = agent.capacity;
    }
    measure("all full", &all);
    let mut strangers = floor(queue, agents, departments);
    for desk in &mut strangers.desks {
        desk.policy.language = Match::Require;
    }
    for waiting in &mut strangers.waiting {
        waiting.language = Some("pt-BR".to_owned());
    }
    measure("nobody fits", &strangers);
}
