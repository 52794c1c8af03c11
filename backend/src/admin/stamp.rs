//! Which tenant a form was drawn for. The chosen tenant is a cookie, which every tab of a browser shares: a form opened
//! before another tab chose another tenant would else be saved there. So its address says whose it is, and one that
//! comes to another is refused.

use actix_web::HttpRequest;
use actix_web::error::InternalError;
use askama::Template;
use protocol::ids::TenantId;

use super::reply::stale;
use super::scope::{Area, Member};
use super::ui::{Choice, Chrome, Ui};
use crate::error::AppResult;

/// Name in the query of a form's address.
const NAME: &str = "tenant";

/// What the address of every form of a tenant ends in.
pub fn stamp(tenant: TenantId) -> String {
    format!("?{NAME}={tenant}")
}

/// What the address of a request says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// Nothing: no form of ours, or one drawn before forms said it.
    Missing,
    /// A tenant.
    Of(TenantId),
    /// No tenant there could be.
    Unreadable,
}

impl Stamp {
    /// The stamp of a request.
    pub(super) fn read(request: &HttpRequest) -> Self {
        Self::of_query(request.query_string())
    }

    fn of_query(query: &str) -> Self {
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == NAME);
        match found {
            None => Self::Missing,
            Some((_, value)) => TenantId::parse(&value).map_or(Self::Unreadable, Self::Of),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/other_tenant.html")]
struct OtherTenantPage {
    ui: Ui,
    chrome: Chrome,
    /// The tenant the form was drawn for, when one may still switch to it.
    was: Option<Choice>,
}

/// The answer to a form that was drawn for another tenant than the one the browser works for now.
pub(super) async fn refuse(member: &Member, stamp: Stamp) -> actix_web::Error {
    match answer(member, stamp).await {
        Ok(response) => InternalError::from_response("a form of another tenant", response).into(),
        Err(error) => error.into(),
    }
}

async fn answer(member: &Member, stamp: Stamp) -> AppResult<actix_web::HttpResponse> {
    let chrome = member.chrome(Area::Overview).await?;
    let was = match stamp {
        Stamp::Of(tenant) => chrome.tenants.iter().find(|choice| choice.value == tenant.to_string()).cloned(),
        Stamp::Missing | Stamp::Unreadable => None,
    };
    stale(&OtherTenantPage { ui: member.ui, chrome, was })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn what_a_form_says_is_read_back() {
        let tenant = TenantId(Uuid::from_u128(7));
        let query = stamp(tenant);
        assert_eq!(Stamp::of_query(query.trim_start_matches('?')), Stamp::Of(tenant));
        assert_eq!(Stamp::of_query("page=2"), Stamp::Missing);
        assert_eq!(Stamp::of_query("tenant=x"), Stamp::Unreadable);
    }
}
