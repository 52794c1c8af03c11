//! What the kernel knows about a process (`/proc`, Linux).

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

/// The kernel counts CPU time for user space in this many ticks a second, on every architecture.
const TICKS_PER_S: u64 = 100;

/// A process that is watched.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) id: u32,
}

impl Process {
    /// The process with this id.
    pub(super) fn new(id: u32) -> anyhow::Result<Self> {
        let process = Self { id };
        if process.rss().is_none() {
            bail!("--server-pid: there is no process {id}, or no /proc to ask");
        }
        Ok(process)
    }

    /// Memory in use (resident set), in bytes.
    pub(super) fn rss(&self) -> Option<u64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    }

    /// CPU time used so far, of all threads.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let stat = self.read("stat")?;
        // The name may hold spaces and brackets; fields are counted from behind its last bracket.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        let user: u64 = fields.next()?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        Some(Duration::from_millis((user + system) * 1_000 / TICKS_PER_S))
    }

    fn read(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(PathBuf::from("/proc").join(self.id.to_string()).join(file)).ok()
    }
}

/// This process.
pub(super) fn own() -> Process {
    Process { id: std::process::id() }
}

/// How many files and connections this process may have open.
pub(super) fn descriptors() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Waits until the memory of a process has not grown for a while.
pub(super) async fn settled(process: &Process) -> anyhow::Result<u64> {
    let read = || process.rss().context("the server is gone");
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
