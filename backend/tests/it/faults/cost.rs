//! What a server process has used, and what is little.

use super::frames::greeted;
use crate::world::World;

/// How often everything is done whose cost is looked at: CPU time is counted in hundredths of a second.
pub(super) const TIMES: u64 = 10;
/// Something hostile may cost as much as so many connections that only say hello. Frames cost it up to three times as
/// much (1,000 pings that are answered, before the flood is cut), JSON less than one.
const HELLOS: u64 = 10;
/// Cheap on any machine, in milliseconds for [`TIMES`]: not worth a comparison with something as short.
const CHEAP_MS: u64 = 500;

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

    /// What was done [`TIMES`] times since must have cost little, compared with what honest connections cost right now: how much
    /// that is, depends on the machine and on who else uses it.
    pub(super) async fn was_little_since(world: &World, before: Self, token: &str, what: &str) {
        let cpu = Self::cpu_since(world, before);
        if cpu <= CHEAP_MS {
            return;
        }
        let before = Self::of(world);
        for _ in 0..TIMES {
            greeted(world, token).await;
        }
        let hellos = Self::cpu_since(world, before);
        assert!(cpu <= hellos * HELLOS, "{what}: {cpu} ms of CPU for {TIMES}, where as many hellos cost {hellos} ms");
    }

    /// Growth of the resident memory since, in KiB.
    pub(super) fn growth_since(world: &World, before: Self) -> u64 {
        Self::of(world).resident_kib.saturating_sub(before.resident_kib)
    }
}
