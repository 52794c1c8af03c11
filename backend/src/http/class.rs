//! Kinds of paths, and the security headers of each (rules C-5, C-7).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::Config;

/// What a path answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// JSON, files, health: nothing a browser shows as a page.
    Api,
    /// Hashed files.
    Asset,
    /// The loader, which runs in merchants' pages.
    Loader,
    /// The widget's document, framed by merchants' pages.
    Frame,
    /// The widget's document on its own.
    Chat,
    /// The chat for browsers without JavaScript.
    Text,
    /// The way back to the chat by a link in a mail, which text browsers go too.
    Back,
    /// The console.
    Console,
    /// Server-rendered pages.
    Page,
}

impl Class {
    pub(super) fn of(path: &str) -> Self {
        let mut parts = path.trim_start_matches('/').split('/');
        match parts.next().unwrap_or_default() {
            "v1" | "healthz" | "readyz" => Self::Api,
            "assets" => Self::Asset,
            "w" => Self::Loader,
            "frame" => Self::Frame,
            "chat" if parts.nth(1) == Some("text") => Self::Text,
            "chat" => Self::Chat,
            "back" => Self::Back,
            "console" => Self::Console,
            _ => Self::Page,
        }
    }

    /// Whether errors are shown as pages.
    pub(super) fn is_html(self) -> bool {
        matches!(self, Self::Frame | Self::Chat | Self::Text | Self::Back | Self::Console | Self::Page)
    }

    /// The policy of documents of this kind. The frame's says also who may embed it: `frame_policy`.
    fn content_security_policy(self, config: &Config) -> String {
        match self {
            Self::Api | Self::Asset | Self::Loader => "default-src 'none'; frame-ancestors 'none'".to_owned(),
            Self::Frame | Self::Chat | Self::Console => app_policy(config, "'none'"),
            Self::Text => "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
                .to_owned(),
            Self::Back => {
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; \
                base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                trusted-types 'none'"
                    .to_owned()
            }
            Self::Page => "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
                frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
                .to_owned(),
        }
    }
}

/// The policy of the frame of a site, which its origins and our own pages may embed.
pub(super) fn frame_policy(config: &Config, origins: &[String]) -> String {
    app_policy(config, &format!("'self' {}", origins.join(" ")))
}

fn app_policy(config: &Config, ancestors: &str) -> String {
    // Not every browser counts the WebSocket of the same host as 'self'.
    let socket = config.public_origin().replacen("http", "ws", 1);
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
         media-src 'self' blob:; connect-src 'self' {socket}; base-uri 'none'; form-action 'none'; object-src 'none'; \
         frame-ancestors {ancestors}; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// Adds what a response of this kind must carry; what the handler set stays.
pub(super) fn add_headers(headers: &mut HeaderMap, class: Class, config: &Config) {
    let mut add = |name: &'static str, value: &str| {
        let name = HeaderName::from_static(name);
        if let (false, Ok(value)) = (headers.contains_key(&name), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    };
    add("x-content-type-options", "nosniff");
    add("referrer-policy", "no-referrer");
    add("content-security-policy", &class.content_security_policy(config));
    let everywhere = matches!(class, Class::Loader | Class::Frame);
    add("cross-origin-resource-policy", if everywhere { "cross-origin" } else { "same-origin" });
    if class != Class::Frame {
        add("cross-origin-opener-policy", "same-origin");
        add("x-frame-options", "DENY");
    }
    if class.is_html() {
        add("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
    }
    if !matches!(class, Class::Asset | Class::Loader) {
        add("cache-control", "no-store");
    }
    if config.is_https() {
        add("strict-transport-security", "max-age=31536000");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn headers(class: Class, https: bool) -> HeaderMap {
        let mut config = Config::with_data(Path::new("data"));
        if https {
            config.public_url = "https://chat.example".parse().unwrap();
        }
        let mut headers = HeaderMap::new();
        add_headers(&mut headers, class, &config);
        headers
    }

    fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
        headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[test]
    fn paths_have_classes() {
        for (path, class) in [
            ("/", Class::Page),
            ("/sign-in", Class::Page),
            ("/admin/sites", Class::Page),
            ("/v1/ws", Class::Api),
            ("/v1x", Class::Page),
            ("/w/k.js", Class::Loader),
            ("/frame/k", Class::Frame),
            ("/chat/k", Class::Chat),
            ("/chat/k/text", Class::Text),
            ("/chat/k/text/files/1", Class::Text),
            ("/chat/text", Class::Chat),
            ("/back/k.abc", Class::Back),
            ("/backx", Class::Page),
            ("/console", Class::Console),
            ("/assets/a.js", Class::Asset),
            ("/readyz", Class::Api),
        ] {
            assert_eq!(Class::of(path), class, "{path}");
        }
    }

    #[test]
    fn no_class_allows_inline_script_or_style() {
        let browser = [Class::Frame, Class::Chat, Class::Text, Class::Back, Class::Console, Class::Page];
        for class in [Class::Api, Class::Asset, Class::Loader].into_iter().chain(browser) {
            let headers = headers(class, true);
            let policy = text(&headers, "content-security-policy");
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(
                !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains('*'),
                "{policy}"
            );
            assert_eq!(text(&headers, "x-content-type-options"), "nosniff");
            assert_eq!(text(&headers, "referrer-policy"), "no-referrer");
            assert!(text(&headers, "strict-transport-security").contains("max-age"));
            if class.is_html() {
                assert!(policy.contains("trusted-types 'none'"), "{policy}");
                assert_eq!(text(&headers, "cache-control"), "no-store");
            }
        }
        assert!(headers(Class::Page, false).get("strict-transport-security").is_none());
    }

    #[test]
    fn what_a_handler_set_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("content-security-policy"), HeaderValue::from_static("sandbox"));
        add_headers(&mut headers, Class::Api, &Config::with_data(Path::new("data")));
        assert_eq!(text(&headers, "content-security-policy"), "sandbox");
    }

    #[test]
    fn only_the_sites_origins_and_ours_may_frame() {
        let config = Config::with_data(Path::new("data"));
        let policy = frame_policy(&config, &["https://shop.example".to_owned(), "http://localhost:8081".to_owned()]);
        assert!(policy.contains("frame-ancestors 'self' https://shop.example http://localhost:8081;"), "{policy}");
        assert!(policy.contains("connect-src 'self' ws://localhost:0;"), "{policy}");
    }
}
