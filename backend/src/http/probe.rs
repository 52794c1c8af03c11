//! What a request looks like when it arrives here, for `frontdesk doctor`: it asks through the public address and
//! compares. Only for who holds the installation's keys.

use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, HOST};
use actix_web::web::{self, Bytes};
use actix_web::{Error, HttpRequest, HttpResponse};
use futures_util::stream;
use serde::{Deserialize, Serialize};

use super::client_ip;
use crate::app::App;
use crate::auth::keys::Keys;
use crate::error::{AppError, AppResult, Refusal};
use protocol::error::ErrorCode;

/// Purpose of the token.
const PURPOSE: &str = "doctor";
/// A token is good this long either way, in milliseconds: clocks may be what is wrong.
const LIFE_MS: i64 = 10 * 60 * 1000;
/// Longest time an answer is held, in milliseconds: longer than a poll.
const MOST_HELD_MS: u64 = 30_000;
/// Most of a header that is told.
const SHOWN: usize = 200;

/// What is asked.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// How long the second half of the answer is held, in milliseconds.
    #[serde(default)]
    hold_ms: u64,
}

/// The first line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Version of the server.
    pub version: String,
    /// Its browser files.
    pub assets: String,
    /// Its clock, Unix milliseconds.
    pub at: i64,
    /// Its public address.
    pub public_url: String,
    /// Who it takes the client for.
    pub client: String,
    /// The other end of the connection, with port.
    pub peer: String,
    /// Whether that is a trusted proxy.
    pub trusted: bool,
    /// `X-Forwarded-For`.
    pub forwarded_for: Option<String>,
    /// `X-Forwarded-Proto`.
    pub forwarded_proto: Option<String>,
    /// `Host`.
    pub host: Option<String>,
    /// Most descriptors it may open.
    pub descriptors_limit: u64,
}

/// A token for [`probe`].
///
/// # Errors
/// When there is no key to seal it with.
pub fn token(keys: &Keys, now: i64) -> AppResult<String> {
    keys.seal(&now.to_be_bytes(), PURPOSE)
}

fn is_good(keys: &Keys, token: &str, now: i64) -> bool {
    let bytes = keys.unseal(token, PURPOSE).ok().and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    bytes.is_some_and(|bytes| i64::from_be_bytes(bytes).abs_diff(now) <= LIFE_MS.unsigned_abs())
}

/// `GET /v1/probe`: one line of JSON at once, and another after `hold_ms`.
///
/// # Errors
/// `unauthenticated` without a token of this installation, `invalid` for a time that is too long.
pub async fn probe(request: HttpRequest, app: web::Data<App>, asked: web::Query<Asked>) -> AppResult<HttpResponse> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !is_good(&app.keys, token, app.now()) {
        return Err(AppError::unauthenticated());
    }
    if asked.hold_ms > MOST_HELD_MS {
        let refusal = Refusal::field("hold_ms", ErrorCode::Invalid, "too long");
        return Err(Refusal { limit: Some(MOST_HELD_MS), ..refusal }.into());
    }
    let seen = serde_json::to_string(&seen(&request, &app)).map_err(anyhow::Error::from)?;
    let hold = Duration::from_millis(asked.hold_ms);
    let parts = stream::unfold(0, move |part| {
        let line = match part {
            0 => Some(format!("{seen}\n")),
            1 => Some("\"end\"\n".to_owned()),
            _ => None,
        };
        async move {
            if part == 1 {
                tokio::time::sleep(hold).await;
            }
            line.map(|line| (Ok::<_, Error>(Bytes::from(line)), part + 1))
        }
    });
    Ok(HttpResponse::Ok().content_type("application/json").streaming(parts))
}

fn seen(request: &HttpRequest, app: &App) -> Seen {
    let header = |name: &str| {
        let lines = request.headers().get_all(name).filter_map(|value| value.to_str().ok());
        let all = lines.collect::<Vec<_>>().join(", ");
        (!all.is_empty()).then(|| all.chars().take(SHOWN).collect::<String>())
    };
    let peer = request.peer_addr();
    let trusts = |ip: std::net::IpAddr| app.config.trusted_proxies.iter().any(|network| network.contains(ip));
    Seen {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        assets: crate::assets::build().to_owned(),
        at: app.now(),
        public_url: app.config.public_origin(),
        client: client_ip::client_ip(request, &app.config).to_string(),
        peer: peer.map(|peer| peer.to_string()).unwrap_or_default(),
        trusted: peer.is_some_and(|peer| trusts(peer.ip())),
        forwarded_for: header("x-forwarded-for"),
        forwarded_proto: header("x-forwarded-proto"),
        host: header(HOST.as_str()),
        descriptors_limit: rlimit::Resource::NOFILE.get().map_or(0, |(soft, _)| soft),
    }
}
