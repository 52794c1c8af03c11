//! Puts everything together, serves, and stops without anybody noticing more than a reconnect (C12).

/// Being asked to stop.
pub mod signals;
/// What servers of one installation agree on.
mod together;

use std::fs::{File, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::{Context, bail};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use crate::actions::invite_agent;
use crate::app::{App, Wake};
use crate::auth::keys::Keys;
use crate::auth::limiter::Limiter;
use crate::auth::password::Passwords;
use crate::bus::Bus;
use crate::bus::local::LocalBus;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::AppResult;
use crate::files::FileStore;
use crate::mail::smtp::Mailer;
use crate::realtime::Realtime;
use crate::realtime::hub::Hub;
use crate::realtime::room::Limits;
use crate::store::{EveryTenant, Store, claim, copy, meta};
use crate::together::Together;
use crate::{door, health, jobs, metrics};
use signals::Signals;
use together::Outside;

/// Connections waiting to be accepted: a restart brings every client back at once.
const BACKLOG: u32 = 4096;
/// How long sessions get to end when the server stops.
const DRAIN_WITHIN: Duration = Duration::from_secs(8);
/// An upload that nobody wrote to for this long is nobody's, also when nodes share a folder.
const LEFT_UPLOAD: Duration = Duration::from_secs(600);
/// How long the database gets to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// A running server.
pub struct Server {
    app: Arc<App>,
    hub: Arc<Hub>,
    addr: SocketAddr,
    #[expect(dead_code, reason = "keeps a second server from the database until it is dropped")]
    file: Option<Claim>,
    claim: Option<claim::Claim>,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    jobs: Vec<JoinHandle<()>>,
}

/// Everything actions need, for commands that run beside a server: nothing listens and no job runs.
///
/// # Errors
/// When the database or the key file cannot be opened.
pub async fn open_app(mut config: Config) -> anyhow::Result<Arc<App>> {
    let store = open_store(&config).await?;
    if !config.public_url_is_set {
        let served = meta::public_url(&mut store.read(EveryTenant).await?).await?;
        if let Some(url) = served.and_then(|url| url.parse().ok()) {
            config.public_url = url;
        }
    }
    let keys = together::keys(&config)?;
    let clock = clock(&store).await?;
    let outside = Outside::alone(&Arc::new(Hub::new()), &clock);
    build(config, store, keys, clock, outside).await
}

/// Serves until SIGTERM or SIGINT, then stops gracefully. Prints where it answers, and the set-up link while
/// there is no account.
///
/// # Errors
/// When it cannot start.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    // Every connection is a descriptor; the usual limit is made for programs with few.
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => tracing::info!(files, "files that may be open"),
        Err(error) => tracing::warn!(%error, "cannot raise the limit of open files"),
    }
    // Kept before anybody can know that it answers.
    let mut signals = Signals::listen()?;
    let server = tokio::select! {
        server = Server::start(config) => server?,
        signal = signals.next() => {
            tracing::info!(signal = signal?, "stopping before it served");
            return Ok(());
        }
    };
    say(&format!("Frontdesk answers at {} (listening on {}).", server.app.config.public_origin(), server.addr));
    let is_first = server.claim.as_ref().is_none_or(|claim| claim.is_first);
    // A link of one server makes those of others void.
    if let Some(link) = if is_first { invite_agent::setup_link(&server.app).await? } else { None } {
        say(&format!("There is no account yet. Set up Frontdesk within 24 hours at:\n\n  {}\n", link.url));
    }
    server.wait(signals).await
}

impl Server {
    /// Starts a server and returns once it answers.
    ///
    /// # Errors
    /// When the port is taken, or the database, the key file or the mail settings are not usable.
    pub async fn start(mut config: Config) -> anyhow::Result<Self> {
        let listener = listen(config.listen)?;
        let addr = listener.local_addr()?;
        config.bound(addr.port());
        let mailer = Mailer::new(&config)?;
        let hub = Arc::new(Hub::with_limits(Limits::of(&config)));
        make_data_folder(&config)?;
        let file = config.database.file().map(Claim::take).transpose()?;
        let claim = together::claim(&config).await?;
        let store = open_store(&config).await?;
        let keys = together::keys(&config)?;
        together::agree_on_keys(&config, &store, &keys).await?;
        let is_first = claim.as_ref().is_none_or(|claim| claim.is_first);
        together::agree_on_address(&mut config, &store, is_first).await?;
        let redis = together::redis(&config, &store).await?;
        let clock = clock(&store).await?;
        let outside = match &redis {
            Some(redis) => Outside::shared(&hub, &clock, redis, claim.as_ref()).await,
            None => Outside::alone(&hub, &clock),
        };
        let app = build(config, store, keys, clock, outside).await?;
        let left = if app.store.holds_content() { LEFT_UPLOAD } else { Duration::ZERO };
        app.files.sweep(left).await.context("cannot clean the folder of uploads")?;
        let realtime = Realtime::new(Arc::clone(&app), Arc::clone(&hub));
        let workers = std::thread::available_parallelism().map_or(2, NonZero::get);
        let watchers = watched(&app.config, &realtime)?;
        let server = door::serve(&realtime, listener, workers)?;
        let handle = server.handle();
        let serving = tokio::spawn(server);
        let mut jobs = jobs::start(&app, Arc::clone(&hub) as Arc<_>, mailer);
        jobs.extend(watchers);
        Ok(Self { app, hub, addr, file, claim, handle, serving, jobs })
    }

    /// What it serves.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits for SIGTERM or SIGINT, then stops. A second signal ends the process at once.
    ///
    /// # Errors
    /// When the server failed by itself.
    pub async fn wait(mut self, mut signals: Signals) -> anyhow::Result<()> {
        tokio::select! {
            result = &mut self.serving => return Ok(result??),
            signal = signals.next() => tracing::info!(signal = signal?, "stopping"),
            () = lost(&mut self.claim) => {
                self.stop().await?;
                bail!("another server has taken the database over");
            }
        }
        tokio::select! {
            result = self.stop() => result,
            _ = signals.next() => Ok(()),
        }
    }

    /// Stops: readiness says 503, sessions are told to come back and closed with 1012, requests under way end,
    /// what was acknowledged is on disk. Takes at most 15 seconds.
    ///
    /// # Errors
    /// When the server failed by itself.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.hub.drain();
        if tokio::time::timeout(DRAIN_WITHIN, self.hub.idle()).await.is_err() {
            tracing::warn!(connections = ?self.hub.connections(), "some connections did not end in time");
        }
        self.app.presence.leave(self.app.now());
        self.handle.stop(true).await;
        for job in &self.jobs {
            job.abort();
        }
        if tokio::time::timeout(CLOSE_WITHIN, self.app.store.close()).await.is_err() {
            tracing::warn!("the database was not closed in time; nothing is lost by that");
        }
        self.serving.await??;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Counts what histograms saw, and serves metrics where the operator wants them, until the process stops.
fn watched(config: &Config, realtime: &Realtime) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let mut watchers = vec![tokio::spawn(async {
        loop {
            tokio::time::sleep(metrics::UPKEEP_EVERY).await;
            metrics::metrics().keep_up();
        }
    })];
    if let Some(addr) = config.metrics_listen {
        let listener = listen(addr).context("FRONTDESK_METRICS_LISTEN")?;
        let shown = listener.local_addr()?;
        let server = health::serve(realtime, listener)?;
        tracing::info!(listen = %shown, "metrics are served");
        watchers.push(tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "metrics are not served any more");
            }
        }));
    }
    Ok(watchers)
}

/// The right to serve a SQLite database: one server at a time, because what one tells its sessions the other
/// would not hear. Commands that only read or write it do not need it.
pub(crate) struct Claim(#[expect(dead_code, reason = "the lock is held while it is open")] File);

impl Claim {
    /// Takes the right; the system takes it back when the process ends, however it ends.
    ///
    /// # Errors
    /// When another process has it.
    pub(crate) fn take(database: &Path) -> anyhow::Result<Self> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot open {}", Path::new(&path).display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                bail!("another server is running on the database {}: stop it first", database.display())
            }
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock the database"),
        }
    }
}

fn make_data_folder(config: &Config) -> anyhow::Result<()> {
    let data = config.data.display();
    make_private(&config.data).with_context(|| format!("cannot make the data folder {data}"))
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    make_data_folder(config)?;
    let store = Store::open(&config.database).await?;
    if copy::is_half_moved(&mut store.read(EveryTenant).await?).await? {
        bail!(
            "an installation is half moved into this database: run `frontdesk migrate-data` again, which goes on where \
             it stopped, or empty the database"
        );
    }
    Ok(store)
}

async fn build(config: Config, store: Store, keys: Keys, clock: Clock, outside: Outside) -> anyhow::Result<Arc<App>> {
    let epoch = store.write(EveryTenant, |tx| Box::pin(meta::epoch(tx))).await?;
    Ok(Arc::new(App {
        bus: outside.bus,
        presence: outside.presence,
        keys,
        passwords: Passwords::default(),
        limiter: if config.rate_limits { Limiter::new(outside.redis.clone()) } else { Limiter::switched_off() },
        shared: outside.redis,
        files: FileStore::new(config.data.join("files")),
        epoch,
        dispatcher: Wake::default(),
        together: Together::default(),
        announcer: Wake::default(),
        indexer: Wake::default(),
        grown: Wake::default(),
        visitors: Wake::default(),
        mailer: Wake::default(),
        clock,
        store,
        config,
    }))
}

/// A clock that goes as the database's does, where several servers have one database.
async fn clock(store: &Store) -> AppResult<Clock> {
    let clock = Clock::default();
    jobs::clock::follow(&clock, store).await?;
    Ok(clock)
}

/// Waits until another server has the database.
async fn lost(claim: &mut Option<claim::Claim>) {
    match claim {
        Some(claim) => claim.lost().await,
        None => std::future::pending().await,
    }
}

fn local_bus(hub: &Arc<Hub>) -> Arc<dyn Bus> {
    unreliable(Arc::new(LocalBus::new(Arc::clone(hub) as Arc<_>)))
}

/// The bus; in a test build that was told so, an unreliable one.
fn unreliable(bus: Arc<dyn Bus>) -> Arc<dyn Bus> {
    #[cfg(feature = "planted-bugs")]
    if crate::planted::planted(crate::planted::Bug::UnreliableBus) {
        return Arc::new(crate::bus::faulty::FaultyBus::new(bus));
    }
    bus
}

/// Makes the data folder, if it is not there, for its owner alone: everything people wrote lies in it.
pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn listen(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let listener = socket.and_then(|socket| {
        // A restart must not wait for the connections of the process before.
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)?.into_std()
    });
    listener.with_context(|| {
        format!("cannot listen on {addr}: another program may use the port; choose another with --listen")
    })
}

#[expect(clippy::print_stdout, reason = "what the operator reads; logs go to standard error")]
fn say(text: &str) {
    println!("{text}");
}
