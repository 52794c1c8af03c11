//! What servers of one installation agree on before they serve together: who may serve the database, the public
//! address, the keys, and a Redis server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep, timeout};

use crate::auth::keys::Keys;
use crate::bus::Bus;
use crate::bus::redis::RedisBus;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::database::Database;
use crate::presence::Presence;
use crate::presence::local::LocalPresence;
use crate::presence::redis::RedisPresence;
use crate::realtime::hub::Hub;
use crate::shared::Redis;
use crate::shared::ears::{Ears, Hears};
use crate::shared::message::NodeId;
use crate::shared::voice::Voice;
use crate::store::claim::{Claim, Company};
use crate::store::{EveryTenant, Store, meta};

/// How long the start waits until other nodes are heard.
const HEARS_WITHIN: Duration = Duration::from_secs(3);
/// How long a server with another address waits for the first to say that the address has changed.
const AGREES_WITHIN: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOKS_EVERY: Duration = Duration::from_millis(200);

/// Takes the right to serve a PostgreSQL database, alone or with others.
///
/// # Errors
/// When another server has it in a way that does not go together.
pub(super) async fn claim(config: &Config) -> anyhow::Result<Option<Claim>> {
    let Database::Postgres(settings) = &config.database else { return Ok(None) };
    let company = if config.redis.is_some() { Company::Shared } else { Company::Alone };
    Claim::take(settings, company).await.map(Some)
}

/// Sees to it that every server has the same public address: links of mails, cookies and the frames' policies are made
/// of it. The first says which; the others may leave it out.
///
/// # Errors
/// When those that run have another.
pub(super) async fn agree_on_address(config: &mut Config, store: &Store, is_first: bool) -> anyhow::Result<()> {
    if !is_first {
        follow_address(config, store).await?;
    }
    let url = config.public_url.to_string();
    store.write(EveryTenant, move |tx| Box::pin(async move { meta::set_public_url(tx, &url).await })).await?;
    Ok(())
}

/// Takes the public address of those that run, or sees that it is the same.
async fn follow_address(config: &mut Config, store: &Store) -> anyhow::Result<()> {
    let deadline = Instant::now() + AGREES_WITHIN;
    loop {
        let served = meta::public_url(&mut store.read(EveryTenant).await?).await?;
        match served.and_then(|url| url.parse().ok()) {
            Some(url) if !config.public_url_is_set => config.public_url = url,
            // All may have been started at once, with a new address: the first is about to say so.
            Some(url) if url != config.public_url && Instant::now() < deadline => {
                sleep(LOOKS_EVERY).await;
                continue;
            }
            Some(url) if url != config.public_url => bail!(
                "FRONTDESK_PUBLIC_URL is {}, and the servers that run have {url}: give every server the same, or leave it \
                 out here; to change it, stop them all first",
                config.public_url
            ),
            _ => {}
        }
        return Ok(());
    }
}

/// The keys of this server.
///
/// # Errors
/// When they cannot be read.
pub(super) fn keys(config: &Config) -> anyhow::Result<Keys> {
    let keys = match &config.secret {
        Some(secret) => Keys::from_text(&secret.0)?,
        None => Keys::open(&config.secret_file)?,
    };
    Ok(keys.with_life(i64::from(config.visitor_token_seconds) * 1000))
}

/// Sees to it that this server knows what others have signed and sealed. On SQLite, where there are no others, it says
/// so and goes on.
///
/// # Errors
/// When its keys are others.
pub(super) async fn agree_on_keys(config: &Config, store: &Store, keys: &Keys) -> anyhow::Result<()> {
    let known = meta::signing_key(&mut store.read(EveryTenant).await?).await?;
    if known.as_ref().is_some_and(|known| !keys.knows(known)) {
        let place = match &config.secret {
            Some(_) => "FRONTDESK_SECRET".to_owned(),
            None => config.secret_file.display().to_string(),
        };
        if config.database.file().is_some() {
            tracing::warn!(%place, "the keys are others than before: tokens and sealed secrets of before are void");
        } else {
            bail!(
                "the keys of {place} are not the ones this installation signs with, and every visitor would become a \
             stranger: give every server the same FRONTDESK_SECRET, or a copy of the same key file by \
             FRONTDESK_SECRET_FILE; if the old keys are lost, see docs/many-nodes.md"
            );
        }
    }
    let signs = keys.signs_with().to_owned();
    if known.as_ref() != Some(&signs) {
        store.write(EveryTenant, move |tx| Box::pin(async move { meta::set_signing_key(tx, &signs).await })).await?;
    }
    Ok(())
}

/// Bus and presence: inside this process, or over Redis.
pub(super) struct Outside {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) presence: Arc<dyn Presence>,
    pub(super) redis: Option<Arc<Redis>>,
}

impl Outside {
    /// Of one server.
    pub(super) fn alone(hub: &Arc<Hub>, clock: &Clock) -> Self {
        Self { bus: super::local_bus(hub), presence: Arc::new(LocalPresence::new(clock.now())), redis: None }
    }

    /// Of servers that share Redis.
    pub(super) async fn shared(hub: &Arc<Hub>, clock: &Clock, redis: &Arc<Redis>, claim: Option<&Claim>) -> Self {
        // The others ask the database for it by this.
        let node = NodeId(claim.map_or_else(rand::random, |claim| claim.server));
        let voice = Voice::start(Arc::clone(redis), node);
        let (ears, closed) = Ears::new();
        let bus = Arc::new(RedisBus::new(Arc::clone(hub) as Arc<_>, Arc::clone(&voice), ears.clone()));
        let presence = Arc::new(RedisPresence::new(clock.now(), voice, &ears));
        let listeners: [Arc<dyn Hears>; 2] = [Arc::clone(&bus) as _, Arc::clone(&presence) as _];
        closed.open(Arc::clone(redis), node, listeners.iter().map(Arc::downgrade).collect());
        if timeout(HEARS_WITHIN, ears.ready()).await.is_err() {
            tracing::warn!("other nodes are not heard yet");
        }
        tracing::info!(node = node.0, redis = redis.place(), "one of many nodes");
        Self { bus: super::unreliable(bus), presence, redis: Some(Arc::clone(redis)) }
    }
}

/// The Redis server that nodes share.
///
/// # Errors
/// One sentence that names `REDIS_URL`.
pub(super) async fn redis(config: &Config, store: &Store) -> anyhow::Result<Option<Arc<Redis>>> {
    let Some(settings) = &config.redis else { return Ok(None) };
    let installation = store.write(EveryTenant, |tx| Box::pin(meta::installation(tx))).await?;
    Ok(Some(Redis::open(settings, &installation).await?))
}
