//! The cookie of a signed-in browser (rule J1). Why it has two names: docs/decisions/0004-cookie.md.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{COOKIE, HeaderMap};

use crate::auth::browser::ABSOLUTE_MS;
use crate::config::Config;

/// Name of the cookie: on https with the prefix that makes browsers refuse one set by another host or without
/// encryption.
pub fn name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-frontdesk" } else { "frontdesk" }
}

/// The cookie a request brought.
pub fn read(request: &HttpRequest, config: &Config) -> Option<String> {
    find(request.headers(), config)
}

/// The cookie among these headers.
pub fn find(headers: &HeaderMap, config: &Config) -> Option<String> {
    let lines = headers.get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(|line| line.split(';')).filter_map(|part| Cookie::parse_encoded(part.trim()).ok());
    cookies.find(|cookie| cookie.name() == name(config)).map(|cookie| cookie.value().to_owned())
}

/// The cookie that signs a browser in.
pub fn signed_in(config: &Config, token: String) -> Cookie<'static> {
    with(config, token, Duration::milliseconds(ABSOLUTE_MS))
}

/// The cookie that removes it.
pub fn signed_out(config: &Config) -> Cookie<'static> {
    with(config, String::new(), Duration::ZERO)
}

/// Name of the cookie of a sign-in that waits for a code.
fn waiting_name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-frontdesk-code" } else { "frontdesk-code" }
}

/// The cookie of a sign-in that waits for a code.
pub fn waiting(config: &Config, token: String) -> Cookie<'static> {
    named(waiting_name(config), config, token, Duration::minutes(5))
}

/// The cookie that removes it.
pub fn no_longer_waiting(config: &Config) -> Cookie<'static> {
    named(waiting_name(config), config, String::new(), Duration::ZERO)
}

/// What a request brought of it.
pub fn read_waiting(request: &HttpRequest, config: &Config) -> Option<String> {
    request.cookie(waiting_name(config)).map(|cookie| cookie.value().to_owned())
}

fn with(config: &Config, value: String, age: Duration) -> Cookie<'static> {
    named(name(config), config, value, age)
}

fn named(name: &'static str, config: &Config, value: String, age: Duration) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(config.is_https())
        .same_site(SameSite::Lax)
        .max_age(age)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_cookie_is_as_strict_as_the_address_allows() {
        let mut config = Config::with_data(Path::new("data"));
        let plain = signed_in(&config, "t".into()).to_string();
        assert_eq!(plain, "frontdesk=t; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000");
        config.public_url = "https://chat.example".parse().unwrap();
        let secure = signed_in(&config, "t".into()).to_string();
        assert_eq!(secure, "__Host-frontdesk=t; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000");
        assert!(signed_out(&config).to_string().contains("Max-Age=0"));
    }
}
