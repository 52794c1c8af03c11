//! Sends the visitors there were through the queue again: with the settings as they are, and with others or more agents.
//! Reads only. What comes out is a comparison, not a promise: see docs/simulation.md for what it leaves out.

/// When agents took conversations.
mod shifts;
/// How visitors passed through the queue.
mod stay;
/// Settings to try.
pub mod trial;

use std::collections::HashMap;

use anyhow::bail;
use domain::policy::Policy;
use domain::replay::{Arrival, Figures, Outcome, Rules, Staff, Summary, Visit, replay};
use domain::routing::{Desk, Membership};
use protocol::ids::{AgentId, ConversationId, DepartmentId, TenantId};
use serde::Serialize;
use uuid::Uuid;

use crate::app::App;
use crate::store::agent::{self, Agent};
use crate::store::department::{self, Department, Member};
use crate::store::tenant::Tenant;
use crate::store::{passage, presence_change};
use shifts::Shifts;
use stay::{Stay, stays};
use trial::Trial;

/// Fewer visitors than this say little.
pub const FEW: usize = 50;
/// How long a conversation occupies an agent when nothing is known about any, milliseconds.
const UNKNOWN_SERVICE_MS: i64 = 10 * 60_000;
/// What began before the end is played to its end, for at most this long, milliseconds.
const AFTERWARDS_MS: i64 = 24 * 60 * 60_000;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Visitors who entered the queue from this time, Unix milliseconds,
    pub from: i64,
    /// until before this one.
    pub to: i64,
    /// Settings to try.
    pub trial: Trial,
    /// Agents to add.
    pub agents_plus: u32,
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// As asked.
    pub from: i64,
    /// As asked.
    pub to: i64,
    /// Agents of whom it is known when they took conversations.
    pub agents: usize,
    /// Agents that were added for the trial.
    pub agents_plus: u32,
    /// Visitors of whom it is not known how long they would have occupied an agent: they count with what is usual.
    pub guessed: usize,
    /// Visitors who are left out, because they wait still or an agent ended it out of the queue.
    pub open: usize,
    /// Whether there were fewer than [`FEW`].
    pub few: bool,
    /// All departments together.
    pub total: Line,
    /// Each department that had visitors.
    pub departments: Vec<Line>,
}

/// A comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Of which department; empty for all.
    pub department: String,
    /// What really happened.
    pub was: Figures,
    /// Replayed with the settings as they are.
    pub present: Figures,
    /// Replayed with what is tried; `None` when nothing is.
    pub tried: Option<Figures>,
}

/// Everything a replay is made of.
struct Past {
    stays: Vec<Stay>,
    arrivals: Vec<Arrival>,
    guessed: usize,
    open: usize,
    shifts: HashMap<AgentId, Shifts>,
    agents: Vec<Agent>,
    members: Vec<Member>,
    departments: Vec<Department>,
}

/// Replays and compares.
///
/// # Errors
/// When nobody came in that time or nothing is known about who was there; when the trial names a department there is
/// not or a value that is not allowed; when the database fails.
pub async fn replay_routing(app: &App, tenant: &Tenant, question: &Question) -> anyhow::Result<Report> {
    let past = Past::read(app, tenant, question).await?;
    if past.stays.is_empty() {
        bail!("nobody waited in that time");
    }
    if past.shifts.values().all(Vec::is_empty) {
        bail!("it is not known who was there in that time: nothing was recorded about the presence of agents");
    }
    question.trial.check_names(&past.departments)?;
    let policy = tenant.policy();
    let tried = question.trial.policy(&policy)?;
    let nothing = question.agents_plus == 0 && question.trial == Trial::default();
    let was = past.outcome().summary();
    let present = past.replayed(&policy, &Trial::default(), 0)?;
    let trial = if nothing { None } else { Some(past.replayed(&tried, &question.trial, question.agents_plus)?) };
    let line = |department: String, of: &dyn Fn(&Summary) -> Figures| Line {
        department,
        was: of(&was),
        present: of(&present),
        tried: trial.as_ref().map(of),
    };
    let came = |of: &&Department| was.departments.iter().any(|(id, _)| *id == of.id);
    Ok(Report {
        from: question.from,
        to: question.to,
        agents: past.shifts.values().filter(|shifts| !shifts.is_empty()).count(),
        agents_plus: question.agents_plus,
        guessed: past.guessed,
        open: past.open,
        few: past.stays.len() < FEW,
        total: line(String::new(), &|summary| summary.all),
        departments: past
            .departments
            .iter()
            .filter(came)
            .map(|row| line(row.name.clone(), &|summary| of_department(summary, row.id)))
            .collect(),
    })
}

fn of_department(summary: &Summary, id: DepartmentId) -> Figures {
    let found = summary.departments.iter().find(|(department, _)| *department == id);
    found.map(|(_, figures)| *figures).unwrap_or_default()
}

/// Visitors who entered the queue in an hour of the day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hour {
    /// Which, 0 to 23, in the zone asked for.
    pub hour: u32,
    /// On an average day.
    pub arrivals_per_hour: f64,
    /// How long one occupies an agent on average, milliseconds; `None` when that is not known.
    pub service_ms: Option<f64>,
}

/// Measures the hours of the day from `from` until before `to` (Unix milliseconds), shifted by `offset_ms` from UTC.
///
/// # Errors
/// When nobody came in that time; when the database fails.
pub async fn measure_hours(
    app: &App,
    tenant: &Tenant,
    (from, to): (i64, i64),
    offset_ms: i64,
) -> anyhow::Result<Vec<Hour>> {
    let stays = read_stays(app, tenant.id, &tenant.policy(), (from, to)).await?;
    if stays.is_empty() {
        bail!("nobody waited in that time");
    }
    let days = (to.saturating_sub(from) as f64 / 86_400_000.0).max(1.0);
    let hour_of = |stay: &&Stay| stay.queued_at.saturating_add(offset_ms).rem_euclid(86_400_000) / 3_600_000;
    let hour = |hour: u32| {
        let of = stays.iter().filter(|stay| hour_of(stay) == i64::from(hour));
        let times: Vec<i64> = of.clone().filter_map(Stay::service_ms).collect();
        let service_ms = (!times.is_empty()).then(|| times.iter().sum::<i64>() as f64 / times.len() as f64);
        Hour { hour, arrivals_per_hour: of.count() as f64 / days, service_ms }
    };
    Ok((0..24).map(hour).collect())
}

async fn read_stays(app: &App, tenant: TenantId, policy: &Policy, (from, to): (i64, i64)) -> anyhow::Result<Vec<Stay>> {
    let mut conn = app.store.read(tenant).await?;
    let passages = passage::between(&mut conn, tenant, from, to).await?;
    let mut stays = stays(&passages, policy.inactive_after_ms);
    stays.retain(|stay| (from..to).contains(&stay.queued_at));
    stays.sort_by_key(|stay| (stay.queued_at, stay.conversation));
    Ok(stays)
}

impl Past {
    async fn read(app: &App, tenant: &Tenant, question: &Question) -> anyhow::Result<Self> {
        let (from, to) = (question.from, question.to);
        let mut stays = read_stays(app, tenant.id, &tenant.policy(), (from, to)).await?;
        let all = stays.len();
        stays.retain(|stay| stay.fate().is_some());
        let until = to.saturating_add(AFTERWARDS_MS);
        let mut conn = app.store.read(tenant.id).await?;
        let changes = presence_change::between(&mut conn, tenant.id, from, until).await?;
        let agents = agent::list(&mut conn, tenant.id).await?;
        let members = department::members(&mut conn, tenant.id).await?;
        let departments = department::list(&mut conn, tenant.id).await?;
        for stay in &mut stays {
            stay.department = successor(&departments, stay.department);
        }
        let guessed = stays.iter().filter(|stay| stay.service_ms().is_none()).count();
        let (arrivals, open) = (arrivals(&stays), all - stays.len());
        let shifts = shifts::shifts(&changes, from, until);
        Ok(Self { stays, arrivals, guessed, open, shifts, agents, members, departments })
    }

    /// What really became of everybody.
    fn outcome(&self) -> Outcome {
        let visit = |(arrival, stay): (&Arrival, &Stay)| {
            let fate = stay.fate()?;
            Some(Visit { conversation: arrival.conversation, department: stay.department, at: stay.queued_at, fate })
        };
        Outcome { visits: self.arrivals.iter().zip(&self.stays).filter_map(visit).collect() }
    }

    /// What would have become of everybody under these rules and with so many agents more.
    fn replayed(&self, policy: &Policy, trial: &Trial, plus: u32) -> anyhow::Result<Summary> {
        // Everybody was let in, so hours are no question.
        let rules = Rules { desks: self.desks(policy, trial)?, hours: HashMap::new() };
        Ok(replay(&self.arrivals, &self.staff(policy, plus), &rules).summary())
    }

    /// The departments under these rules.
    fn desks(&self, policy: &Policy, trial: &Trial) -> anyhow::Result<Vec<Desk>> {
        let desk = |department: &Department| {
            let policy = policy.with(&trial.overrides(department)?);
            Ok(Desk { id: department.id, policy, overflow: department.overflow(), open: true })
        };
        self.departments.iter().map(desk).collect()
    }

    /// The agents as they are now, at work when they were; and so many more, at work whenever anybody was.
    fn staff(&self, policy: &Policy, plus: u32) -> Vec<Staff> {
        let of = |agent: &Agent| {
            let shifts = self.shifts.get(&agent.id).filter(|shifts| !shifts.is_empty())?;
            let mine = self.members.iter().filter(|member| member.agent_id == agent.id);
            Some(Staff {
                agent: agent.id,
                capacity: agent.capacity(policy.capacity),
                departments: mine.map(membership).collect(),
                languages: agent.languages.0.clone(),
                skills: agent.skills.0.clone(),
                shifts: shifts.clone(),
            })
        };
        let mut staff: Vec<Staff> = self.agents.iter().filter_map(of).collect();
        let everywhere = |row: &Department| Membership { department: row.id, priority: 0 };
        let languages = self.stays.iter().filter_map(|stay| stay.language.clone()).collect();
        let skills = self.stays.iter().flat_map(|stay| stay.skills.clone()).collect();
        let (languages, skills) = (each_once(languages), each_once(skills));
        staff.extend((1..=plus).map(|number| Staff {
            agent: AgentId(Uuid::from_u128(u128::MAX - u128::from(number))),
            capacity: policy.capacity,
            departments: self.departments.iter().map(everywhere).collect(),
            languages: languages.clone(),
            skills: skills.clone(),
            shifts: shifts::together(&self.shifts),
        }));
        staff
    }
}

/// The department, or who took over from it when it was removed.
fn successor(departments: &[Department], id: DepartmentId) -> DepartmentId {
    let mut found = id;
    // The bound is for a database in which they take over from each other in a circle.
    for _ in departments {
        let row = departments.iter().find(|row| row.id == found && row.removed_at.is_some());
        let Some(next) = row.and_then(|row| row.successor_id) else { break };
        found = next;
    }
    found
}

fn membership(member: &Member) -> Membership {
    Membership { department: member.department_id, priority: u8::try_from(member.priority).unwrap_or(u8::MAX) }
}

fn each_once(mut words: Vec<String>) -> Vec<String> {
    words.sort_unstable();
    words.dedup();
    words
}

/// The stays as they came. Whoever was not served would have occupied an agent for as long as half of the others of the
/// department at most did.
fn arrivals(stays: &[Stay]) -> Vec<Arrival> {
    let usual = usual_service_ms(stays);
    let all = usual.get(&None).copied().unwrap_or(UNKNOWN_SERVICE_MS);
    // A conversation that was reopened came twice: what is replayed has ids of its own, in order.
    let arrival = |(number, stay): (u128, &Stay)| Arrival {
        conversation: ConversationId(Uuid::from_u128(number)),
        at: stay.queued_at,
        department: stay.department,
        priority: stay.priority,
        language: stay.language.clone(),
        skills: stay.skills.clone(),
        service_ms: stay.service_ms().unwrap_or_else(|| usual.get(&Some(stay.department)).copied().unwrap_or(all)),
        patience_ms: stay.patience_ms(),
        previous_agent: stay.previous_agent,
    };
    (0..).zip(stays).map(arrival).collect()
}

/// The median of the known service times of each department, and of all together.
fn usual_service_ms(stays: &[Stay]) -> HashMap<Option<DepartmentId>, i64> {
    let mut times: HashMap<Option<DepartmentId>, Vec<i64>> = HashMap::new();
    for stay in stays {
        if let Some(ms) = stay.service_ms() {
            times.entry(None).or_default().push(ms);
            times.entry(Some(stay.department)).or_default().push(ms);
        }
    }
    let median = |mut times: Vec<i64>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    };
    times.into_iter().filter_map(|(of, times)| Some((of, median(times)?))).collect()
}
