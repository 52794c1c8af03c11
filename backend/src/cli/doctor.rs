//! What is wrong with an installation, in words. Everything is tried from outside, through the public URL,
//! because that is where visitors come from.

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::output::Output;
use crate::config::Config;
use crate::store::Store;

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    says: String,
}

pub(super) async fn run(config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let checks = [
        check("data folder", data_folder(config).await),
        check("database", database(config).await),
        check("public URL", answers(config, "GET /healthz HTTP/1.1\r\n", "200").await),
        check("WebSocket", upgrades(config).await),
        check("long-poll", answers(config, LONG_POLL, "401").await),
        check("mail", mail(config).await),
    ];
    output.print(&checks, || {
        let lines = checks
            .iter()
            .map(|check| format!("{} {}: {}", if check.ok { "ok  " } else { "FAIL" }, check.name, check.says));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    Ok(if checks.iter().all(|check| check.ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Without a token a poll that reached the server is refused as unauthenticated.
const LONG_POLL: &str = "POST /v1/poll HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";

fn check(name: &'static str, outcome: Result<String, String>) -> Check {
    let ok = outcome.is_ok();
    Check { name, ok, says: outcome.unwrap_or_else(|why| why) }
}

async fn data_folder(config: &Config) -> Result<String, String> {
    let probe = config.data.join(".doctor");
    let tried = async {
        tokio::fs::create_dir_all(&config.data).await?;
        tokio::fs::write(&probe, b"probe").await?;
        tokio::fs::remove_file(&probe).await
    };
    let place = config.data.display();
    match tried.await {
        Ok(()) => Ok(format!("{place} can be written")),
        Err(error) => Err(format!("{place} cannot be written: {error}. Give the service's account the folder.")),
    }
}

async fn database(config: &Config) -> Result<String, String> {
    if let Some(file) = config.database.file()
        && !file.exists()
    {
        return Err(format!("{} does not exist yet; `frontdesk serve` creates it", file.display()));
    }
    match Store::open(&config.database).await {
        Ok(store) => {
            store.close().await;
            Ok("opens, schema is current, every commit reaches the disk".to_owned())
        }
        Err(error) => Err(format!("{error:#}")),
    }
}

async fn mail(config: &Config) -> Result<String, String> {
    let Some(url) = &config.smtp_url else {
        return Ok("not configured: mail waits in the outbox (set FRONTDESK_SMTP_URL)".to_owned());
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().unwrap_or(if url.scheme() == "smtps" { 465 } else { 587 });
    match timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(format!("{host}:{port} accepts connections")),
        Ok(Err(error)) => Err(format!("{host}:{port}: {error}. Check the address and the firewall.")),
        Err(_) => Err(format!("{host}:{port} does not answer. Check the address and the firewall.")),
    }
}

async fn upgrades(config: &Config) -> Result<String, String> {
    let request = "GET /v1/ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ZnJvbnRkZXNrLWRvY3Rvcg==\r\n";
    answers(config, request, "101")
        .await
        .map_err(|why| format!("{why}. The proxy must pass Upgrade and Connection; until then widgets use long-poll."))
}

/// Sends a request through the public URL. HTTPS is checked as far as the port: its certificate is the
/// proxy's business.
async fn answers(config: &Config, request: &str, expected: &str) -> Result<String, String> {
    let url = &config.public_url;
    let host = url.host_str().unwrap_or_default().to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    let tried = timeout(PATIENCE, async {
        let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        if url.scheme() == "https" {
            return Ok(None);
        }
        let origin = config.public_origin();
        let body = if request.starts_with("POST") { "{}" } else { "" };
        let text = format!("{request}Host: {host}:{port}\r\nOrigin: {origin}\r\n\r\n{body}");
        stream.write_all(text.as_bytes()).await?;
        let mut head = [0u8; 64];
        let read = stream.read(&mut head).await?;
        Ok::<_, std::io::Error>(Some(String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned()))
    });
    match tried.await {
        Err(_) => Err(format!("{url} does not answer")),
        Ok(Err(error)) => Err(format!("{url}: {error}. Is the server running, and is FRONTDESK_PUBLIC_URL right?")),
        Ok(Ok(None)) => Ok(format!("{host}:{port} accepts connections")),
        Ok(Ok(Some(head))) if head.get(9..12) == Some(expected) => Ok(format!("{url} answers as it should")),
        Ok(Ok(Some(head))) => {
            let status = head.lines().next().unwrap_or("nothing");
            Err(format!("{url} answered \"{status}\", expected {expected}"))
        }
    }
}
