//! Which page a visitor looks at.

use domain::text::{Locale, PageTitle, PageUrl};
use protocol::command::Page;

use super::Done;
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult};
use crate::store::visitor::{self, Visitor};

/// Remembers the page a visitor is on. What is not a web address or language is left out, not refused:
/// browsers say odd things and a chat must not fail for it.
pub async fn visit_page(app: &App, who: &Principal, command: Page) -> AppResult<Done> {
    let Principal::Visitor(visitor) = who else { return Err(AppError::forbidden()) };
    let (tenant, id, now) = (visitor.tenant, visitor.visitor, app.now());
    app.store
        .write((tenant, id), move |tx| {
            Box::pin(async move {
                let mut seen = visitor::find_to_change(tx, tenant, id).await?.ok_or_else(AppError::unauthenticated)?;
                look(&mut seen, &command);
                seen.last_seen_at = now;
                visitor::save(tx, tenant, &seen).await
            })
        })
        .await?;
    Ok(Done::default())
}

/// Takes over what a page says about its visitor.
pub(super) fn look(seen: &mut Visitor, page: &Page) {
    if let Ok(url) = PageUrl::parse(&page.url) {
        seen.page_url = Some(url.into_string());
        seen.page_title =
            page.title.as_deref().and_then(|title| PageTitle::parse(title).ok()).map(PageTitle::into_string);
    }
    let referrer = page.referrer.as_deref().and_then(|referrer| PageUrl::parse(referrer).ok());
    seen.referrer = seen.referrer.take().or(referrer.map(PageUrl::into_string));
    // The merchant knows the language of its customers better than their browsers do.
    if seen.external_id.is_none() || seen.language.is_none() {
        let language = page.language.as_deref().and_then(|language| Locale::parse(language).ok());
        seen.language = language.map(Locale::into_string).or(seen.language.take());
    }
}
