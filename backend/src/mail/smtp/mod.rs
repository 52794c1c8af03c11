//! Handing mail to a server over SMTP. TLS is verified and never left out on the way to another machine
//! (rules M2, F34).

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, PoolConfig};
use lettre::{AsyncTransport, Tokio1Executor};
use url::{Host, Url};
use uuid::Uuid;

use super::{Mail, build};
use crate::config::Config;

/// Longest wait for one answer of the mail server.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Longest time for a connection that sends nothing.
const GREET_WITHIN: Duration = Duration::from_secs(8);
/// Longest time for one mail.
const MAIL_WITHIN: Duration = Duration::from_secs(60);

/// Sends mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail did not go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendError {
    /// Trying again cannot help.
    pub is_permanent: bool,
    /// What happened, for the people who look at the outbox.
    pub text: String,
}

impl Mailer {
    /// The mailer the operator configured; `None` without `smtp_url`.
    ///
    /// # Errors
    /// An address or sender that cannot be used, with the name of the setting.
    pub fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.smtp_url else { return Ok(None) };
        let transport = transport(url).context("FRONTDESK_SMTP_URL cannot be used")?;
        let from = sender(config).context("FRONTDESK_MAIL_FROM is not an address")?;
        Ok(Some(Self { transport, from }))
    }

    /// Connects, encrypts and signs in as for a mail, and sends none.
    ///
    /// # Errors
    /// What the server or the network said.
    pub async fn greet(&self) -> Result<(), SendError> {
        let silent = || SendError { is_permanent: false, text: "the mail server did not answer".to_owned() };
        match tokio::time::timeout(GREET_WITHIN, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Ok(Ok(false)) | Err(_) => Err(silent()),
        }
    }

    /// Sends one mail. Returns when the server took it.
    ///
    /// # Errors
    /// What the server or the network said.
    pub async fn send(&self, mail: &Mail, id: Uuid) -> Result<(), SendError> {
        let message =
            build(mail, id, &self.from).map_err(|error| SendError { is_permanent: true, text: error.to_string() })?;
        match tokio::time::timeout(MAIL_WITHIN, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(SendError { is_permanent: false, text: "the mail server did not answer in time".into() }),
        }
    }
}

/// A refusal of this mail is final; one that speaks about the log-in or about encryption is a matter of
/// configuration and may be different tomorrow.
fn failure(error: &lettre::transport::smtp::Error) -> SendError {
    let code = error.status().map(|code| code.to_string());
    let about_us = matches!(code.as_deref(), Some("530" | "534" | "535" | "538" | "421" | "503"));
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    SendError { is_permanent: error.is_permanent() && !about_us, text }
}

fn transport(url: &Url) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    let host = url.host_str().context("it names no host")?.trim_matches(['[', ']']);
    let (tls, port) = match url.scheme() {
        "smtps" => (Tls::Wrapper(TlsParameters::new(host.to_owned())?), 465),
        "smtp" if is_loopback(url) => (Tls::None, 25),
        "smtp" => (Tls::Required(TlsParameters::new(host.to_owned())?), 587),
        other => bail!("{other}: is not allowed; use smtp:// (STARTTLS) or smtps://"),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        .timeout(Some(ANSWER_WITHIN))
        .pool_config(PoolConfig::new().max_size(4).idle_timeout(Duration::from_secs(30)));
    if let Some(password) = url.password() {
        let (name, password) = (decoded(url.username())?, decoded(password)?);
        builder = builder.credentials(Credentials::new(name, password));
    }
    Ok(builder.build())
}

/// Only on the way to this very machine may mail go unencrypted.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => match name.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback(),
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        },
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Undoes the percent-encoding of a name or password in an address.
fn decoded(text: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).context("name or password is not UTF-8")
}

fn sender(config: &Config) -> anyhow::Result<Mailbox> {
    match &config.mail_from {
        Some(text) => Ok(text.parse()?),
        None => {
            let host = config.public_url.host_str().unwrap_or("localhost");
            Ok(format!("Frontdesk <frontdesk@{host}>").parse()?)
        }
    }
}

#[cfg(test)]
mod tests;
