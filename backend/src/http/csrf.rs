//! Whether a request that changes something comes from our own pages (rule C-2). Works for plain forms: no
//! token, only what the browser itself says and a page cannot forge.

use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};

use crate::config::Config;
use crate::error::{AppError, AppResult};

/// Refuses a request from another origin. A safe method passes; so does a request with a bearer token, which a
/// foreign page does not have. Otherwise `Sec-Fetch-Site` and `Origin` must both be ours where they are sent,
/// and at least one of them must be.
///
/// # Errors
/// `forbidden`.
pub fn check(method: &Method, headers: &HeaderMap, config: &Config) -> AppResult<()> {
    if method.is_safe() || headers.contains_key(AUTHORIZATION) {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let site = text("sec-fetch-site");
    let origin = text(ORIGIN.as_str());
    let ours = match (site, origin) {
        (None | Some("same-origin"), Some(origin)) if origin == config.public_origin() => true,
        // A page that sends no referrer sends "null" as the origin of its forms.
        (Some("same-origin"), None | Some("null")) => true,
        _ => false,
    };
    if ours && headers.get_all(ORIGIN).count() < 2 { Ok(()) } else { Err(AppError::forbidden()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use std::path::Path;

    fn passes(method: Method, sent: &[(&'static str, &'static str)]) -> bool {
        let mut config = Config::with_data(Path::new("data"));
        config.public_url = "https://chat.example".parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        check(&method, &headers, &config).is_ok()
    }

    #[test]
    fn our_own_forms_pass() {
        assert!(passes(Method::GET, &[]));
        assert!(passes(Method::POST, &[("origin", "https://chat.example")]));
        assert!(passes(Method::POST, &[("origin", "https://chat.example"), ("sec-fetch-site", "same-origin")]));
        assert!(passes(Method::POST, &[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(passes(Method::POST, &[("sec-fetch-site", "same-origin")]));
        assert!(passes(Method::POST, &[("authorization", "Bearer x"), ("origin", "https://elsewhere.example")]));
    }

    #[test]
    fn everything_else_is_refused() {
        for sent in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "https://shop.example")],
            &[("origin", "http://chat.example")],
            &[("origin", "https://chat.example:444")],
            &[("origin", "https://chat.example.evil.example")],
            &[("origin", "https://chat.example/")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://chat.example"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://shop.example"), ("sec-fetch-site", "same-origin")],
            &[("origin", "https://chat.example"), ("origin", "https://shop.example")],
        ] {
            assert!(!passes(Method::POST, sent), "{sent:?}");
        }
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(!passes(method, &[]));
        }
    }
}
