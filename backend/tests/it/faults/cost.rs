//! What a server process has used.

use crate::world::World;

/// CPU time in milliseconds, resident memory and memory of its own (resident or not) in KiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    cpu_ms: u64,
    resident_kib: u64,
    data_kib: u64,
}

/// Ticks of a second in `/proc/PID/stat`; the same on every Linux there is.
const TICKS: u64 = 100;

impl Cost {
    /// Up to now.
    pub(super) fn of(world: &World) -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", world.pid())).expect("a process");
        let stat = read("stat");
        // After the name in parentheses, which may hold anything, utime and stime are the 12th and 13th.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number = |text: &str| text.parse::<u64>().expect("a number");
        let status = read("status");
        let memory = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("its memory");
            number(line.split_whitespace().next().expect("a number"))
        };
        let cpu_ms = (number(fields[11]) + number(fields[12])) * 1_000 / TICKS;
        Self { cpu_ms, resident_kib: memory("VmRSS:"), data_kib: memory("VmData:") }
    }

    /// Memory of its own, in KiB: what a limit of data counts.
    pub(super) fn data_kib(&self) -> u64 {
        self.data_kib
    }

    /// CPU time since, in milliseconds.
    pub(super) fn cpu_since(world: &World, before: Self) -> u64 {
        Self::of(world).cpu_ms - before.cpu_ms
    }

    /// Growth of the resident memory since, in KiB.
    pub(super) fn growth_since(world: &World, before: Self) -> u64 {
        Self::of(world).resident_kib.saturating_sub(before.resident_kib)
    }
}
