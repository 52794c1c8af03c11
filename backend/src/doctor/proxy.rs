//! What stands between the public address and the server: the server itself says what arrived of a request, and
//! when its answer went out.

use std::net::SocketAddr;
use std::time::Duration;

use super::client::{Line, PATIENCE, Reply};
use super::{Depth, Finding};
use crate::auth::keys::Keys;
use crate::clock::Clock;
use crate::config::Config;
use crate::http::probe::{self, Seen};

/// How long the second half of an answer is held to see whether the first comes before it.
const HELD: Duration = Duration::from_millis(1500);
/// The first half comes within this, unless somebody waits for the whole.
const AT_ONCE: Duration = Duration::from_millis(1000);
/// As long as a poll is held, and a little.
const POLL: Duration = Duration::from_millis(26_000);
/// An address for documentation (RFC 5737) that we claim to come from.
const CLAIMED: &str = "192.0.2.1";
/// A server that many people connect to needs more descriptors than this.
const FEW_DESCRIPTORS: u64 = 4096;
/// Clocks that differ by more confuse timers; and by more than the second, tokens (C16). In milliseconds.
const APART_MS: [u64; 2] = [2_000, 30_000];

/// Asks the server what arrived.
pub(super) async fn examine(config: &Config, depth: Depth) -> Vec<Finding> {
    let keys = match &config.secret {
        Some(secret) => Keys::from_text(&secret.0),
        // Without keys, which another check has said, nothing can be asked.
        None if !config.secret_file.exists() => return Vec::new(),
        None => Keys::open(&config.secret_file),
    };
    let keys = match keys {
        Ok(keys) => keys,
        Err(error) => return vec![Finding::failed("server", "server.keys").with("error", format!("{error:#}"))],
    };
    let held = async {
        match depth {
            Depth::Quick => None,
            Depth::Whole => Some(held_poll(config, &keys).await),
        }
    };
    let (mut findings, held) = tokio::join!(arrived(config, &keys), held);
    // Where nothing arrives there is nothing to hold.
    if findings.len() > 1 {
        findings.extend(held);
    }
    findings
}

async fn ask(config: &Config, keys: &Keys, held: Duration) -> Option<(SocketAddr, Reply)> {
    let token = probe::token(keys, Clock::default().now()).ok()?;
    let line = Line::open(&config.public_url).await.ok()?;
    let local = line.local();
    let more = format!("Authorization: Bearer {token}\r\nX-Forwarded-For: {CLAIMED}\r\n");
    let path = format!("/v1/probe?hold_ms={}", held.as_millis());
    Some((local, line.ask("GET", &path, &more, held + PATIENCE).await))
}

async fn arrived(config: &Config, keys: &Keys) -> Vec<Finding> {
    let Some((local, reply)) = ask(config, keys, HELD).await else {
        return vec![Finding::failed("server", "server.unreachable")];
    };
    let seen: Option<Seen> = reply.body.lines().next().and_then(|line| serde_json::from_str(line).ok());
    let Some(seen) = seen.filter(|_| reply.status == 200) else {
        return vec![match reply.status {
            401 => Finding::failed("server", "server.other_keys"),
            404 => Finding::failed("server", "server.older"),
            code => Finding::failed("server", "server.blocked").with("code", code),
        }];
    };
    let mut findings = judge(&seen, local, config);
    findings.push(clock(seen.at, Clock::default().now() - millis(reply.ended_after) + millis(reply.first_after)));
    findings.push(if reply.first_after > AT_ONCE {
        Finding::failed("buffering", "buffering.held").with("ms", reply.first_after.as_millis())
    } else {
        Finding::ok("buffering", "buffering.ok")
    });
    findings
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// What the server says, against what we know.
fn judge(seen: &Seen, local: SocketAddr, config: &Config) -> Vec<Finding> {
    let mut findings = vec![version(seen)];
    let ours = config.public_origin();
    if seen.public_url != ours {
        let differs = Finding::failed("public_url", "public_url.differs");
        findings.push(differs.with("ours", ours).with("theirs", &seen.public_url));
    }
    if !config.is_https() && seen.forwarded_proto.as_deref() == Some("https") {
        findings.push(Finding::failed("https", "https.mixed"));
    }
    findings.push(client(seen, local));
    let url = &config.public_url;
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    if seen.host.as_deref() != Some(host.as_str()) {
        let found = seen.host.clone().unwrap_or_default();
        findings.push(Finding::warning("host", "host.changed").with("found", found).with("host", host));
    }
    let limit = seen.descriptors_limit;
    findings.push(if limit < FEW_DESCRIPTORS {
        Finding::warning("files", "files.few").with("limit", limit)
    } else {
        Finding::ok("files", "files.ok").with("limit", limit)
    });
    findings
}

fn version(seen: &Seen) -> Finding {
    let (ours, assets) = (env!("CARGO_PKG_VERSION"), crate::assets::build());
    if seen.version == ours && seen.assets == assets {
        return Finding::ok("server", "server.ok").with("version", ours);
    }
    let theirs = format!("{} ({})", seen.version, seen.assets);
    Finding::warning("server", "server.version").with("ours", format!("{ours} ({assets})")).with("theirs", theirs)
}

/// Whether the server knows where a request comes from, and from whom it takes it.
fn client(seen: &Seen, local: SocketAddr) -> Finding {
    if seen.peer == local.to_string() {
        return Finding::ok("client_ip", "client_ip.direct_ok").with("client", &seen.peer);
    }
    let peer = seen.peer.parse().map_or_else(|_| seen.peer.clone(), |peer: SocketAddr| peer.ip().to_string());
    let untouched = seen.forwarded_for.as_deref() == Some(CLAIMED);
    let finding = match (seen.forwarded_for.is_some(), untouched, seen.trusted) {
        // Somebody on the way said where it comes from, and is not believed.
        (true, false, false) => Finding::failed("client_ip", "client_ip.untrusted"),
        (true, false, true) => Finding::ok("client_ip", "client_ip.ok"),
        // What a stranger claims is believed.
        (true, true, true) => Finding::failed("client_ip", "client_ip.claimed"),
        (false, _, true) => Finding::failed("client_ip", "client_ip.not_sent"),
        // Perhaps no proxy at all but a translation of addresses.
        (_, _, false) => Finding::warning("client_ip", "client_ip.hidden"),
    };
    finding.with("peer", peer).with("client", &seen.client)
}

fn clock(theirs: i64, ours: i64) -> Finding {
    let apart = theirs.abs_diff(ours);
    let finding = match apart {
        apart if apart <= APART_MS[0] => Finding::ok("server_clock", "server_clock.ok"),
        apart if apart <= APART_MS[1] => Finding::warning("server_clock", "server_clock.apart"),
        _ => Finding::failed("server_clock", "server_clock.far_apart"),
    };
    finding.with("ms", apart)
}

async fn held_poll(config: &Config, keys: &Keys) -> Finding {
    match ask(config, keys, POLL).await {
        Some((_, reply)) if reply.status == 200 && reply.body.ends_with("\"end\"\n") => {
            Finding::ok("held_poll", "held_poll.ok").with("seconds", POLL.as_secs())
        }
        Some((_, reply)) => Finding::failed("held_poll", "held_poll.cut").with("seconds", reply.ended_after.as_secs()),
        None => Finding::failed("held_poll", "held_poll.cut").with("seconds", 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;
    use std::path::Path;

    const LOCAL: &str = "203.0.113.7:4711";

    fn seen() -> Seen {
        Seen {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            assets: crate::assets::build().to_owned(),
            at: 0,
            public_url: "https://chat.example".to_owned(),
            client: "203.0.113.7".to_owned(),
            peer: "10.0.0.9:3333".to_owned(),
            trusted: true,
            forwarded_for: Some("203.0.113.7".to_owned()),
            forwarded_proto: Some("https".to_owned()),
            host: Some("chat.example".to_owned()),
            descriptors_limit: 100_000,
        }
    }

    fn config() -> Config {
        let mut config = Config::with_data(Path::new("data"));
        config.public_url = "https://chat.example".parse().unwrap();
        config
    }

    fn bad(seen: &Seen) -> Vec<(&'static str, Status)> {
        let findings = judge(seen, LOCAL.parse().unwrap(), &config());
        let bad = findings.into_iter().filter(|finding| finding.status != Status::Ok);
        bad.map(|finding| (finding.key, finding.status)).collect()
    }

    #[test]
    fn a_good_proxy_is_good() {
        assert_eq!(bad(&seen()), []);
        let appended = Seen { forwarded_for: Some("192.0.2.1, 203.0.113.7".to_owned()), ..seen() };
        assert_eq!(bad(&appended), []);
        let direct = Seen { peer: LOCAL.to_owned(), trusted: false, forwarded_for: Some(CLAIMED.to_owned()), ..seen() };
        assert_eq!(bad(&direct), []);
    }

    #[test]
    fn each_fault_of_a_proxy_has_its_finding() {
        let claimed = Some(CLAIMED.to_owned());
        for (fault, key, status) in [
            (Seen { trusted: false, ..seen() }, "client_ip.untrusted", Status::Failed),
            (Seen { forwarded_for: None, ..seen() }, "client_ip.not_sent", Status::Failed),
            (Seen { forwarded_for: claimed.clone(), ..seen() }, "client_ip.claimed", Status::Failed),
            (Seen { forwarded_for: claimed, trusted: false, ..seen() }, "client_ip.hidden", Status::Warning),
            (Seen { forwarded_for: None, trusted: false, ..seen() }, "client_ip.hidden", Status::Warning),
            (Seen { host: Some("127.0.0.1:8080".to_owned()), ..seen() }, "host.changed", Status::Warning),
            (Seen { version: "0.0.1".to_owned(), ..seen() }, "server.version", Status::Warning),
            (Seen { public_url: "http://localhost".to_owned(), ..seen() }, "public_url.differs", Status::Failed),
            (Seen { descriptors_limit: 1024, ..seen() }, "files.few", Status::Warning),
        ] {
            assert_eq!(bad(&fault), [(key, status)], "{fault:?}");
        }
        let mut plain = config();
        plain.public_url = "http://chat.example".parse().unwrap();
        let at_plain = Seen { public_url: "http://chat.example".to_owned(), ..seen() };
        let findings = judge(&at_plain, LOCAL.parse().unwrap(), &plain);
        assert!(findings.iter().any(|finding| finding.key == "https.mixed"));
    }

    #[test]
    fn clocks() {
        assert_eq!(clock(10_000, 11_000).status, Status::Ok);
        assert_eq!(clock(10_000, 20_000).status, Status::Warning);
        assert_eq!(clock(100_000, 10_000).status, Status::Failed);
    }
}
