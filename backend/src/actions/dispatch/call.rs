use domain::conversation::Command;
use domain::routing::Call;

use super::lenient;
use crate::actions::change::{self, Asker, Request};
use crate::actions::floor::Floor;
use crate::actions::notify_turn::{Call as Letter, your_turn};
use crate::app::App;
use crate::clock::new_id;
use crate::error::AppResult;
use crate::store::routing_decision::{self, Decision};

/// Writes to a visitor who keeps a place that it is their turn, in the write that holds the place (C18). False when
/// the visitor or an agent was faster.
pub(super) async fn call(app: &App, floor: &Floor, called: &Call) -> AppResult<bool> {
    let Some(row) = floor.queue.iter().find(|row| row.id == called.conversation) else { return Ok(false) };
    let (tenant, id, now) = (floor.tenant.id, row.id, app.now());
    let deadline_at = now.saturating_add(floor.rules(row.department_id).call_hold_ms);
    let reasons = serde_json::to_string(&called.reasons).map_err(anyhow::Error::from)?;
    let kind = routing_decision::CALLED.to_owned();
    let decision = Decision { id: new_id(now), conversation_id: id, at: now, kind, reasons };
    let request = Request::new(Asker::System(tenant), id, Command::Call { deadline_at });
    let Some(letter) = Letter::new(app, tenant, row, deadline_at)? else { return Ok(false) };
    let write = app.store.write((tenant, id), move |tx| {
        Box::pin(async move {
            let outcome = change::write(tx, &request, now).await?;
            your_turn(tx, tenant, &outcome.row, &letter).await?;
            routing_decision::insert(tx, tenant, &[decision]).await?;
            Ok(outcome)
        })
    });
    let written = write.await;
    let made = match written {
        Ok(outcome) => {
            app.mailer.call(());
            change::announce(app, tenant, outcome);
            Ok(())
        }
        Err(error) => Err(error),
    };
    lenient(made)
}
