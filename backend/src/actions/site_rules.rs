//! What holds for every site, new or changed.

use std::collections::BTreeSet;

use domain::text::{Color, Locale, MessageText, Name, Origin, TextError, optional};
use protocol::error::ErrorCode;
use protocol::ids::{DepartmentId, TenantId};
use protocol::site::{SiteConfig, SiteTexts};

use crate::error::{AppResult, OnField, Refusal};
use crate::store::{Conn, department};

/// Most origins of a site.
const ORIGINS: usize = 50;
/// Most departments that a site offers.
const DEPARTMENTS: usize = super::departments::MOST;
/// Longest own text.
const TEXT_CHARS: usize = 300;
/// Most languages with own texts.
const LANGUAGES: usize = 20;

/// The one tag a merchant puts into a page.
pub fn snippet(public_origin: &str, key: &str) -> String {
    format!("<script async src=\"{public_origin}/w/{key}.js\"></script>")
}

/// A site's name.
pub(crate) fn name(text: &str) -> AppResult<String> {
    Ok(Name::parse(text).on_field("name")?.into_string())
}

/// Exact origins, each once, in the order given. At least one: a site nobody may embed is of no use.
pub(crate) fn origins(texts: &[String]) -> AppResult<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut origins = Vec::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        // What people copy from the address bar ends in a slash.
        let origin = Origin::parse(text.strip_suffix('/').unwrap_or(text)).on_field("origins")?.into_string();
        if seen.insert(origin.clone()) {
            origins.push(origin);
        }
    }
    if origins.is_empty() {
        return Err::<(), _>(TextError::Empty).on_field("origins").map(|()| origins);
    }
    if origins.len() > ORIGINS {
        let limit = Some(ORIGINS as u64);
        return Err(Refusal { limit, ..Refusal::field("origins", ErrorCode::Invalid, "too many origins") }.into());
    }
    Ok(origins)
}

/// Appearance and texts. `key` and `name` are those of the site.
pub(crate) fn config(mut config: SiteConfig) -> AppResult<SiteConfig> {
    config.color = Color::parse(&config.color).on_field("color")?.into_string();
    config.locale = optional(config.locale.as_deref(), Locale::parse).on_field("locale")?.map(Locale::into_string);
    config.departments = offered(config.departments.unwrap_or_default())?;
    if config.texts.len() > LANGUAGES {
        let limit = Some(LANGUAGES as u64);
        return Err(Refusal { limit, ..Refusal::field("texts", ErrorCode::Invalid, "too many languages") }.into());
    }
    let texts = std::mem::take(&mut config.texts);
    for own in texts {
        let text = |text: Option<String>, field| -> AppResult<Option<String>> {
            optional(text.as_deref(), own_text).on_field(field)
        };
        let own = SiteTexts {
            locale: Locale::parse(&own.locale).on_field("texts")?.into_string(),
            greeting: text(own.greeting, "greeting")?,
            welcome: text(own.welcome, "welcome")?,
            offline: text(own.offline, "offline")?,
        };
        if own.greeting.is_some() || own.welcome.is_some() || own.offline.is_some() {
            config.texts.push(own);
        }
    }
    Ok(config)
}

/// The departments that visitors choose from, each once; none means every one.
fn offered(departments: Vec<DepartmentId>) -> AppResult<Option<Vec<DepartmentId>>> {
    let mut seen = BTreeSet::new();
    let once: Vec<DepartmentId> = departments.into_iter().filter(|id| seen.insert(id.0)).collect();
    if once.len() > DEPARTMENTS {
        let refusal = Refusal::field("departments", ErrorCode::Invalid, "too many departments");
        return Err(Refusal { limit: Some(DEPARTMENTS as u64), ..refusal }.into());
    }
    Ok((!once.is_empty()).then_some(once))
}

/// A merchant's own text for visitors: a message of at most 300 characters. Forms check with the same rule.
///
/// # Errors
/// Empty, too long, or with a control character.
pub(crate) fn own_text(text: &str) -> Result<String, TextError> {
    let text = MessageText::parse(text)?.into_string();
    if text.chars().count() > TEXT_CHARS {
        return Err(TextError::TooLong { limit: TEXT_CHARS as u64 });
    }
    Ok(text)
}

/// Conversations go only to departments that are there. One that was removed since the form was opened is refused, not
/// replaced: whoever sent the form should know. `before` is the department the site has.
pub(crate) async fn check_departments(
    tx: &mut Conn,
    tenant: TenantId,
    (before, after): (DepartmentId, DepartmentId),
    config: &SiteConfig,
) -> AppResult<()> {
    let rows = department::list(tx, tenant).await?;
    let is_live = |id: &DepartmentId| rows.iter().any(|row| row.id == *id && row.removed_at.is_none());
    if after != before && !is_live(&after) {
        return Err(Refusal::field("department", ErrorCode::NotFound, "no such department").into());
    }
    if config.departments.iter().flatten().any(|id| !is_live(id)) {
        return Err(Refusal::field("departments", ErrorCode::NotFound, "no such department").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(texts: &[&str]) -> Refusal {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        origins(&texts).unwrap_err().to_refusal()
    }

    #[test]
    fn origins_are_exact_and_unique() {
        let given = ["https://Shop.example/", " https://shop.example ", "", "http://localhost:8081"].map(str::to_owned);
        assert_eq!(origins(&given).unwrap(), ["https://shop.example", "http://localhost:8081"]);
        assert_eq!(refused(&[]).field, Some("origins"));
        assert_eq!(refused(&["https://*.shop.example"]).field, Some("origins"));
        assert_eq!(refused(&["null"]).field, Some("origins"));
        let many: Vec<String> = (0..51).map(|n| format!("https://s{n}.example")).collect();
        assert_eq!(origins(&many).unwrap_err().to_refusal().limit, Some(50));
    }

    #[test]
    fn the_snippet_is_one_tag() {
        assert_eq!(
            snippet("https://chat.example", "abc"),
            "<script async src=\"https://chat.example/w/abc.js\"></script>"
        );
    }
}
