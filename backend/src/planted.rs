//! Faults planted on purpose, chosen by `FRONTDESK_PLANTED_BUG` when the process starts. They exist in builds
//! with the feature `planted-bugs` only, which are those of tests: the tests show that each is noticed, by name.
//! Elsewhere [`planted`] is `false` and nothing of it is left in the program.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The same send again is stored again.
    DedupeOff,
    /// The answer leaves before COMMIT, which waits for the next message.
    AckBeforeCommit,
    /// The answer to the same send again differs from the first.
    AckDiffers,
    /// What a write would have stored is told, and the write rolls back.
    EventRolledBack,
    /// Positions are times, in whole seconds.
    ResumeByTime,
    /// A waiting session is not woken by entries, and they are lost with it.
    LostWakeUp,
    /// A client that comes back goes on with what is new, and misses what came meanwhile.
    DropOnReconnect,
    /// Entries go to every visitor.
    Leak,
    /// Catching up leaves an entry out.
    SkipInCatchUp,
    /// Catching up goes backwards.
    CatchUpBackwards,
    /// Several commands of one request run in the wrong order.
    CommandsReversed,
    /// Entries are linked to nothing.
    BrokenChain,
    /// A statement does not ask for its tenant: a visitor is found by id alone.
    ForgottenTenant,
    /// No bug but a bad bus: one note of ten is lost, one comes twice, one comes up to 5 s late.
    UnreliableBus,
}

/// Every fault by the name it is chosen by.
pub const NAMES: [(&str, Bug); 14] = [
    ("dedupe-off", Bug::DedupeOff),
    ("ack-before-commit", Bug::AckBeforeCommit),
    ("ack-differs", Bug::AckDiffers),
    ("event-rolled-back", Bug::EventRolledBack),
    ("resume-by-time", Bug::ResumeByTime),
    ("lost-wake-up", Bug::LostWakeUp),
    ("drop-on-reconnect", Bug::DropOnReconnect),
    ("leak", Bug::Leak),
    ("skip-in-catch-up", Bug::SkipInCatchUp),
    ("catch-up-backwards", Bug::CatchUpBackwards),
    ("commands-reversed", Bug::CommandsReversed),
    ("broken-chain", Bug::BrokenChain),
    ("forgotten-tenant", Bug::ForgottenTenant),
    ("unreliable-bus", Bug::UnreliableBus),
];

/// Where the process can be told to die at once, as by a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Everything of a commit is written but the commit.
    BeforeCommit,
    /// It is committed and nobody knows.
    AfterCommit,
    /// The answer is ready and has not left.
    BeforeAck,
}

/// Whether this fault was chosen.
#[cfg(feature = "planted-bugs")]
pub fn planted(bug: Bug) -> bool {
    static CHOSEN: std::sync::LazyLock<Option<Bug>> = std::sync::LazyLock::new(|| {
        let name = std::env::var("FRONTDESK_PLANTED_BUG").ok()?;
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, bug)| *bug)
    });
    *CHOSEN == Some(bug)
}

/// Whether this fault was chosen: never in this build.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn planted(_bug: Bug) -> bool {
    false
}

/// Says that a message is being written: [`Bug::AckBeforeCommit`] begins with the first of them.
#[cfg(feature = "planted-bugs")]
pub fn message_begins() {
    MESSAGES.fetch_add(1, Ordering::AcqRel);
}

/// Does nothing in this build.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn message_begins() {}

/// How many messages have begun to be written.
pub fn messages() -> usize {
    MESSAGES.load(Ordering::Acquire)
}

/// Returns when another message begins to be written than the first `begun`, or nobody writes one for two seconds: time
/// enough to cut the power meanwhile, on a machine that is busy with other things.
pub async fn next_message(begun: usize) {
    let next = async {
        while messages() == begun {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), next).await;
}

static MESSAGES: AtomicUsize = AtomicUsize::new(0);

/// Dies here when `FRONTDESK_CRASH_AT` says so: `before-commit:7` is the seventh time.
#[cfg(feature = "planted-bugs")]
pub fn crash_point(point: Point) {
    use std::sync::LazyLock;
    use std::sync::atomic::AtomicI64;
    static CHOSEN: LazyLock<Option<(Point, AtomicI64)>> = LazyLock::new(|| {
        let text = std::env::var("FRONTDESK_CRASH_AT").ok()?;
        let (name, times) = text.split_once(':')?;
        let point = match name {
            "before-commit" => Point::BeforeCommit,
            "after-commit" => Point::AfterCommit,
            "before-ack" => Point::BeforeAck,
            _ => return None,
        };
        Some((point, AtomicI64::new(times.parse().ok()?)))
    });
    if let Some((chosen, left)) = &*CHOSEN
        && *chosen == point
        && left.fetch_sub(1, Ordering::AcqRel) == 1
    {
        std::process::abort();
    }
}

/// Does nothing in this build.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn crash_point(_point: Point) {}
