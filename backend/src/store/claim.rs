//! The right to serve a PostgreSQL database: one server alone, or many that share a Redis server. It is a lock of
//! the database's, held by a connection of its own for as long as the server runs; the database takes it back when
//! that connection ends, however it ends.
//!
//! The connection bears the server's number and asks for something every few seconds. So servers that do not hear each
//! other any more learn from the database who lives: a lock would not tell, because a frozen process keeps its own.

use std::time::Duration;

use anyhow::bail;
use sqlx::PgConnection;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::{EveryTenant, Store, on, postgres};
use crate::config::database::Postgres;
use crate::error::AppResult;

/// Which lock. The digits are arbitrary.
const CLAIM: i64 = 0x4652_4f4e_5444_434c;
/// A server that has just ended may still be known to the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// A claim whose connection broke is fought for so long: the database may not know yet that it did.
const FIGHT: Duration = Duration::from_secs(60);
/// How often the connection is looked after.
const EVERY: Duration = Duration::from_secs(3);
/// A database that does not answer in this time is away.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// With whom the database is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// With nobody.
    Alone,
    /// With every other server that shares Redis.
    Shared,
}

/// The right to serve. Dropping it gives it back.
pub struct Claim {
    /// This server, for [`Store::is_served_by`].
    pub server: u64,
    /// Whether no other server has the database.
    pub is_first: bool,
    lost: Option<oneshot::Receiver<()>>,
    holding: JoinHandle<()>,
}

impl Claim {
    /// Takes the right.
    ///
    /// # Errors
    /// One sentence when another server has it in a way that does not go together, or the database does not answer.
    pub async fn take(settings: &Postgres, company: Company) -> anyhow::Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        let server = rand::random();
        let mut conn = connect(settings, company, server).await?;
        let is_first = loop {
            if let Some(is_first) = attempt(&mut conn, company).await? {
                break is_first;
            }
            if Instant::now() >= deadline {
                bail!("{}", refused(settings, company));
            }
            sleep(Duration::from_millis(100)).await;
        };
        let (sender, lost) = oneshot::channel();
        let settings = settings.clone();
        let holding = tokio::spawn(async move {
            hold(&settings, company, server, conn).await;
            let _ = sender.send(());
        });
        Ok(Self { server, is_first, lost: Some(lost), holding })
    }

    /// Waits until another server has taken the database over, which only happens after this one could not reach it.
    pub async fn lost(&mut self) {
        match self.lost.as_mut() {
            Some(lost) => {
                let _ = lost.await;
                self.lost = None;
            }
            None => std::future::pending().await,
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.holding.abort();
    }
}

impl Store {
    /// Whether another server lives, as far as the database knows: one that serves it together with this, by the number
    /// of its [`Claim`]. False when the database does not let its connections be seen.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_served_by(&self, server: u64) -> AppResult<bool> {
        const SQL: &str = "select exists (select 1 from pg_stat_activity where datname = current_database() \
             and application_name = $1 and state_change > clock_timestamp() - interval '12 seconds')";
        let mut conn = self.read(EveryTenant).await?;
        let (lives,): (bool,) = on!(&mut conn, c => sqlx::query_as(SQL).bind(name(server)).fetch_one(c).await)?;
        Ok(lives)
    }
}

fn name(server: u64) -> String {
    format!("frontdesk {server}")
}

async fn connect(settings: &Postgres, company: Company, server: u64) -> anyhow::Result<PgConnection> {
    match company {
        Company::Alone => postgres::connect_to(&settings.url).await,
        Company::Shared => postgres::connect_as(&name(server), &settings.url).await,
    }
}

/// Tries once: whether it is the first, or nothing when somebody is in the way.
async fn attempt(conn: &mut PgConnection, company: Company) -> Result<Option<bool>, sqlx::Error> {
    let alone = ask(conn, "select pg_try_advisory_lock($1)").await?;
    match company {
        Company::Alone => Ok(alone.then_some(true)),
        Company::Shared => {
            let shared = ask(conn, "select pg_try_advisory_lock_shared($1)").await?;
            if alone {
                ask(conn, "select pg_advisory_unlock($1)").await?;
            }
            Ok(shared.then_some(alone))
        }
    }
}

async fn ask(conn: &mut PgConnection, sql: &'static str) -> Result<bool, sqlx::Error> {
    match timeout(ANSWER_WITHIN, sqlx::query_scalar(sql).bind(CLAIM).fetch_one(conn)).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

fn refused(settings: &Postgres, company: Company) -> String {
    let place = settings.place();
    match company {
        Company::Alone => format!(
            "another server has the database {place}: stop it first, or give both the same REDIS_URL and they serve it \
             together"
        ),
        Company::Shared => format!(
            "a server that runs without REDIS_URL has the database {place}: stop it first and start it again with the \
             same REDIS_URL as this one"
        ),
    }
}

/// Returns when another server has the database.
async fn hold(settings: &Postgres, company: Company, server: u64, mut conn: PgConnection) {
    let mut lost_at: Option<Instant> = None;
    loop {
        sleep(EVERY).await;
        if lost_at.is_none() {
            let asked = sqlx::query("select 1").execute(&mut conn);
            if timeout(ANSWER_WITHIN, asked).await.is_ok_and(|answer| answer.is_ok()) {
                continue;
            }
            tracing::warn!("the connection that holds the claim on the database broke");
        }
        let Ok(fresh) = connect(settings, company, server).await else {
            // The database is away, for others too.
            lost_at = Some(Instant::now());
            continue;
        };
        conn = fresh;
        match attempt(&mut conn, company).await {
            Ok(Some(_)) => lost_at = None,
            Ok(None) if lost_at.is_some_and(|at| at.elapsed() >= FIGHT) => {
                tracing::error!("{}", refused(settings, company));
                return;
            }
            Ok(None) => lost_at = lost_at.or_else(|| Some(Instant::now())),
            Err(_) => lost_at = Some(Instant::now()),
        }
    }
}
