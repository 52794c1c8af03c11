//! The dispatcher: one round after another for every tenant that needs one, woken by events and by the next
//! deadline, never by polling.
//!
//! Of several servers each dispatches what happens on it, and takes turns with the others by a lock of the database's.
//! Each round tells the others when to look again; should its server be gone by then, another looks a little later. What
//! nobody was told of, because Redis was away, is found by looking for tenants with open conversations now and then. See
//! docs/decisions/0016.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::ids::TenantId;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::actions::dispatch::{Told, round};
use crate::app::App;
use crate::bus::News;
use crate::error::AppResult;
use crate::shared::Redis;
use crate::store::{EveryTenant, conversation};

/// A round that failed is tried again after this long, in milliseconds.
const RETRY_MS: i64 = 2_000;
/// Another server has the turn: it is tried again after this long, in milliseconds.
const BUSY_MS: i64 = 25;
/// A deadline of another server's is looked after when it has passed for this long, in milliseconds.
const TAKE_OVER_MS: i64 = 2_000;
/// How long what people were told is remembered, in seconds.
const REMEMBERED_S: u32 = 3600;
/// How long remembering may take.
const REMEMBER_WITHIN: Duration = Duration::from_millis(250);
/// How often tenants with open conversations are looked for that nobody dispatches for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// What was known for so long without any news may be wrong.
const STALE: Duration = Duration::from_secs(60);

struct Known {
    told: Told,
    wake_at: Option<i64>,
    /// This server was woken and has not had a round since.
    owes: bool,
    known_at: Instant,
}

impl Default for Known {
    fn default() -> Self {
        Self { told: Told::default(), wake_at: None, owes: false, known_at: Instant::now() }
    }
}

pub(super) async fn run(app: Arc<App>) {
    let mut tenants: HashMap<TenantId, Known> = HashMap::new();
    let mut sweeps = interval(SWEEP_EVERY);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut swept = false;
    loop {
        let next = tenants.values().filter_map(|known| known.wake_at).min();
        let mut due = tokio::select! {
            called = app.dispatcher.wait() => called,
            news = app.bus.news() => {
                heard(&mut tenants, news);
                continue;
            }
            // Timers kept running while nobody served. A server alone looks once.
            _ = sweeps.tick(), if !(app.store.is_own() && swept) => {
                swept = true;
                sweep(&app, &tenants).await
            }
            () = until(&app, next) => HashSet::new(),
        };
        let now = app.now();
        let timed = tenants.iter().filter(|(_, known)| known.wake_at.is_some_and(|at| at <= now));
        due.extend(timed.map(|(tenant, _)| *tenant));
        for tenant in due {
            let known = tenants.entry(tenant).or_default();
            let outcome = dispatch(&app, tenant, &mut known.told).await;
            known.known_at = Instant::now();
            known.owes = !matches!(outcome, Ok(Outcome::Done(_)));
            known.wake_at = match outcome {
                Ok(Outcome::Done(wake_at)) => wake_at,
                Ok(Outcome::NotMyTurn) => Some(app.now() + BUSY_MS),
                Err(error) => {
                    tracing::error!(%error, %tenant, "a dispatcher round failed");
                    Some(app.now() + RETRY_MS)
                }
            };
        }
    }
}

enum Outcome {
    Done(Option<i64>),
    NotMyTurn,
}

/// A round, when it is this server's turn.
async fn dispatch(app: &App, tenant: TenantId, told: &mut Told) -> AppResult<Outcome> {
    let Some(turn) = app.store.turn(tenant).await? else { return Ok(Outcome::NotMyTurn) };
    if let Some(redis) = &app.shared {
        *told = recall(redis, tenant).await;
    }
    let wake_at = round(app, tenant, told).await?;
    if let Some(redis) = &app.shared {
        remember(redis, tenant, told).await;
    }
    app.bus.tell_nodes(News::Round { tenant, wake_at });
    turn.end().await?;
    Ok(Outcome::Done(wake_at))
}

/// What people were told last, by whichever server. Everything is told again when nobody knows.
async fn recall(redis: &Redis, tenant: TenantId) -> Told {
    let command = redis::cmd("GET").arg(redis.name(&format!("told:{tenant}"))).clone();
    let text = redis.ask::<Option<String>>(&command, REMEMBER_WITHIN).await.ok().flatten();
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

async fn remember(redis: &Redis, tenant: TenantId, told: &Told) {
    let key = redis.name(&format!("told:{tenant}"));
    let text = serde_json::to_string(told).unwrap_or_default();
    let command = redis::cmd("SET").arg(&key).arg(text).arg("EX").arg(REMEMBERED_S).clone();
    if redis.ask::<redis::Value>(&command, REMEMBER_WITHIN).await.is_err() {
        // What is there is old. Should this not arrive either, it has a time limit, and sessions read their state
        // again when Redis is back.
        let _ = redis.ask::<redis::Value>(redis::cmd("DEL").arg(&key), REMEMBER_WITHIN).await;
    }
}

/// Another server has dispatched.
fn heard(tenants: &mut HashMap<TenantId, Known>, News::Round { tenant, wake_at }: News) {
    let known = tenants.entry(tenant).or_default();
    let own = known.wake_at.filter(|_| known.owes);
    known.wake_at = [own, wake_at.map(|at| at + TAKE_OVER_MS)].into_iter().flatten().min();
    known.known_at = Instant::now();
}

/// Tenants with something to do of which nothing is known.
async fn sweep(app: &App, tenants: &HashMap<TenantId, Known>) -> HashSet<TenantId> {
    let busy = async { conversation::busy_tenants(&mut app.store.read(EveryTenant).await?).await };
    let is_known = |tenant: &TenantId| tenants.get(tenant).is_some_and(|known| known.known_at.elapsed() < STALE);
    match busy.await {
        Ok(busy) => busy.into_iter().filter(|tenant| !is_known(tenant)).collect(),
        Err(error) => {
            tracing::error!(%error, "cannot find the tenants with open conversations");
            HashSet::new()
        }
    }
}

async fn until(app: &App, at: Option<i64>) {
    match at {
        None => std::future::pending().await,
        Some(at) => {
            let ms = u64::try_from(at - app.now()).unwrap_or(0);
            sleep_until(Instant::now() + Duration::from_millis(ms)).await;
        }
    }
}
