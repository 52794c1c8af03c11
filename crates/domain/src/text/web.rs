//! Origins and page addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use protocol::limits;

use super::{TextError, text_type};

text_type! {
    /// An origin exactly as browsers send it: `scheme://host` or `scheme://host:port`, http or https, lower
    /// case, without default port, path, name or wildcard. Hosts that are not ASCII are in `xn--` form.
    Origin
}
text_type! {
    /// An http or https address, cut to [`limits::URL_CHARS`] characters, without name and password.
    PageUrl
}

impl Origin {
    /// Parses an origin.
    ///
    /// # Errors
    /// Empty, or anything that is not exactly an origin.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        let (scheme, authority) = split_scheme(&text).ok_or(TextError::Format)?;
        let (host, port) = split_port(authority).ok_or(TextError::Format)?;
        let host = canonical_host(host).ok_or(TextError::Format)?;
        let default = if scheme == "https" { 443 } else { 80 };
        Ok(Self(match port {
            Some(port) if port != default => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }))
    }

    /// Whether the scheme is https.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl PageUrl {
    /// Parses an address. More than the limit is cut, not refused.
    ///
    /// # Errors
    /// Empty, another scheme, no host, or with a control character or space.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        let (scheme, rest) = split_scheme(text).ok_or(TextError::Format)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = authority.rsplit('@').next().unwrap_or_default();
        if host.is_empty() || host.starts_with(':') {
            return Err(TextError::Format);
        }
        let address = format!("{}://{host}{path}", scheme.to_ascii_lowercase());
        let address: String = address.chars().take(limits::URL_CHARS).collect();
        if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(TextError::Format);
        }
        Ok(Self(address))
    }
}

/// One label of a DNS name: letters, digits, inner hyphens, 1 to 63 of them.
pub(super) fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    known.then_some((scheme, rest))
}

/// Splits off the port, which must be a plain number above 0.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let colon = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => colon,
        _ => return Some((authority, None)),
    };
    let (host, port) = authority.split_at(colon);
    let port = port.get(1..)?;
    if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let port = port.parse().ok().filter(|port| *port > 0)?;
    Some((host, Some(port)))
}

fn canonical_host(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().ok().map(|ip| format!("[{ip}]"));
    }
    let last = host.rsplit('.').next()?;
    if !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().ok().map(|ip| ip.to_string());
    }
    // Browsers accept the underscore, which DNS host names do not have, and some shops use it.
    let label = |part: &str| is_label(&part.replace('_', "a"));
    (host.len() <= 253 && host.split('.').all(label)).then(|| host.to_owned())
}
