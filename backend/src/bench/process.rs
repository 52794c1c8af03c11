//! What the kernel knows about processes (`/proc`, Linux).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

/// The kernel counts CPU time for user space in this many ticks a second, on every architecture.
const TICKS_PER_S: u64 = 100;

/// Processes that are watched, and counted together.
#[derive(Debug, Clone)]
pub(super) struct Processes {
    ids: Vec<u32>,
}

impl Processes {
    /// The processes with these ids; one that is named twice counts once.
    ///
    /// # Errors
    /// When one of them does not run, or cannot be asked for.
    pub(super) fn new(mut ids: Vec<u32>) -> anyhow::Result<Self> {
        ids.sort_unstable();
        ids.dedup();
        if let Some(id) = ids.iter().find(|id| rss(**id).is_none()) {
            bail!("--server-pid: there is no process {id}, or no /proc to ask");
        }
        Ok(Self { ids })
    }

    /// Memory in use (resident set) of all, in bytes; nothing when one of them is gone.
    pub(super) fn rss(&self) -> Option<u64> {
        self.ids.iter().map(|id| rss(*id)).sum()
    }

    /// CPU time used so far, of all threads of all; nothing when one of them is gone.
    pub(super) fn cpu(&self) -> Option<Duration> {
        self.ids.iter().map(|id| cpu(*id)).sum()
    }
}

fn rss(id: u32) -> Option<u64> {
    let status = read(id, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn cpu(id: u32) -> Option<Duration> {
    let stat = read(id, "stat")?;
    // The name may hold spaces and brackets; fields are counted from behind its last bracket.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1_000 / TICKS_PER_S))
}

fn read(id: u32, file: &str) -> Option<String> {
    std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join(file)).ok()
}

/// This process.
pub(super) fn own() -> Processes {
    Processes { ids: vec![std::process::id()] }
}

/// How many files and connections this process may have open.
pub(super) fn descriptors() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Waits until the memory of the processes has not grown for a while.
pub(super) async fn settled(processes: &Processes) -> anyhow::Result<u64> {
    let read = || processes.rss().context("the server is gone");
    let mut last = read()?;
    let mut calm = 0;
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = read()?;
        calm = if now.abs_diff(last) < 256 * 1024 { calm + 1 } else { 0 };
        last = now;
        if calm == 4 {
            break;
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_counted_together_and_only_while_all_run() {
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let (ours, theirs) = (std::process::id(), other.id());
        let all = Processes::new(vec![ours, theirs, ours]).unwrap();
        assert_eq!(all.ids.len(), 2);
        // Other tests of this process use time and memory meanwhile: time only grows, and the other process stays as it is.
        let before = own().cpu();
        let alone = Processes::new(vec![theirs]).unwrap();
        assert!(before.is_some() && all.cpu() >= before && all.rss() > alone.rss());
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!((all.rss(), all.cpu()), (None, None));
        assert!(Processes::new(vec![ours, theirs]).is_err());
    }
}
