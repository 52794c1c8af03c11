//! Where a request comes from. `X-Forwarded-For` is believed only from the proxies the operator named, read
//! from the right: what stands left of the first stranger was written by that stranger (rule R1).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;

use crate::config::Config;

/// Addresses in the header that are looked at.
const HOPS: usize = 20;

/// The address of the client.
pub fn client_ip(request: &HttpRequest, config: &Config) -> IpAddr {
    resolve(request.peer_addr(), request.headers(), config)
}

/// The address of the client of a request with these headers, whose connection comes from `peer`.
pub fn resolve(peer: Option<SocketAddr>, headers: &HeaderMap, config: &Config) -> IpAddr {
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip()).to_canonical();
    let trusted = |ip: IpAddr| config.trusted_proxies.iter().any(|network| network.contains(ip));
    if !trusted(peer) {
        return peer;
    }
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    let hops = lines.iter().flat_map(|line| line.split(','));
    let hops: Vec<Option<IpAddr>> = hops.map(parse).collect();
    let mut nearest = peer;
    for hop in hops.into_iter().rev().take(HOPS) {
        // What is no address was not written by a proxy of ours.
        let Some(hop) = hop else { return nearest };
        nearest = hop;
        if !trusted(hop) {
            return hop;
        }
    }
    nearest
}

/// An address, with or without port and brackets.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let ip = text.parse().ok().or_else(|| text.parse().ok().map(|addr: std::net::SocketAddr| addr.ip()));
    ip.or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()).map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::network::Network;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use std::path::Path;

    fn found(peer: &str, forwarded: &[&'static str]) -> String {
        let mut config = Config::with_data(Path::new("data"));
        config.trusted_proxies = ["127.0.0.1", "10.0.0.0/8"].map(|text| Network::parse(text).unwrap()).to_vec();
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(line));
        }
        resolve(Some(SocketAddr::new(peer.parse().unwrap(), 1)), &headers, &config).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(found("203.0.113.5", &["198.51.100.1"]), "203.0.113.5");
        assert_eq!(found("203.0.113.5", &[]), "203.0.113.5");
    }

    #[test]
    fn the_first_stranger_from_the_right_is_the_client() {
        assert_eq!(found("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(found("127.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.3"]), "198.51.100.1");
        assert_eq!(found("127.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(found("127.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(found("127.0.0.1", &["198.51.100.1:80"]), "198.51.100.1");
        assert_eq!(found("127.0.0.1", &["198.51.100.1, unknown"]), "127.0.0.1");
        assert_eq!(found("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(found("127.0.0.1", &["10.1.1.1, 10.0.0.2"]), "10.1.1.1");
    }
}
