//! `GET /w/{key}.js`: the one tag of a merchant's page, with the site's configuration in it.

use actix_web::http::header::{self, CacheControl, CacheDirective, ETag, EntityTag, IfNoneMatch};
use actix_web::{HttpResponse, web};
use protocol::codec::to_json;
use protocol::site::{LoaderConfig, SiteConfig};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::assets;
use crate::error::AppResult;
use crate::store::EveryTenant;
use crate::store::site;

/// How long browsers keep it, in seconds.
const MAX_AGE: u32 = 300;
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The loader of a site.
///
/// # Errors
/// When the database fails. An unknown key gets a script that does nothing: it runs in merchants' pages.
pub async fn loader(
    app: web::Data<App>,
    file: web::Path<String>,
    known: web::Header<IfNoneMatch>,
) -> AppResult<HttpResponse> {
    let key = file.strip_suffix(".js").unwrap_or_default();
    let mut conn = app.store.read(EveryTenant).await?;
    let Some(site) = site::find_by_key(&mut conn, key).await? else {
        let text = "// Frontdesk: there is no site with this key, or it is switched off.\n";
        return Ok(HttpResponse::NotFound().content_type(JAVASCRIPT).body(text));
    };
    let config = to_json(&loader_config(&app.config.public_origin(), site.config));
    let script = assets::loader().replacen(assets::CONFIG_MARKER, &inline(&config), 1);
    let tag = EntityTag::new_weak(hex(&Sha256::digest(script.as_bytes())));
    let cache = CacheControl(vec![CacheDirective::Public, CacheDirective::MaxAge(MAX_AGE)]);
    let seen = match known.into_inner() {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|seen| seen.weak_eq(&tag)),
    };
    let mut response = if seen { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(cache).insert_header(ETag(tag)).insert_header((header::VARY, "accept-encoding"));
    if seen {
        return Ok(response.finish());
    }
    Ok(response.content_type(JAVASCRIPT).body(script))
}

/// What the loader needs of a site: it runs in the merchant's page and must stay small.
fn loader_config(origin: &str, site: SiteConfig) -> LoaderConfig {
    LoaderConfig {
        frame: format!("{origin}/frame/{}", site.key),
        host: origin.to_owned(),
        build: assets::build().to_owned(),
        key: site.key,
        color: site.color,
        side: site.side,
        theme: site.theme,
    }
}

/// JSON that is safe inside a script, in a file or in a document: no `<` that could end the element, none of
/// the two line ends that JSON allows in texts and old scripts do not.
pub(super) fn inline(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_script_cannot_end_it_and_means_the_same() {
        let text = "</script><!--<script>\u{2028}\u{2029}&amp;\"'";
        let json = serde_json::to_string(text).unwrap();
        let inlined = inline(&json);
        assert!(!inlined.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{inlined}");
        assert_eq!(serde_json::from_str::<String>(&inlined).unwrap(), text);
    }
}
