//! Group commit. One task owns the writing connection, takes every job that waits (up to a bound), runs
//! them in one transaction, commits once, then answers each. That is where durable throughput comes from:
//! the cost of a commit is shared, and nobody waits for a timer.
//!
//! Each job runs in its own savepoint, so that one that fails rolls back alone.

use std::panic::AssertUnwindSafe;

use anyhow::anyhow;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::source::Source;
use super::{Conn, EveryTenant, Scope, on, wall};
use crate::error::{AppError, AppResult};
use crate::planted::{Bug, Point, crash_point, messages_began, planted};

/// Most jobs in one commit: bounds how long the first of them waits.
const BATCH: usize = 256;
/// Most jobs waiting; a sender beyond that waits for room, which is the back-pressure.
const WAITING: usize = 4096;

#[derive(Clone)]
pub(super) struct Lane {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

trait Job: Send {
    /// Whose rows it touches.
    fn scope(&self) -> Scope;
    /// Runs inside the job's savepoint; false rolls it back.
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> BoxFuture<'c, bool>;
    /// Answers whoever waits, once the fate of the transaction is known.
    fn finish(self: Box<Self>, committed: Result<(), &sqlx::Error>);
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

    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> BoxFuture<'c, bool> {
        async move {
            let Some(work) = self.work.take() else { return false };
            let outcome = AssertUnwindSafe(work(conn)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(AppError::Internal(anyhow!("a write panicked"))));
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        }
        .boxed()
    }

    fn finish(self: Box<Self>, committed: Result<(), &sqlx::Error>) {
        let outcome = match (self.outcome, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(AppError::Internal(anyhow!("commit failed: {error}"))),
            (None, Ok(())) => Err(AppError::Internal(anyhow!("the write did not run"))),
        };
        // Whoever asked may have gone; what was written stays written.
        let _ = self.reply.send(outcome);
    }
}

impl Lane {
    pub(super) fn start(source: Source) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        tokio::spawn(work(source, waiting));
        Self { jobs }
    }

    pub(super) async fn run<T, F>(&self, scope: Scope, job: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, AppResult<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Typed { scope, work: Some(job), outcome: None, reply };
        self.jobs.send(Box::new(job)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Returns when everything sent before is committed.
    pub(super) async fn close(&self) {
        let _ = self.run(EveryTenant.into(), |_| async { Ok(()) }.boxed()).await;
    }
}

fn stopped() -> AppError {
    AppError::Internal(anyhow!("the write lane has stopped"))
}

async fn work(mut source: Source, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        if source.is_shared() {
            batch.sort_by_key(|job| job.scope().key());
        }
        let committed = transaction(&mut source, &mut batch).await;
        if let Err(error) = &committed {
            tracing::error!(%error, jobs = batch.len(), "a batch of writes was not committed");
            source.failed().await;
        }
        for job in batch.drain(..) {
            job.finish(committed.as_ref().map(|_| ()));
        }
    }
}

async fn transaction(source: &mut Source, batch: &mut Vec<Box<dyn Job>>) -> Result<(), sqlx::Error> {
    let conn = source.conn().await?;
    wall::begin_write(conn).await?;
    for job in batch.iter_mut() {
        wall::step(conn, job.scope()).await?;
        if !job.run(conn).await {
            execute(conn, "rollback to savepoint job").await?;
        }
        execute(conn, "release savepoint job").await?;
    }
    if planted(Bug::AckBeforeCommit) && messages_began() {
        for job in batch.drain(..) {
            job.finish(Ok(()));
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    crash_point(Point::BeforeCommit);
    execute(conn, "commit").await?;
    crash_point(Point::AfterCommit);
    Ok(())
}

async fn execute(conn: &mut Conn, sql: &'static str) -> Result<(), sqlx::Error> {
    on!(conn, c => sqlx::query(sql).execute(c).await.map(|_| ()))
}
