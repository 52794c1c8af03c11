//! How routing dealt with one conversation: every offer and what came of it, why it waited, and what the log notes
//! about it, in order of time.

use domain::permission::{self, Permission};
use domain::routing::Reason;
use protocol::command::DeclineReason;
use protocol::entry::EntryBody;
use protocol::ids::AgentId;
use serde_json::Value;

use super::directory::Directory;
use super::read_transcript::Log;
use crate::app::App;
use crate::auth::AgentIdentity;
use crate::error::AppResult;
use crate::store::offer::{self, Offer};
use crate::store::routing_decision::{self, Decision};

/// The history of a conversation.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Names of agents and departments.
    pub directory: Directory,
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When, Unix milliseconds.
    pub at: i64,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// It was offered, to one agent or to several at once.
    Offered {
        /// To whom.
        to: Vec<Asked>,
        /// How long the offer stood at most, milliseconds.
        for_ms: i64,
        /// Why them, and why not the others.
        why: Why,
    },
    /// Nobody could take it.
    Waits(Why),
    /// It was the turn of a visitor who was away.
    Called(Why),
    /// The log notes it.
    Noted(Box<EntryBody>),
}

/// An agent who was asked, and the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub agent: AgentId,
    /// `accepted`, `declined`, `missed`, `withdrawn`, `returned`; `None` while the offer stands.
    pub outcome: Option<String>,
    /// After how long, milliseconds.
    pub after_ms: Option<i64>,
    /// Why the agent declined.
    pub because: Option<DeclineReason>,
}

/// Why something was decided.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Why {
    /// What this build understands.
    pub reasons: Vec<Reason>,
    /// How many reasons it does not: another version wrote them.
    pub unknown: usize,
}

impl Why {
    /// Reads stored reasons. What cannot be read counts as unknown.
    pub fn read(json: &str) -> Self {
        let Ok(values) = serde_json::from_str::<Vec<Value>>(json) else { return Self { reasons: vec![], unknown: 1 } };
        let all = values.len();
        let reasons: Vec<Reason> = values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect();
        Self { unknown: all - reasons.len(), reasons }
    }
}

/// Reads the history of a conversation whose log was read by [`super::read_transcript::read_transcript`]; `None` for
/// whoever may not see why routing decided as it did.
///
/// # Errors
/// When the database fails.
pub async fn routing_history(app: &App, who: &AgentIdentity, log: &Log) -> AppResult<Option<History>> {
    if !permission::allows(who.role, Permission::ViewReports) {
        return Ok(None);
    }
    let mut conn = app.store.read(who.tenant).await?;
    let offers = offer::of_conversation(&mut conn, who.tenant, log.row.id).await?;
    let decisions = routing_decision::of_conversation(&mut conn, who.tenant, log.row.id).await?;
    let directory = Directory::read(&mut conn, who.tenant).await?;
    drop(conn);
    let noted = log.entries.iter().filter_map(|entry| {
        let body: EntryBody = serde_json::from_str(entry.body.as_deref()?).ok()?;
        // Whoever took an offer is told with the offer.
        let told =
            matches!(&body, EntryBody::Assigned(to) if offers.iter().any(|offer| took(offer, to.agent, entry.at)));
        (is_about_routing(&body) && !told).then(|| Step { at: entry.at, what: What::Noted(Box::new(body)) })
    });
    let mut steps: Vec<Step> = noted.collect();
    steps.extend(decisions.into_iter().map(decided));
    steps.extend(offered(offers));
    // The log's entry of a moment stands before what was decided in it.
    steps.sort_by_key(|step| step.at);
    Ok(Some(History { directory, steps }))
}

/// Whether the entry about `agent` at `at` is how the offer ended. Times of a log never go back, so an entry may stand
/// a little after the clock.
fn took(offer: &Offer, agent: AgentId, at: i64) -> bool {
    let together = offer.decided_at.is_some_and(|decided| (decided..decided.saturating_add(1000)).contains(&at));
    together && offer.agent_id == agent && offer.outcome.as_deref() == Some("accepted")
}

/// Whether an entry is one of those that queue and routing write.
fn is_about_routing(body: &EntryBody) -> bool {
    matches!(
        body,
        EntryBody::Queued(_)
            | EntryBody::Assigned(_)
            | EntryBody::Transferred(_)
            | EntryBody::PlaceKept(_)
            | EntryBody::Called(_)
            | EntryBody::LeftOffline(_)
            | EntryBody::Reopened(_)
            | EntryBody::Closed(_)
    )
}

fn decided(decision: Decision) -> Step {
    let why = Why::read(&decision.reasons);
    let what = if decision.kind == "called" { What::Called(why) } else { What::Waits(why) };
    Step { at: decision.at, what }
}

/// Offers to several agents that were made at once are one step.
fn offered(offers: Vec<Offer>) -> Vec<Step> {
    let mut steps: Vec<(Step, String)> = Vec::new();
    for offer in offers {
        let asked = Asked {
            agent: offer.agent_id,
            after_ms: offer.decided_at.map(|at| at.saturating_sub(offer.offered_at).max(0)),
            outcome: offer.outcome,
            because: offer.decline_reason,
        };
        if let Some((Step { at, what: What::Offered { to, .. } }, reasons)) = steps.last_mut()
            && (*at, reasons.as_str()) == (offer.offered_at, offer.reasons.as_str())
        {
            to.push(asked);
            continue;
        }
        let what = What::Offered {
            to: vec![asked],
            for_ms: offer.deadline_at.saturating_sub(offer.offered_at).max(0),
            why: Why::read(&offer.reasons),
        };
        steps.push((Step { at: offer.offered_at, what }, offer.reasons));
    }
    steps.into_iter().map(|(step, _)| step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::AgentId;
    use uuid::Uuid;

    fn offer(agent: u128, offered_at: i64, reasons: &str) -> Offer {
        Offer {
            agent_id: AgentId(Uuid::from_u128(agent)),
            offered_at,
            deadline_at: offered_at + 30_000,
            outcome: Some("missed".to_owned()),
            decided_at: Some(offered_at + 30_000),
            decline_reason: None,
            reasons: reasons.to_owned(),
        }
    }

    #[test]
    fn offers_made_at_once_are_one_step() {
        let all = r#"[{"type":"no_agents"}]"#;
        let steps = offered(vec![offer(1, 5, all), offer(2, 5, all), offer(3, 6, all), offer(4, 6, "[]")]);
        let sizes: Vec<usize> =
            steps.iter().map(|step| if let What::Offered { to, .. } = &step.what { to.len() } else { 0 }).collect();
        assert_eq!(sizes, [2, 1, 1]);
    }

    #[test]
    fn reasons_of_other_versions_are_counted() {
        let why = Why::read(r#"[{"type":"manual"},{"type":"from_the_future","x":1}]"#);
        assert_eq!((why.reasons, why.unknown), (vec![Reason::Manual], 1));
        assert_eq!(Why::read("not JSON").unknown, 1);
        assert_eq!(Why::read("[]"), Why::default());
    }
}
