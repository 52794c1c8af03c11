//! F3: writing fails. F4: the disk is full. F9: somebody else holds the database.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use faults::checker::{Answer, Sent};
use protocol::error::ErrorCode;
use protocol::ids::ConversationId;
use sqlx::Connection;

use super::kills::judge_two;
use crate::basics::{eventually, eventually_within};
use crate::database::on_postgres;
use crate::people::{Visitor, cmid, in_conversation, message};
use crate::senders::Sender;
use crate::wire::{Client, Failure, Over};
use crate::world::{Plan, World};

/// Longest wait for an answer while the storage fails: the busy timeout and some time to notice.
const ANSWERS_WITHIN: Duration = Duration::from_secs(8);
/// Longest until sends work after the storage does (C14).
const RECOVERS_WITHIN: Duration = Duration::from_secs(10);

/// A send while the storage fails: refused with `unavailable` and a time to try again, in time.
async fn is_refused(vera: &Client, conversation: ConversationId, why: &str) -> Sent {
    let cmid = cmid();
    let text = format!("{why} {cmid}");
    let asked = Instant::now();
    match vera.ask(message(Some(conversation), cmid, &text)).await {
        Err(Failure::Refused(refused)) => {
            assert_eq!(refused.code, ErrorCode::Unavailable, "{why}: {refused:?}");
            assert!(refused.retry_after_ms.is_some(), "{why}: {refused:?}");
        }
        other => panic!("{why}: not refused: {other:?}"),
    }
    assert!(asked.elapsed() < ANSWERS_WITHIN, "{why}: refused only after {:?}", asked.elapsed());
    // Whether it is stored nobody knows: the sync may have failed after the write.
    Sent { sender: format!("vera, {why}"), cmid, text: Some(text), answers: vec![Answer::Info] }
}

/// Reading works, and the process says that it lives.
async fn can_be_read(world: &World, vera: &Visitor, conversation: ConversationId) {
    let mut tab = vera.another_tab();
    tab.connect(Over::Poll).await;
    let history = protocol::command::Fetch { conversation, after: 0 };
    tab.must(protocol::command::Command::Fetch(history)).await;
    assert!(tab.look(|view| !view.items(conversation).is_empty()), "the history can be read");
    let health = reqwest::get(format!("{}/healthz", world.url())).await.expect("an answer");
    assert_eq!(health.status(), 200);
}

/// The storage works again: so do sends, soon, by themselves.
async fn recovers(vera: &mut Client, conversation: ConversationId, after: &str) -> Vec<Sent> {
    let begun = Instant::now();
    let sent = Sender::new(vera, &format!("vera after {after}"), [Over::Socket; 2], conversation).times(5).await;
    assert!(begun.elapsed() < RECOVERS_WITHIN, "{after}: sends work again only after {:?}", begun.elapsed());
    sent
}

/// System calls of a process made to fail, until the value goes.
struct Injection(Child);

impl Injection {
    /// Makes every such call of every thread fail. `None`, with the reason on the screen, where this is not
    /// allowed or not possible.
    async fn begin(pid: u32, calls: &str, error: &str) -> Option<Self> {
        let spawned = Command::new("strace")
            .args(["-qq", "-f", "-o", "/dev/null", "-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:error={error}"), "-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut strace = match spawned {
            Ok(strace) => strace,
            Err(error) => {
                return skip(&format!("strace cannot be started ({error}); scripts/setup-test.sh installs it"));
            }
        };
        let traced = eventually("strace has taken hold of every thread, or has given up", || {
            let ended = strace.try_wait().expect("a child").is_some();
            async move { (ended || is_traced(pid)).then_some(!ended) }
        })
        .await;
        if !traced {
            return skip("strace may not trace another process here (it needs the right ptrace)");
        }
        Some(Self(strace))
    }

    /// Calls work again.
    fn end(mut self) {
        // SIGTERM: strace lets go of the process before it ends.
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        self.0.wait().expect("its end");
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn skip<T>(reason: &str) -> Option<T> {
    eprintln!("SKIPPED: {reason}");
    None
}

fn is_traced(pid: u32) -> bool {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    tasks.flatten().all(|task| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
    })
}

#[tokio::test]
async fn f03_when_syncing_or_writing_fails_nothing_is_acked_and_everything_recovers() {
    if on_postgres() {
        return skip("the file is SQLite's").unwrap_or_default();
    }
    let world = World::with(Plan::default().unlimited()).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut sent = Vec::new();
    let failures =
        [("fsync,fdatasync", "EIO"), ("fsync,fdatasync", "ENOSPC"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC")];
    for (calls, error) in failures {
        let Some(injection) = Injection::begin(world.pid(), calls, error).await else { return };
        let why = format!("{calls} {error}");
        sent.push(is_refused(&vera, conversation, &why).await);
        sent.push(is_refused(&vera, conversation, &format!("{why} again")).await);
        can_be_read(&world, &vera, conversation).await;
        injection.end();
        sent.extend(recovers(&mut vera, conversation, &why).await);
    }
    world.restart().await;
    judge_two(&world, conversation, &sent, (&mut vera, &mut ann)).await.assert_clean();
}

/// Bounds the size of every file the server writes; what it writes beyond fails, as on a full disk. Needs no
/// rights: who may not mount a small disk can run this.
fn limit_files(world: &World, bytes: &str) {
    let limited =
        Command::new("prlimit").args(["--pid", &world.pid().to_string(), &format!("--fsize={bytes}:")]).status();
    assert!(limited.expect("prlimit runs").success());
}

#[tokio::test]
async fn f04_a_full_disk_refuses_sends_serves_reads_and_recovers_when_there_is_room() {
    if on_postgres() {
        return skip("the file is SQLite's").unwrap_or_default();
    }
    // The signal that comes with the error is for programs that do not look at results.
    let launcher = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""].map(str::to_owned).to_vec();
    let world = World::with(Plan { launcher, ..Plan::default().unlimited() }).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut sent = Vec::new();
    for round in 0..2 {
        limit_files(&world, "0");
        sent.push(is_refused(&vera, conversation, &format!("full {round}")).await);
        can_be_read(&world, &vera, conversation).await;
        sent.push(is_refused(&vera, conversation, &format!("still full {round}")).await);
        limit_files(&world, "unlimited");
        sent.extend(recovers(&mut vera, conversation, &format!("full {round}")).await);
        assert_eq!(world.integrity().await, "ok");
    }
    judge_two(&world, conversation, &sent, (&mut vera, &mut ann)).await.assert_clean();
}

/// How long the other writer holds the lock.
const HELD: Duration = Duration::from_secs(10);

#[tokio::test]
async fn f09_a_second_writer_that_holds_the_lock_delays_or_refuses_and_blocks_no_reader() {
    if on_postgres() {
        return skip("the file is SQLite's").unwrap_or_default();
    }
    let world = World::with(Plan::default().unlimited()).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.data().join("frontdesk.db"));
    let mut other = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
    sqlx::query("begin immediate").execute(&mut other).await.expect("the lock");
    let held = Instant::now();
    let mut sent = vec![is_refused(&vera, conversation, "locked").await];
    can_be_read(&world, &vera, conversation).await;
    eventually_within(HELD * 2, "the lock is held long enough", || async { (held.elapsed() > HELD).then_some(()) })
        .await;
    sqlx::query("rollback").execute(&mut other).await.expect("the lock goes");
    sent.extend(recovers(&mut vera, conversation, "a lock").await);
    judge_two(&world, conversation, &sent, (&mut vera, &mut ann)).await.assert_clean();
}
