//! Opening PostgreSQL: connects, checks that it keeps its promises, brings the schema up to date; and giving
//! out connections.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};
use tokio::time::{Instant, timeout};
use url::Url;

use super::conn::{Conn, Lease};
use super::{Scope, schema, wall};
use crate::config::database::{Postgres, place};
use crate::error::AppResult;

/// A server that does not take a connection in this time is away.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A row that somebody else has locked is waited for this long, and not longer than a statement may take.
const LOCK_WITHIN: Duration = Duration::from_secs(3);
/// The server ends a transaction in which nothing is asked for this long.
const IDLE_WITHIN: Duration = Duration::from_secs(30);
/// Compiling a statement takes longer than any of ours.
const QUICK: [(&str, &str); 1] = [("jit", "off")];
/// Whatever a lane asks for it finds by key. A plan is made once for each statement, often while the tables are small
/// enough to be read whole, and kept when they are not. Left alone, the server would plan a statement about one row anew each time,
/// because it takes an array that it does not know for ten.
const BY_KEY: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];
/// What a lane's statement is that is a transaction by itself (`append/quick.rs`); transactions say theirs.
const ALONE: [(&str, &str); 1] = [("default_transaction_isolation", "repeatable read")];
/// The oldest version it is tested with.
const OLDEST: i64 = 130_000;

/// Connections for reading.
#[derive(Clone)]
pub(super) struct Pool {
    pool: PgPool,
    patience: Duration,
}

/// Where lanes get their connections.
#[derive(Clone)]
pub(super) struct Server {
    options: PgConnectOptions,
    patience: Duration,
}

/// Opens a server: the pool for reading and where lanes connect.
pub(super) async fn open(settings: &Postgres) -> anyhow::Result<(Pool, Server)> {
    let options = options(&settings.url)?;
    let mut owner = connect_to(settings.owner_url.as_ref().unwrap_or(&settings.url)).await?;
    schema::migrate_postgres(&mut owner, options.get_username()).await?;
    // It has done its work; how it ends is nobody's concern.
    let _ = owner.close().await;
    let limits = [
        ("statement_timeout", settings.timeout),
        ("lock_timeout", LOCK_WITHIN.min(settings.timeout)),
        ("idle_in_transaction_session_timeout", IDLE_WITHIN),
    ];
    let options = options.options(limits.map(|(name, limit)| (name, limit.as_millis().to_string()))).options(QUICK);
    // The server's own limit fires first; this one is for a server that is not heard of any more.
    let patience = settings.timeout + Duration::from_secs(2);
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(CONNECT_WITHIN)
        // A connection that broke is found when its transaction begins, at no cost to the others.
        .test_before_acquire(false)
        .after_release(|connection, _| {
            Box::pin(async move {
                let ended = sqlx::raw_sql("rollback").execute(connection);
                Ok(timeout(CONNECT_WITHIN, ended).await.is_ok_and(|ended| ended.is_ok()))
            })
        })
        .connect_lazy_with(options.clone());
    let server = Server { options: options.options(BY_KEY).options(ALONE), patience };
    let mut conn = server.connection().await?;
    check(&mut conn).await?;
    let _ = conn.close().await;
    Ok((Pool { pool, patience }, server))
}

impl Pool {
    /// A transaction that reads what is in `scope`.
    pub(super) async fn read(&self, scope: Scope) -> AppResult<Conn> {
        let begin = wall::begin(scope, " read only");
        let deadline = Instant::now() + CONNECT_WITHIN;
        loop {
            let mut connection = self.pool.acquire().await?;
            let begun = sqlx::raw_sql(AssertSqlSafe(begin.clone())).execute(&mut *connection);
            match timeout(self.patience, begun).await {
                Ok(Ok(_)) => return Ok(Conn::Postgres(Lease::reading(connection, self.patience))),
                // The pool may hold several that broke when the server restarted; nothing was asked of it yet.
                Ok(Err(error)) if Instant::now() >= deadline => return Err(error.into()),
                Ok(Err(_)) => connection.close_on_drop(),
                Err(_) => {
                    connection.close_on_drop();
                    let kind = std::io::ErrorKind::TimedOut;
                    return Err(sqlx::Error::Io(std::io::Error::new(kind, "the database did not answer")).into());
                }
            }
        }
    }

    /// Connections made, of them idle, and at most.
    pub(super) fn connections(&self) -> (u32, usize, u32) {
        (self.pool.size(), self.pool.num_idle(), self.pool.options().get_max_connections())
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Server {
    /// A connection for a lane.
    pub(super) async fn connect(&self) -> Result<Conn, sqlx::Error> {
        Ok(Conn::Postgres(Lease::writing(self.connection().await?, self.patience)))
    }

    async fn connection(&self) -> Result<PgConnection, sqlx::Error> {
        match timeout(CONNECT_WITHIN, self.options.connect()).await {
            Ok(connected) => connected,
            Err(_) => {
                let kind = std::io::ErrorKind::TimedOut;
                Err(sqlx::Error::Io(std::io::Error::new(kind, "the database took no connection in time")))
            }
        }
    }
}

fn options(url: &Url) -> anyhow::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url.as_str())
        .map_err(|error| anyhow!("the address of the database at {} is not usable: {error}", place(url)))?;
    // The server's notices ("exists already, skipping") are not for whoever reads what a command prints.
    let quiet = [("client_min_messages", "warning")];
    Ok(options.application_name("frontdesk").options(quiet).disable_statement_logging())
}

pub(super) async fn connect_to(url: &Url) -> anyhow::Result<PgConnection> {
    connect_with(options(url)?, url).await
}

/// A connection that is called `name` in the server's list of connections.
pub(super) async fn connect_as(name: &str, url: &Url) -> anyhow::Result<PgConnection> {
    connect_with(options(url)?.application_name(name), url).await
}

async fn connect_with(options: PgConnectOptions, url: &Url) -> anyhow::Result<PgConnection> {
    let who = options.get_username().to_owned();
    match timeout(CONNECT_WITHIN, options.connect()).await {
        Ok(connected) => connected.with_context(|| format!("cannot use the database {} as {who}", place(url))),
        Err(_) => bail!("the database {} does not answer", place(url)),
    }
}

/// A connection with the settings of a lane, for measurements.
pub(super) async fn lane_connection(url: &Url) -> anyhow::Result<PgConnection> {
    connect_with(options(url)?.options(QUICK).options(BY_KEY), url).await
}

/// An acknowledged message must survive a power cut (C1), and tenants must be kept apart (T2).
pub(super) async fn check(conn: &mut PgConnection) -> anyhow::Result<()> {
    check_durability(conn).await?;
    wall::check(conn).await
}

/// An acknowledged message must survive a power cut (C1).
pub(super) async fn check_durability(conn: &mut PgConnection) -> anyhow::Result<()> {
    const SQL: &str = "select current_setting('server_version_num')::bigint, current_setting('fsync'), \
         current_setting('full_page_writes'), current_setting('synchronous_commit')";
    let (version, fsync, full_pages, synchronous): (i64, String, String, String) =
        sqlx::query_as(SQL).fetch_one(&mut *conn).await?;
    if version < OLDEST {
        bail!("the database server is too old: PostgreSQL 13 or newer is required");
    }
    if fsync != "on" || full_pages != "on" || synchronous == "off" {
        bail!(
            "the database runs with fsync={fsync}, full_page_writes={full_pages}, synchronous_commit={synchronous}: \
             an acknowledged message would not survive a power cut; switch all three on"
        );
    }
    Ok(())
}
