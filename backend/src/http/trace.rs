//! One line in the log for each request, and an id that all its lines share. What is logged is the route, never the
//! address: an address may hold a one-time link (rule J4).

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use tracing::Span;
use tracing::field::Empty;

use crate::app::App;
use crate::metrics::metrics;

/// Header with the id of a request, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken over, in bytes.
const ID_BYTES: usize = 64;

/// A request under way.
pub(super) struct Trace {
    id: String,
    span: Span,
    begun: Instant,
}

impl Trace {
    /// Takes over the id that a trusted proxy gave the request, or makes one. What anybody else says about a
    /// request is not written beside what we know of it.
    pub(super) fn begin(request: &ServiceRequest, app: Option<&App>) -> Self {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let trusts = |app: &App| {
            peer.is_some_and(|peer| app.config.trusted_proxies.iter().any(|network| network.contains(peer)))
        };
        let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let given = given.filter(|id| is_plain(id) && app.is_some_and(trusts));
        let id = given.map_or_else(|| format!("{:016x}", rand::random::<u64>()), str::to_owned);
        let span = tracing::info_span!("request", id = %id, tenant = Empty, conversation = Empty);
        Self { id, span, begun: Instant::now() }
    }

    /// What everything that is logged for this request is logged in.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Logs what became of it and tells the id.
    pub(super) fn end(self, response: &mut ServiceResponse<impl MessageBody>) {
        let status = response.status().as_u16();
        let method = response.request().method().clone();
        let route = response.request().match_pattern().unwrap_or_else(|| "no such route".to_owned());
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.span.in_scope(|| match status {
            500.. => tracing::warn!(%method, route, status, ms, "answered"),
            _ if method.is_safe() => tracing::debug!(%method, route, status, ms, "answered"),
            _ => tracing::info!(%method, route, status, ms, "answered"),
        });
        metrics().answered(status);
        if let Ok(value) = HeaderValue::from_str(&self.id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
    }
}

/// Whether an id can stand in a log and a header as it is.
fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    !id.is_empty() && id.len() <= ID_BYTES && id.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken_over() {
        assert!(is_plain("7f3a-00.b_") && is_plain("a:1") && is_plain(&"x".repeat(64)));
        for id in ["", " ", "a b", "a\"b", "a\\nb", "é", "a/b", "{}"] {
            assert!(!is_plain(id), "{id}");
        }
        assert!(!is_plain(&"x".repeat(65)));
    }
}
