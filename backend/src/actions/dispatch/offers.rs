//! Making the offers of a round, many in one write.

use std::collections::HashMap;

use domain::conversation::{Actor, Change, Command, Names};
use domain::policy::Policy;
use domain::routing::Assignment;
use protocol::entry::{Author, AuthorKind};
use protocol::ids::{ConversationId, TenantId};

use super::lenient;
use crate::actions::change::{Asker, Recording, Request, carry_out, new_offers};
use crate::actions::floor::Floor;
use crate::actions::publish;
use crate::app::App;
use crate::error::AppResult;
use crate::metrics::metrics;
use crate::store::conversation::Conversation;
use crate::store::{Conn, offer_batch};

/// Most offers that are made in one write, counted by agents asked: nobody's message waits behind more.
const AT_ONCE: usize = 32;

/// An offer to be made.
#[derive(Clone)]
struct Planned {
    conversation: ConversationId,
    command: Command,
    /// JSON.
    reasons: String,
    /// How many agents are asked.
    asked: usize,
}

/// Makes the offers of a round and notes them in `floor`. Whoever was faster than the dispatcher leaves an offer out
/// and no other. True when something was written that is not noted.
///
/// # Errors
/// When the database fails. What was made until then stays.
pub(super) async fn make(app: &App, floor: &mut Floor, assignments: &[Assignment]) -> AppResult<bool> {
    let mut waiting = assignments.iter().map(planned).collect::<AppResult<Vec<_>>>()?;
    let mut unnoted = false;
    while !waiting.is_empty() {
        let rest = waiting.split_off(first(&waiting));
        unnoted |= make_some(app, floor, std::mem::replace(&mut waiting, rest)).await?;
    }
    Ok(unnoted)
}

fn planned(assignment: &Assignment) -> AppResult<Planned> {
    let reasons = serde_json::to_string(&assignment.reasons).map_err(anyhow::Error::from)?;
    let (conversation, asked) = (assignment.conversation, assignment.agents.len());
    let command = Command::Offer { to: assignment.agents.clone(), deadline_at: assignment.deadline_at };
    Ok(Planned { conversation, command, reasons, asked })
}

/// How many of them are made in one write: at least one.
fn first(waiting: &[Planned]) -> usize {
    let mut asked = 0;
    let fit = waiting.iter().take_while(|planned| {
        asked += planned.asked;
        asked <= AT_ONCE
    });
    fit.count().max(1)
}

async fn make_some(app: &App, floor: &mut Floor, planned: Vec<Planned>) -> AppResult<bool> {
    let tenant = floor.tenant.id;
    let batch = Batch { tenant, planned: planned.clone(), policy: floor.policy.clone(), now: app.now() };
    let written = app.store.write(tenant, move |tx| Box::pin(async move { batch.write(tx).await })).await;
    let alone = match written {
        Ok(written) => {
            for row in written.offered {
                row.offered().iter().for_each(|_| metrics().offered("made"));
                publish::line_changed(app, tenant, &row);
                floor.note_offered(row);
            }
            written.busy
        }
        // One row that cannot be read must not keep the others from being offered.
        Err(error) => {
            tracing::warn!(%error, %tenant, "offers are made one by one");
            planned.iter().map(|planned| planned.conversation).collect()
        }
    };
    let (mut moved, mut failed) = (false, None);
    for planned in planned.into_iter().filter(|planned| alone.contains(&planned.conversation)) {
        let request = Request::new(Asker::System(tenant), planned.conversation, planned.command);
        match lenient(carry_out(app, Request { offer_reasons: Some(planned.reasons), ..request }).await) {
            Ok(made) => moved |= made,
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(moved), Err)
}

/// Offers that are made in one write.
struct Batch {
    tenant: TenantId,
    planned: Vec<Planned>,
    /// No rule of it is about offers; the state machine asks for one.
    policy: Policy,
    now: i64,
}

/// What came of a batch.
struct Written {
    /// What is offered now.
    offered: Vec<Conversation>,
    /// What somebody else was changing.
    busy: Vec<ConversationId>,
}

impl Batch {
    async fn write(&self, tx: &mut Conn) -> AppResult<Written> {
        let ids: Vec<_> = self.planned.iter().map(|planned| planned.conversation).collect();
        let rows = offer_batch::find(tx, self.tenant, &ids).await?;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        let author = Author { kind: AuthorKind::System, id: None, name: None };
        let Self { tenant, policy, now, .. } = self;
        let recording = Recording { tenant: *tenant, author: &author, cmid: None, policy, now: *now };
        let (mut written, mut offers) = (Written { offered: Vec::new(), busy: Vec::new() }, Vec::new());
        for planned in &self.planned {
            let Some(mut row) = rows.remove(&planned.conversation) else {
                written.busy.push(planned.conversation);
                continue;
            };
            // Somebody was faster: it is offered, held or over.
            let decided = row.projection().decide(&Actor::System, &planned.command, policy, *now);
            for change in decided.unwrap_or_default() {
                recording.fold(&mut row, &change, &Names::default())?;
                if let Change::Offered { to, deadline_at } = &change {
                    offers.extend(new_offers(row.id, (to, *deadline_at), &planned.reasons, *now));
                    row.touch(*now);
                    written.offered.push(row.clone());
                }
            }
        }
        offer_batch::insert(tx, *tenant, &offers).await?;
        offer_batch::save(tx, *tenant, &written.offered).await?;
        Ok(written)
    }
}
