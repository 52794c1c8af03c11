//! A message, file or note for a conversation that goes on: nothing changes but the log and what counts it.
//! Nearly every write is one, so they share their statements (`store/append/`). The same rules decide as
//! everywhere, in memory; whatever would change more is left to [`super::change`].

use domain::conversation::{Change, Command, Names, Written};
use protocol::ids::{Cmid, ConversationId};
use protocol::state::{Availability, ConversationState};

use super::change::{self, Outcome, Recording};
use super::{Done, access, log};
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult};
use crate::planted::{self, Bug, planted};
use crate::store::append::{Address, Appended, Decided, Found, Head};
use crate::store::entry::Stored;

/// How a post ended.
pub(super) enum Posted {
    /// It is stored, now or from an earlier send.
    Done(Done),
    /// It would change more than the log. Nothing is stored.
    NotPlain,
}

/// Writes into a conversation that goes on, and publishes.
pub(super) async fn append(
    app: &App,
    who: &Principal,
    (conversation, cmid): (ConversationId, Cmid),
    written: &Written,
) -> AppResult<Posted> {
    planted::message_begins();
    let tenant = who.tenant();
    let author = match who {
        Principal::Visitor(visitor) => visitor.visitor.0,
        Principal::Agent(agent) => agent.agent.0,
    };
    // In a conversation that goes on nobody asks whether somebody is there.
    let command = Command::Post { written: written.clone(), availability: Availability::Online };
    let post = Post { who: who.clone(), cmid, command, now: app.now() };
    let address = Address { tenant, conversation, author, cmid };
    let outcome = app.store.append(address, move |found| post.decide(found)).await?;
    Ok(outcome.map_or(Posted::NotPlain, |outcome| Posted::Done(change::announce(app, tenant, outcome))))
}

struct Post {
    who: Principal,
    cmid: Cmid,
    command: Command,
    now: i64,
}

impl Post {
    /// Decides about the post; no outcome means that it is not plain.
    fn decide(&self, found: Found<'_>) -> Decided<Option<Outcome>> {
        let head = found.head.ok_or_else(|| AppError::not_found("conversation"))?;
        if head.suspended {
            return Err(access::suspended());
        }
        if !access::may_read(&self.who, &head.row) {
            return Err(AppError::not_found("conversation"));
        }
        let mut cmid = Some(self.cmid);
        if let Some(stored) = self.first(head, found.stored) {
            if planted(Bug::DedupeOff) {
                cmid = None;
            } else {
                return Ok((None, Some(self.again(head, stored))));
            }
        }
        if matches!(head.row.state, ConversationState::Closed | ConversationState::Offline) {
            return Ok((None, None));
        }
        let actor = change::person(&self.who);
        let decided = head.row.projection().decide(&actor, &self.command, &head.policy, self.now);
        let changes = decided.map_err(change::refused)?;
        let is_plain = |change: &Change| matches!(change, Change::Wrote(_) | Change::ReplyStarted { .. });
        if !changes.iter().all(is_plain) {
            return Ok((None, None));
        }
        self.carry_out(head, &changes, cmid)
    }

    /// The first answer again.
    fn again(&self, head: &Head, stored: Stored) -> Outcome {
        let done = Done::stored(self.cmid, stored);
        Outcome { row: head.row.clone(), items: vec![], moved: false, done }
    }

    fn carry_out(&self, head: &Head, changes: &[Change], cmid: Option<Cmid>) -> Decided<Option<Outcome>> {
        let author = match &self.who {
            Principal::Visitor(visitor) => log::named_visitor(visitor, head.visitor_name.clone()),
            Principal::Agent(agent) => log::agent_author(agent),
        };
        let recording =
            Recording { tenant: self.who.tenant(), author: &author, cmid, policy: &head.policy, now: self.now };
        let mut row = head.row.clone();
        let mut written = None;
        for change in changes {
            if let Some(new) = recording.fold(&mut row, change, &Names::default())? {
                written = Some(new);
            }
        }
        // A post writes one entry.
        let Some((entry, item)) = written else { return Ok((None, None)) };
        let items = vec![item];
        let done = change::done(&row, &items, Some(self.cmid));
        let outcome = Outcome { moved: change::moved(&head.row, &row), done, items, row: row.clone() };
        Ok((Some(Appended { row, entry }), Some(outcome)))
    }

    /// Where this send was stored before (C2): an agent's in this conversation; a visitor's in any, because the
    /// one it named may have ended then.
    fn first(&self, head: &Head, stored: &[Stored]) -> Option<Stored> {
        let counts = |stored: &&Stored| match self.who {
            Principal::Visitor(_) => true,
            Principal::Agent(_) => stored.conversation_id == head.row.id,
        };
        stored.iter().find(counts).copied()
    }
}

#[cfg(test)]
mod tests;
