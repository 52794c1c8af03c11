//! Reaching a server, a cluster, or the server that sentinels name.

use redis::aio::{MultiplexedConnection, PubSub};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, TlsMode,
};
use tokio::sync::Mutex;

use super::CONNECT_WITHIN;
use crate::config::redis::{Kind, Redis};

/// How to get connections.
pub(super) enum Reach {
    One(Box<Client>),
    Sentinel(Box<Mutex<SentinelClient>>),
    /// What is published at one node of a cluster is heard at each.
    Cluster {
        commands: Box<ClusterClient>,
        nodes: Vec<Client>,
    },
}

/// A connection that asks. Cheap to clone; clones share it.
#[derive(Clone)]
pub(super) enum Commands {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Commands {
    pub(super) async fn run<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, RedisError> {
        match self {
            Self::One(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }
}

impl Reach {
    pub(super) fn new(settings: &Redis) -> Result<Self, RedisError> {
        match &settings.kind {
            Kind::One => Ok(Self::One(Box::new(Client::open(infos(settings)?.remove(0))?))),
            Kind::Cluster => {
                let infos = infos(settings)?;
                let nodes = infos.iter().map(|info| Client::open(info.clone())).collect::<Result<_, _>>()?;
                Ok(Self::Cluster { commands: Box::new(ClusterClient::new(infos)?), nodes })
            }
            Kind::Sentinel { master } => {
                let places = settings.hosts.iter().map(|host| address(host, settings.tls));
                let mut builder = SentinelClientBuilder::new(places, master, SentinelServerType::Master)?
                    .set_client_to_redis_db(settings.database.into());
                if settings.tls {
                    builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
                    builder = builder.set_client_to_sentinel_tls_mode(TlsMode::Secure);
                }
                if let Some(name) = &settings.name {
                    builder = builder.set_client_to_redis_username(name);
                }
                if let Some(password) = &settings.password {
                    builder = builder.set_client_to_redis_password(password);
                }
                if let Some(password) = &settings.sentinel_password {
                    builder = builder.set_client_to_sentinel_password(password);
                }
                Ok(Self::Sentinel(Box::new(Mutex::new(builder.build()?))))
            }
        }
    }

    pub(super) async fn commands(&self) -> Result<Commands, RedisError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_WITHIN)).set_response_timeout(None);
        match self {
            Self::One(client) => Ok(Commands::One(client.get_multiplexed_async_connection_with_config(&config).await?)),
            Self::Sentinel(client) => {
                let client = client.lock().await.async_get_client().await?;
                Ok(Commands::One(client.get_multiplexed_async_connection_with_config(&config).await?))
            }
            Self::Cluster { commands, .. } => Ok(Commands::Cluster(commands.get_async_connection().await?)),
        }
    }

    pub(super) async fn hearing(&self) -> Result<PubSub, RedisError> {
        match self {
            Self::One(client) => client.get_async_pubsub().await,
            Self::Sentinel(client) => {
                let client = client.lock().await.async_get_client().await?;
                client.get_async_pubsub().await
            }
            Self::Cluster { nodes, .. } => {
                // Any that answers.
                let first = rand::random_range(0..nodes.len());
                let (before, after) = nodes.split_at(first);
                let mut reached = Err(super::late());
                for node in after.iter().chain(before) {
                    reached = node.get_async_pubsub().await;
                    if reached.is_ok() {
                        break;
                    }
                }
                reached
            }
        }
    }
}

fn infos(settings: &Redis) -> Result<Vec<ConnectionInfo>, RedisError> {
    let info = |host| {
        let mut user = RedisConnectionInfo::default().set_db(settings.database.into());
        if let Some(name) = &settings.name {
            user = user.set_username(name);
        }
        if let Some(password) = &settings.password {
            user = user.set_password(password);
        }
        Ok(address(host, settings.tls).into_connection_info()?.set_redis_settings(user))
    };
    settings.hosts.iter().map(info).collect()
}

fn address((host, port): &(String, u16), tls: bool) -> ConnectionAddr {
    if tls {
        ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host.clone(), *port)
    }
}
