//! The chat for browsers without JavaScript, `/chat/KEY/text`: who asks, what the forms say, and how it looks.
//! Reading and writing go through a session, as for every other client: [`crate::realtime::textpage`].

/// Who asks: the visitor's cookie, and the proof in every form.
mod visit;
/// What a form says.
mod form;
/// Its pages.
mod view;
/// What every page knows.
mod ui;
/// The site's colour.
mod colors;
/// A conversation as its visitor reads it.
mod thread;

pub use colors::colors;
pub use form::{Act, Form, Wrong};
pub use thread::Thread;
pub(super) use ui::Ui;
pub use view::{Notice, Pages, Way};
pub use visit::Visit;
pub(super) use visit::visitor_cookie;

use actix_web::HttpRequest;
use protocol::ids::{SiteId, TenantId};
use protocol::site::{FieldRule, SiteConfig};
use protocol::state::{Availability, DepartmentChoice};

use super::documents;
use crate::app::App;
use crate::error::AppResult;
use crate::i18n::Texts;

/// The site a page belongs to, as one request sees it.
pub struct Place {
    /// The tenant.
    pub tenant: TenantId,
    /// The site.
    pub site: SiteId,
    /// What it looks like and asks for.
    pub config: SiteConfig,
    /// Whether it can chat now.
    pub availability: Availability,
    /// When it opens next, Unix milliseconds; only while it is closed and that is known.
    pub opens_at: Option<i64>,
    /// Departments to choose from; `None` when there is no choice.
    pub choices: Option<Vec<DepartmentChoice>>,
    /// The texts in the visitor's language.
    pub texts: &'static Texts,
}

impl Place {
    /// The site with this key.
    ///
    /// # Errors
    /// `not_found`; when the database fails.
    pub async fn of(app: &App, request: &HttpRequest, key: &str) -> AppResult<Self> {
        let (site, now) = documents::find(app, key).await?;
        let texts = documents::texts_of(request, site.config.locale.as_deref());
        let (tenant, id, config) = (site.tenant_id, site.id, site.config);
        Ok(Self {
            tenant,
            site: id,
            config,
            availability: now.availability,
            opens_at: now.opens_at,
            choices: now.departments,
            texts,
        })
    }

    /// Whether a form asks for the department.
    pub(super) fn ask_department(&self) -> FieldRule {
        let rule = self.config.ask_department.filter(|_| self.choices.is_some());
        rule.unwrap_or(FieldRule::Off)
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        format!("/chat/{}/text", self.config.key)
    }
}
