//! Who gets the next conversation. A pure function: the same queue, agents, departments and time give the same
//! decisions, with their reasons.
//!
//! Promises, each with a property test: first in, first out inside a priority of a department (waiting raises it);
//! never above an agent's capacity, which all departments share; never more standing offers for an agent than
//! allowed; never one conversation to two agents, unless it is offered to all; never to an agent who declined or missed
//! it just now, and again to one who did so earlier only when all have; whenever a conversation and an agent who can
//! take it exist, it is offered.
//!
//! Who of several is asked: whoever rejected it last of all when everybody has; the agent the visitor talked to before;
//! members of the conversation's own department before those it overflows to; those with the skills and the language;
//! the department's order of members; then what the strategy says.

/// Comparing the agents who could take a conversation.
mod candidate;
/// Agents and departments as the round sees them.
mod floor;
/// Whether an agent understands a language.
mod language;
/// What decisions are explained with.
mod reason;

pub use language::understands;
pub use reason::{Choice, Reason, Skip};

use std::collections::HashSet;

use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::state::Presence;
use serde::{Deserialize, Serialize};

use crate::department::Overflow;
use crate::policy::{Policy, Strategy};
use crate::queue::Place;
use candidate::Chosen;
use floor::{Floor, Post};

/// A department as routing sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// Which.
    pub id: DepartmentId,
    /// The tenant's settings with those of the department. What only a tenant decides is the same in all.
    pub policy: Policy,
    /// Whose members may take its conversations too, and after how long a wait.
    pub overflow: Option<Overflow>,
    /// Whether it has its hours. This decides about new conversations only: those that wait are routed all the same.
    pub open: bool,
}

/// Whether the visitor of a waiting conversation is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Yes, or gone without keeping the place.
    #[default]
    Here,
    /// No, and the place is kept: when it is the visitor's turn, the visitor is called.
    Kept,
    /// No, but called: the place is held.
    Called,
}

/// A conversation in the state `waiting`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub conversation: ConversationId,
    /// Whose members may take it.
    pub department: DepartmentId,
    /// Higher goes first ([`crate::queue::PRIORITIES`]).
    pub priority: u8,
    /// Whether it goes before all that are not ([`crate::conversation::Conversation::at_head`]).
    pub at_head: bool,
    /// Its place in the order, Unix milliseconds ([`crate::conversation::Conversation::queued_at`]).
    pub queued_at: i64,
    /// Since when it waits this time, Unix milliseconds.
    pub waiting_since: i64,
    /// Whom the visitor talked to before ([`crate::conversation::Conversation::last_agent`]).
    pub previous_agent: Option<AgentId>,
    /// Who declined, missed or gave it back, and when.
    pub rejections: Vec<Rejection>,
    /// The visitor's language (BCP 47), if known.
    pub language: Option<String>,
    /// Skills wanted, as agents have them.
    pub skills: Vec<String>,
    /// Whether the visitor is there.
    pub absent: Absence,
}

impl Waiting {
    /// Its place in the order of the queue.
    pub const fn place(&self) -> Place {
        Place {
            conversation: self.conversation,
            department: self.department,
            at_head: self.at_head,
            priority: self.priority,
            queued_at: self.queued_at,
        }
    }
}

/// An agent did not take a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Who.
    pub agent: AgentId,
    /// When, Unix milliseconds.
    pub at: i64,
}

/// An agent's place in a department.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Which department.
    pub department: DepartmentId,
    /// Members with a smaller number are asked first; 0 is the smallest.
    pub priority: u8,
}

/// An agent and how busy the agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentLoad {
    /// Who.
    pub agent: AgentId,
    /// Only [`Presence::Online`] is offered anything.
    pub presence: Presence,
    /// Conversations held that count against the capacity, and offers that stand.
    pub load: u32,
    /// Offers that stand, which are part of `load`.
    pub offers: u32,
    /// How many at once.
    pub capacity: u32,
    /// Departments the agent belongs to.
    pub departments: Vec<Membership>,
    /// Languages the agent writes (BCP 47).
    pub languages: Vec<String>,
    /// What the agent knows.
    pub skills: Vec<String>,
    /// Since when the agent has had no work or no new conversation, Unix milliseconds.
    pub idle_since: i64,
    /// When the agent was last assigned a conversation, Unix milliseconds; 0 for never.
    pub last_assigned_at: i64,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Routing {
    /// Offers to make, in order.
    pub decisions: Vec<Assignment>,
    /// Visitors to call, because it is their turn and they are away, in order. A call takes no place: others are
    /// served until the visitor is back. There are never more calls out than agents have places for.
    pub calls: Vec<Call>,
    /// Conversations that wait on, in order.
    pub unserved: Vec<Skipped>,
    /// When to route again even if nothing happens, Unix milliseconds: an offer lapses, a rejection is forgotten,
    /// the next department may help, or a wait is over. Always later than now.
    pub wake_at: Option<i64>,
}

/// An offer to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// Which conversation.
    pub conversation: ConversationId,
    /// To whom: one agent, or with [`Strategy::Broadcast`] all who can take it, by id.
    pub agents: Vec<AgentId>,
    /// Of which department they are asked as members: that of the conversation, or one it overflows to. The first one
    /// when they are of several.
    pub department: DepartmentId,
    /// Until when the offer stands, Unix milliseconds.
    pub deadline_at: i64,
    /// Why these agents, and why not the others: one line for every member of a department that it reaches.
    pub reasons: Vec<Reason>,
}

/// A visitor to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Which conversation.
    pub conversation: ConversationId,
    /// As in [`Assignment::reasons`]: chosen is who would have been, were the visitor there.
    pub reasons: Vec<Reason>,
}

/// A conversation nobody can take now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Which conversation.
    pub conversation: ConversationId,
    /// What it is about the conversation or its department; often nothing. [`explain`] says why none of the agents.
    pub reasons: Vec<Reason>,
}

/// Decides who is offered what and who is called. `now` is Unix milliseconds. An agent, department or conversation
/// listed twice counts once.
pub fn route(waiting: &[Waiting], agents: &[AgentLoad], desks: &[Desk], now: i64) -> Routing {
    let mut round = Round { floor: Floor::new(agents, desks, now), routing: Routing::default(), now };
    let ageing_ms = round.floor.ageing_ms;
    let mut order: Vec<_> = waiting.iter().map(|waiting| (waiting.place().key(ageing_ms), waiting)).collect();
    order.sort_by_key(|(key, _)| *key);
    let mut seen = HashSet::with_capacity(order.len());
    for (_, waiting) in order {
        if seen.insert(waiting.conversation) {
            round.serve(waiting);
        }
    }
    round.routing
}

/// Why a conversation waits, or what would be done were it alone in the queue: the reasons that [`route`] leaves out,
/// with one line for every member of a department that it reaches. Of many [`Explainer`] says it.
pub fn explain(waiting: &Waiting, agents: &[AgentLoad], desks: &[Desk], now: i64) -> Vec<Reason> {
    Explainer::new(agents, desks, now).explain(waiting)
}

/// Explains one conversation after the other, as [`explain`] does, with the same agents and departments.
pub struct Explainer<'a> {
    floor: Floor<'a>,
}

impl<'a> Explainer<'a> {
    /// One for these agents and departments at this time, Unix milliseconds.
    pub fn new(agents: &'a [AgentLoad], desks: &'a [Desk], now: i64) -> Self {
        Self { floor: Floor::new(agents, desks, now) }
    }

    /// As [`explain`].
    pub fn explain(&mut self, waiting: &Waiting) -> Vec<Reason> {
        let post = match self.floor.post(waiting.department) {
            Err(unknown) => return vec![unknown],
            Ok(post) => post,
        };
        if let Some(why) = settled(waiting, post.desk) {
            return vec![why];
        }
        let chosen = self.floor.search(waiting, post);
        self.floor.reasons(waiting, post, chosen.as_ref())
    }
}

/// What makes asking agents pointless.
fn settled(waiting: &Waiting, desk: &Desk) -> Option<Reason> {
    if desk.policy.strategy == Strategy::Manual {
        return Some(Reason::Manual);
    }
    (waiting.absent == Absence::Called).then_some(Reason::Called)
}

/// A round of decisions under way.
struct Round<'a> {
    floor: Floor<'a>,
    routing: Routing,
    now: i64,
}

impl<'a> Round<'a> {
    fn serve(&mut self, waiting: &Waiting) {
        let post = match self.floor.post(waiting.department) {
            Ok(post) => post,
            Err(unknown) => return self.skip(waiting, vec![unknown]),
        };
        if let Some(why) = settled(waiting, post.desk) {
            let held = (why == Reason::Called).then(|| self.floor.search(waiting, post)).flatten();
            if let Some(chosen) = held {
                self.floor.promise(&chosen);
            }
            self.wake_when_over(waiting, post);
            return self.skip(waiting, vec![why]);
        }
        match self.floor.search(waiting, post) {
            Some(chosen) if waiting.absent == Absence::Kept => {
                let reasons = self.floor.reasons(waiting, post, Some(&chosen));
                self.floor.promise(&chosen);
                self.routing.calls.push(Call { conversation: waiting.conversation, reasons });
            }
            Some(chosen) => self.offer(waiting, post, &chosen),
            None => {
                self.wake_for(waiting, post);
                self.skip(waiting, self.floor.about(waiting, post));
            }
        }
    }

    fn offer(&mut self, waiting: &Waiting, post: Post<'a>, chosen: &Chosen) {
        let deadline_at = self.now.saturating_add(post.desk.policy.offer_deadline_ms.max(1));
        self.routing.decisions.push(Assignment {
            conversation: waiting.conversation,
            agents: self.floor.ids(chosen),
            department: self.floor.department_of(post, chosen),
            deadline_at,
            reasons: self.floor.reasons(waiting, post, Some(chosen)),
        });
        self.floor.occupy(chosen);
        self.wake(deadline_at);
    }

    fn skip(&mut self, waiting: &Waiting, reasons: Vec<Reason>) {
        self.routing.unserved.push(Skipped { conversation: waiting.conversation, reasons });
    }

    /// Whatever time alone changes about who can take a conversation that waits on.
    fn wake_for(&mut self, waiting: &Waiting, post: Post<'a>) {
        for rejection in &waiting.rejections {
            self.wake(candidate::forgotten_at(rejection, &post.desk.policy));
        }
        if let Some((_, at)) = self.floor.next_overflow(waiting, post) {
            self.wake(at);
        }
        self.wake_when_over(waiting, post);
    }

    fn wake_when_over(&mut self, waiting: &Waiting, post: Post<'a>) {
        if waiting.absent == Absence::Here {
            self.wake(waiting.waiting_since.saturating_add(post.desk.policy.max_wait_ms));
        }
    }

    fn wake(&mut self, at: i64) {
        if at > self.now {
            self.routing.wake_at = Some(self.routing.wake_at.map_or(at, |earlier| earlier.min(at)));
        }
    }
}
