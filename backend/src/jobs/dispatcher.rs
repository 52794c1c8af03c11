//! The dispatcher: one round after another for every tenant that needs one, woken by events and by the next
//! deadline, never by polling.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::ids::TenantId;

use crate::actions::dispatch::{Told, round};
use crate::app::App;
use crate::store::EveryTenant;
use crate::store::conversation;

/// A round that failed is tried again after this long, in milliseconds.
const RETRY_MS: i64 = 2_000;

#[derive(Default)]
struct Known {
    told: Told,
    wake_at: Option<i64>,
}

pub(super) async fn run(app: Arc<App>) {
    let mut tenants: HashMap<TenantId, Known> = HashMap::new();
    after_start(&app).await;
    loop {
        let next = tenants.values().filter_map(|known| known.wake_at).min();
        let mut due = tokio::select! {
            called = app.dispatcher.wait() => called,
            () = sleep_until(&app, next) => Default::default(),
        };
        let now = app.now();
        let timed = tenants.iter().filter(|(_, known)| known.wake_at.is_some_and(|at| at <= now));
        due.extend(timed.map(|(tenant, _)| *tenant));
        for tenant in due {
            let known = tenants.entry(tenant).or_default();
            known.wake_at = round(&app, tenant, &mut known.told).await.unwrap_or_else(|error| {
                tracing::error!(%error, %tenant, "a dispatcher round failed");
                Some(app.now() + RETRY_MS)
            });
        }
    }
}

/// Timers kept running while the process was down.
async fn after_start(app: &App) {
    let busy = async { conversation::busy_tenants(&mut app.store.read(EveryTenant).await?).await };
    match busy.await {
        Ok(tenants) => tenants.into_iter().for_each(|tenant| app.dispatcher.call(tenant)),
        Err(error) => tracing::error!(%error, "cannot find the tenants with open conversations"),
    }
}

async fn sleep_until(app: &App, at: Option<i64>) {
    match at {
        None => std::future::pending().await,
        Some(at) => {
            let ms = u64::try_from(at - app.now()).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }
}
