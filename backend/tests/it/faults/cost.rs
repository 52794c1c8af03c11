//! What a server process has used.

use crate::world::World;

/// CPU time in milliseconds and resident memory in KiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    cpu_ms: u64,
    resident_kib: u64,
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
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let resident = resident.split_whitespace().next().expect("a number");
        Self { cpu_ms: (number(fields[11]) + number(fields[12])) * 1_000 / TICKS, resident_kib: number(resident) }
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
