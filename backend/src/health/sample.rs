//! Numbers that are only known when somebody looks: set just before they are told.

use crate::app::App;
use crate::metrics::metrics;
use crate::realtime::Realtime;
use crate::store::overview::Load;
use crate::store::{EveryTenant, overview};

use super::{Status, readiness};

/// Sets every gauge that nobody counts.
pub(super) async fn sample(app: &App, realtime: &Realtime) {
    let metrics = metrics();
    metrics.uptime.set(metrics.began.elapsed().as_secs_f64());
    metrics.ready.set(flag(readiness(app, realtime).await.status != Status::NotReady));
    metrics.draining.set(flag(realtime.hub.is_draining()));
    metrics.bus_up.set(flag(app.bus.works()));
    metrics.writes_waiting.set(number(app.store.waiting()));
    let (used, most) = app.store.connections();
    metrics.pool_used.set(number(used));
    metrics.pool_size.set(f64::from(most));
    let load = async { overview::load(&mut app.store.read(EveryTenant).await?).await }.await;
    metrics.database_up.set(flag(load.is_ok() && app.store.is_writable()));
    if let Ok(load) = load {
        waiting(&load, app.now());
    }
    // Tens of thousands of descriptors take a moment to count.
    if let Ok(process) = tokio::task::spawn_blocking(Process::look).await {
        metrics.resident.set(number(process.resident));
        metrics.descriptors.set(number(process.descriptors));
        metrics.descriptors_limit.set(number(process.limit));
    }
}

fn waiting(load: &Load, now: i64) {
    let metrics = metrics();
    let age = |since: Option<i64>| since.map_or(0.0, |since| (now - since).max(0) as f64 / 1000.0);
    metrics.waiting.set(load.waiting as f64);
    metrics.longest_wait.set(age(load.waiting_since));
    metrics.active.set(load.active as f64);
    metrics.mail_waiting.set(load.mail_waiting as f64);
    metrics.mail_oldest.set(age(load.mail_since));
    metrics.mail_failed.set(load.mail_failed as f64);
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn number(count: usize) -> f64 {
    count as f64
}

/// What the system says about this process.
struct Process {
    resident: usize,
    descriptors: usize,
    limit: usize,
}

impl Process {
    fn look() -> Self {
        let limit = rlimit::Resource::NOFILE.get().map_or(0, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX));
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = kilobytes.and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
        // Looking takes a descriptor: when there is none left, all are used.
        let descriptors = std::fs::read_dir("/proc/self/fd").map_or(limit, |list| list.count().saturating_sub(1));
        Self { resident: kilobytes.unwrap_or(0) * 1024, descriptors, limit }
    }
}
