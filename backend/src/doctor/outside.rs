//! What reaches the server through its public address: requests, sockets, polls, headers.

use url::{Host, Url};

use super::client::{Line, PATIENCE, Reply, Unreachable};
use super::{Depth, Finding, proxy};
use crate::config::Config;
use crate::http::guard;

/// Tries everything through the public address. When nothing answers there, nothing else is tried.
pub(super) async fn examine(config: &Config, depth: Depth) -> Vec<Finding> {
    let address = address(config).await;
    if address.status != super::Status::Ok {
        return vec![address];
    }
    let mut findings = vec![address];
    let (socket, poll, mut headers, proxied) =
        tokio::join!(websocket(config), long_poll(config), headers(config), proxy::examine(config, depth));
    findings.extend(plain(&config.public_url));
    findings.extend(proxied);
    findings.push(socket);
    findings.push(poll);
    if headers.is_empty() {
        headers.push(Finding::ok("headers", "headers.ok"));
    }
    findings.extend(headers);
    findings
}

async fn address(config: &Config) -> Finding {
    let url = &config.public_url;
    let line = match Line::open(url).await {
        Ok(line) => line,
        Err(why) => return unreachable(url, why),
    };
    let reply = line.ask("GET", "/healthz", "", PATIENCE).await;
    let finding = match (reply.status, reply.body.as_str()) {
        (200, "ok\n") => Finding::ok("address", "address.ok"),
        (0, _) => Finding::failed("address", "address.no_answer"),
        (300..=399, _) => {
            let to = reply.all("location").first().map(|to| (*to).to_owned()).unwrap_or_default();
            Finding::failed("address", "address.redirected").with("to", to)
        }
        (502..=504, _) => Finding::failed("address", "address.gateway").with("code", reply.status),
        _ => Finding::failed("address", "address.somebody_else").with("code", reply.status),
    };
    finding.with("url", config.public_origin())
}

fn unreachable(url: &Url, why: Unreachable) -> Finding {
    let finding = match why {
        Unreachable::Name(error) => Finding::failed("address", "address.no_name").with("error", error),
        Unreachable::Refused(error) => Finding::failed("address", "address.refused").with("error", error),
        Unreachable::Silent => Finding::failed("address", "address.silent"),
        Unreachable::Tls(error) => Finding::failed("address", "address.tls").with("error", error),
    };
    finding.with("url", url.origin().ascii_serialization())
}

/// Passwords and messages must not go over a network as plain text.
fn plain(url: &Url) -> Option<Finding> {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    (url.scheme() == "http" && !here).then(|| Finding::failed("https", "https.plain"))
}

async fn websocket(config: &Config) -> Finding {
    let Ok(line) = Line::open(&config.public_url).await else {
        return Finding::failed("websocket", "websocket.unreachable");
    };
    match line.upgrade("/v1/ws", &config.public_origin()).await {
        (Reply { status: 101, .. }, true) => Finding::ok("websocket", "websocket.ok"),
        (Reply { status: 101, .. }, false) => Finding::failed("websocket", "websocket.mute"),
        (Reply { status: 400 | 426, .. }, _) => Finding::failed("websocket", "websocket.stripped"),
        (reply, _) => Finding::failed("websocket", "websocket.blocked").with("code", reply.status),
    }
}

/// Without a token a poll that arrived is refused as unauthenticated, by us.
async fn long_poll(config: &Config) -> Finding {
    let Ok(line) = Line::open(&config.public_url).await else {
        return Finding::failed("long_poll", "long_poll.unreachable");
    };
    let more = format!("Content-Type: application/json\r\nX-Frontdesk: 1\r\nOrigin: {}\r\n", config.public_origin());
    let reply = line.ask("POST", "/v1/poll", &more, PATIENCE).await;
    if reply.body.contains("\"code\":") && matches!(reply.status, 400 | 401) {
        return Finding::ok("long_poll", "long_poll.ok");
    }
    Finding::failed("long_poll", "long_poll.blocked").with("code", reply.status)
}

/// What a proxy did to the headers that protect pages.
async fn headers(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, expected) in [("/sign-in", guard::page_headers(config)), ("/frame/doctor", guard::frame_headers(config))]
    {
        let Ok(line) = Line::open(&config.public_url).await else { continue };
        let reply = line.ask("GET", path, "Accept: text/html\r\n", PATIENCE).await;
        if reply.status == 0 {
            continue;
        }
        for (name, value) in &expected {
            let value = value.to_str().unwrap_or_default();
            let finding = match reply.all(name.as_str()).as_slice() {
                [one] if *one == value => continue,
                [] => Finding::failed("headers", "headers.missing"),
                [_] => Finding::failed("headers", "headers.changed"),
                _ => Finding::failed("headers", "headers.twice"),
            };
            findings.push(finding.with("header", name).with("path", path));
        }
        let framed = expected.contains_key("x-frame-options") || reply.all("x-frame-options").is_empty();
        if !framed {
            findings.push(Finding::failed("headers", "headers.no_frames"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_for_this_machine_alone() {
        for good in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]", "https://chat.example"] {
            assert!(plain(&good.parse().unwrap()).is_none(), "{good}");
        }
        for bad in ["http://chat.example", "http://10.0.0.1:8080", "http://localhost.example"] {
            assert!(plain(&bad.parse().unwrap()).is_some(), "{bad}");
        }
    }
}
