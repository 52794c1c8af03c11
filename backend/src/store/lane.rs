//! Group commit. One task owns the writing connection, takes everything that waits (up to a bound), writes it
//! in one transaction, commits once, then answers each. That is where durable throughput comes from: the cost
//! of a commit is shared, and nobody waits for a timer.
//!
//! Two kinds of work: appends, which share their statements too (`append/`), and jobs, each in its own
//! savepoint, so that one that fails rolls back alone.
//!
//! A transaction that cannot begin or commit is answered by an error that passes (C14); so is everything that
//! waited meanwhile, so that nobody waits longer than the database's own time limit. From then on a small write
//! of the lane's own finds out when the database is back, if nobody else's does.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use protocol::ids::ConversationId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::append::{self, Address, Append, Decided, Found, Heads};
use super::broken::is_broken;
use super::source::Source;
use super::{Conn, EveryTenant, Scope, meta, on, wall};
use crate::error::{AppError, AppResult};
use crate::metrics::metrics;
use crate::planted::{self, Bug, Point, crash_point, planted};

/// Most work in one commit: bounds how long the first of it waits.
const BATCH: usize = 256;
/// Most work waiting; a sender beyond that waits for room, which is the back-pressure.
const WAITING: usize = 4096;
/// How often a lane that failed and has nothing to do tries whether the database is back.
const PROBE_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Lane {
    waiting: mpsc::Sender<Work>,
    works: Arc<AtomicBool>,
}

enum Work {
    Append(Box<dyn Append>),
    Job(Box<dyn Job>),
    /// The last thing asked of a lane; answered when its connection is closed.
    Close(oneshot::Sender<()>),
}

type Appends = Vec<Box<dyn Append>>;
type Jobs = Vec<Box<dyn Job>>;

trait Job: Send {
    /// Whose rows it touches.
    fn scope(&self) -> Scope;
    /// Runs inside the job's savepoint.
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> BoxFuture<'c, Ran>;
    /// Answers whoever waits, once the fate of the transaction is known.
    fn finish(self: Box<Self>, committed: Result<(), &str>);
}

/// How a job went.
enum Ran {
    /// What it wrote stays.
    Well,
    /// What it wrote goes.
    Badly,
    /// The database failed under it: nothing of the transaction can be trusted.
    Broken(String),
}

struct Typed<F, T> {
    scope: Scope,
    work: Option<F>,
    outcome: Option<AppResult<T>>,
    reply: oneshot::Sender<AppResult<T>>,
}

impl<F, T> Job for Typed<F, T>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, AppResult<T>> + Send,
{
    fn scope(&self) -> Scope {
        self.scope
    }

    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> BoxFuture<'c, Ran> {
        async move {
            let Some(work) = self.work.take() else { return Ran::Badly };
            let outcome = AssertUnwindSafe(work(conn)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(AppError::Internal(anyhow!("a write panicked"))));
            let ran = match &outcome {
                Ok(_) => Ran::Well,
                Err(error) if is_broken(error) => Ran::Broken(error.to_string()),
                Err(_) => Ran::Badly,
            };
            self.outcome = Some(outcome);
            ran
        }
        .boxed()
    }

    fn finish(self: Box<Self>, committed: Result<(), &str>) {
        // Whoever asked may have gone; what was written stays written.
        let _ = self.reply.send(fate(self.outcome, committed));
    }
}

/// What somebody is told: success only when it ran and the transaction was committed.
pub(super) fn fate<T>(outcome: Option<AppResult<T>>, committed: Result<(), &str>) -> AppResult<T> {
    match (outcome, committed) {
        (Some(Ok(value)), Ok(())) => Ok(value),
        (Some(Err(error)), _) => Err(error),
        (_, Err(error)) => Err(AppError::Internal(anyhow!("not committed: {error}"))),
        (None, Ok(())) => Err(AppError::Internal(anyhow!("the write did not run"))),
    }
}

impl Lane {
    pub(super) fn start(source: Source) -> Self {
        let (sender, waiting) = mpsc::channel(WAITING);
        let works = Arc::new(AtomicBool::new(true));
        tokio::spawn(Writer { source, heads: Heads::default(), works: Arc::clone(&works) }.run(waiting));
        Self { waiting: sender, works }
    }

    pub(super) async fn run<T, F>(&self, scope: Scope, job: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, AppResult<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Typed { scope, work: Some(job), outcome: None, reply };
        self.waiting.send(Work::Job(Box::new(job))).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    pub(super) async fn append<T, F>(&self, address: Address, decide: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: Fn(Found<'_>) -> Decided<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let append = append::Typed { address, decide, outcome: None, reply };
        self.waiting.send(Work::Append(Box::new(append))).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// How much waits for the next commit.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.max_capacity() - self.waiting.capacity()
    }

    /// Whether the last transaction was committed.
    pub(super) fn works(&self) -> bool {
        self.works.load(Ordering::Acquire)
    }

    /// Returns when everything sent before is committed and the connection is closed. Nothing is written after.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.waiting.send(Work::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

fn touch(conn: &mut Conn) -> BoxFuture<'_, AppResult<()>> {
    meta::touch(conn).boxed()
}

fn stopped() -> AppError {
    AppError::Internal(anyhow!("the write lane has stopped"))
}

/// The task that writes.
struct Writer {
    source: Source,
    heads: Heads,
    works: Arc<AtomicBool>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let taken = if self.works.load(Ordering::Acquire) {
                waiting.recv_many(&mut batch, BATCH).await
            } else {
                match timeout(PROBE_EVERY, waiting.recv_many(&mut batch, BATCH)).await {
                    Ok(taken) => taken,
                    Err(_) => {
                        self.probe().await;
                        continue;
                    }
                }
            };
            if taken == 0 {
                return;
            }
            let mut appends = Vec::new();
            let mut jobs = Vec::new();
            let mut close = sort(&mut batch, &mut appends, &mut jobs);
            if self.source.is_shared() {
                appends.sort_by_key(|append| append.address().tenant);
                jobs.sort_by_key(|job| job.scope().key());
                if !jobs.is_empty() && !appends.is_empty() {
                    // Each takes its rows in one order, but not the same.
                    let appends = std::mem::take(&mut appends);
                    close = close.or(self.carry_out(appends, Vec::new(), &mut waiting).await);
                }
            }
            close = close.or(self.carry_out(appends, jobs, &mut waiting).await);
            if let Some(done) = close {
                // Whoever still waits is told that the lane has stopped.
                drop(waiting);
                self.source.close().await;
                let _ = done.send(());
                return;
            }
        }
    }

    /// Writes, and answers everybody. When that fails, whoever waits meanwhile is answered too; among them may be
    /// who wants the lane closed.
    async fn carry_out(
        &mut self,
        mut appends: Appends,
        mut jobs: Jobs,
        waiting: &mut mpsc::Receiver<Work>,
    ) -> Option<oneshot::Sender<()>> {
        let (begun, work) = (Instant::now(), appends.len() + jobs.len());
        if work == 0 {
            return None;
        }
        let committed = self.transaction(&mut appends, &mut jobs).await;
        let mut close = None;
        match &committed {
            Ok(()) => {
                metrics().batch.record(work as f64);
                metrics().commit.record(begun.elapsed());
            }
            Err(error) => {
                tracing::error!(%error, work, "a batch of writes was not committed");
                let mut rest = Vec::new();
                while let Ok(work) = waiting.try_recv() {
                    rest.push(work);
                }
                close = sort(&mut rest, &mut appends, &mut jobs);
            }
        }
        let text = committed.as_ref().map(|_| ()).map_err(ToString::to_string);
        let fate = text.as_ref().map(|_| ()).map_err(String::as_str);
        appends.into_iter().for_each(|append| append.finish(fate));
        jobs.into_iter().for_each(|job| job.finish(fate));
        close
    }

    /// A write that changes nothing, to see whether one can be committed.
    async fn probe(&mut self) {
        let (scope, reply) = (EveryTenant.into(), oneshot::channel().0);
        let job: Box<dyn Job> = Box::new(Typed { scope, work: Some(touch), outcome: None, reply });
        if self.transaction(&mut Vec::new(), &mut vec![job]).await.is_ok() {
            tracing::info!("the database takes writes again");
        }
    }

    /// Runs everything in one transaction. An error means that nothing of it is stored.
    async fn transaction(&mut self, appends: &mut Appends, jobs: &mut Jobs) -> AppResult<()> {
        let any_job = !jobs.is_empty();
        let committed = self.attempt(appends, jobs).await;
        if committed.is_err() {
            self.source.failed().await;
        }
        if committed.is_err() || (any_job && !self.source.is_shared()) {
            self.heads.forget();
        }
        // Elsewhere whatever is kept is compared before it counts; what is known to be wrong need not be.
        for scope in jobs.iter().map(|job| job.scope()) {
            if let Some(tenant) = scope.tenant() {
                self.heads.forget_one((tenant, ConversationId(scope.key())));
            }
        }
        self.works.store(committed.is_ok(), Ordering::Release);
        committed
    }

    async fn attempt(&mut self, appends: &mut Appends, jobs: &mut Jobs) -> AppResult<()> {
        let shared = self.source.is_shared();
        let conn = self.source.conn().await?;
        let is_short = shared && jobs.is_empty() && !planted(Bug::AckBeforeCommit);
        if is_short && append::quick(conn, &mut self.heads, appends).await? {
            return Ok(());
        }
        let first = match (appends.as_slice(), jobs.as_mut_slice()) {
            ([], []) => return Ok(()),
            ([], [job]) => return alone(conn, job).await,
            ([_, ..], []) if !shared && appends.len() <= append::MOST && !planted(Bug::AckBeforeCommit) => {
                return whole(conn, &mut self.heads, appends).await;
            }
            ([append, ..], _) => append.address().tenant.into(),
            ([], [job, ..]) => job.scope(),
        };
        wall::begin_write(conn, first).await?;
        if let Err(error) = together(conn, &mut self.heads, appends, shared).await {
            if is_broken(&error) {
                return Err(error);
            }
            apart(conn, &mut self.heads, appends, &error).await?;
        }
        for (number, job) in jobs.iter_mut().enumerate() {
            wall::step(conn, job.scope(), number == 0).await?;
            match job.run(conn).await {
                Ran::Well => {}
                Ran::Badly => execute(conn, "rollback to savepoint job").await?,
                Ran::Broken(error) => return Err(broken(&error)),
            }
        }
        let messages = planted::messages();
        if planted(Bug::AckBeforeCommit) && messages > 0 {
            appends.drain(..).for_each(|append| append.finish(Ok(())));
            jobs.drain(..).for_each(|job| job.finish(Ok(())));
            planted::next_message(messages).await;
        }
        commit(conn).await
    }
}

async fn commit(conn: &mut Conn) -> AppResult<()> {
    crash_point(Point::BeforeCommit);
    execute(conn, "commit").await?;
    crash_point(Point::AfterCommit);
    Ok(())
}

/// A job that shares its transaction with nobody needs no savepoint.
async fn alone(conn: &mut Conn, job: &mut Box<dyn Job>) -> AppResult<()> {
    wall::begin_write(conn, job.scope()).await?;
    match job.run(conn).await {
        Ran::Well => commit(conn).await,
        Ran::Badly => execute(conn, "rollback").await,
        Ran::Broken(error) => Err(broken(&error)),
    }
}

/// Appends that share their statements: all of them, or on a database with a wall between tenants, a tenant's. The
/// transaction has begun for the first one's tenant.
async fn together(conn: &mut Conn, heads: &mut Heads, appends: &mut [Box<dyn Append>], shared: bool) -> AppResult<()> {
    let groups = appends.chunk_by_mut(|one, next| !shared || one.address().tenant == next.address().tenant);
    for (number, group) in groups.enumerate() {
        if let (true, Some(first)) = (number > 0, group.first()) {
            wall::turn(conn, first.address().tenant.into()).await?;
        }
        for chunk in group.chunks_mut(append::MOST) {
            append::run(conn, heads, chunk).await?;
        }
    }
    Ok(())
}

/// A transaction of appends alone.
async fn whole(conn: &mut Conn, heads: &mut Heads, appends: &mut [Box<dyn Append>]) -> AppResult<()> {
    let written = match append::begin(conn, heads, appends).await {
        Ok(written) => {
            crash_point(Point::BeforeCommit);
            written.commit(conn, heads).await
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => {
            crash_point(Point::AfterCommit);
            Ok(())
        }
        Err(error) if is_broken(&error) => Err(error),
        Err(error) => {
            apart(conn, heads, appends, &error).await?;
            commit(conn).await
        }
    }
}

/// Each append in its own savepoint, in a new transaction, because one has spoilt the statements of all.
async fn apart(conn: &mut Conn, heads: &mut Heads, appends: &mut [Box<dyn Append>], error: &AppError) -> AppResult<()> {
    tracing::error!(%error, "a batch of appends is repeated one by one");
    execute(conn, "rollback").await?;
    wall::begin_write(conn, EveryTenant.into()).await?;
    for (number, append) in appends.iter_mut().enumerate() {
        heads.forget();
        wall::step(conn, append.address().tenant.into(), number == 0).await?;
        if let Err(error) = append::run(conn, heads, std::slice::from_mut(append)).await {
            if is_broken(&error) {
                return Err(error);
            }
            execute(conn, "rollback to savepoint job").await?;
            append.fail(AppError::Internal(anyhow!("not stored: {error}")));
        }
    }
    heads.forget();
    Ok(())
}

fn broken(error: &str) -> AppError {
    AppError::Internal(anyhow!("the database failed during a write: {error}"))
}

/// Sorts what was taken; gives whom to tell when the lane is closed, if it is to be.
fn sort(batch: &mut Vec<Work>, appends: &mut Appends, jobs: &mut Jobs) -> Option<oneshot::Sender<()>> {
    let mut close = None;
    for work in batch.drain(..) {
        match work {
            Work::Append(append) => appends.push(append),
            Work::Job(job) => jobs.push(job),
            Work::Close(done) => close = Some(done),
        }
    }
    close
}

async fn execute(conn: &mut Conn, sql: &'static str) -> AppResult<()> {
    Ok(on!(conn, c => sqlx::query(sql).execute(c).await.map(|_| ()))?)
}
