//! Who asks, and in which tenant. A person with several memberships chooses one; the choice is a cookie that
//! says nothing but which, and is checked against the memberships each time.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use domain::permission::{self, Permission};
use futures_util::future::LocalBoxFuture;
use protocol::error::ErrorCode;
use protocol::ids::TenantId;
use serde::Deserialize;

use super::parts::Icon;
use super::reply::Reply;
use super::stamp::{self, Stamp};
use super::ui::{Choice, Chrome, Flash, Group, NavLink, Ui};
use crate::actions::actor::Actor;
use crate::app::App;
use crate::auth::browser::{self, Signed};
use crate::auth::{AgentIdentity, Principal};
use crate::error::{AppError, AppResult};
use crate::http::extract;
use crate::store::{EveryTenant, agent, outbox, tenant, transcript};

/// Cookie with the id of the chosen tenant.
const CHOICE: &str = "fd_tenant";

/// A part of the tenant side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Start page.
    Overview,
    /// What goes on now.
    Board,
    /// Sites.
    Sites,
    /// Members.
    People,
    /// Departments.
    Departments,
    /// Settings of queue and routing.
    Routing,
    /// Keys that say who a visitor is.
    Identity,
    /// Conversations.
    Transcripts,
    /// Offline messages.
    Offline,
    /// E-mail.
    Mail,
    /// Audit log.
    Audit,
    /// One's own login.
    Profile,
}

/// A signed-in member of a tenant.
pub struct Member {
    /// The application.
    pub app: web::Data<App>,
    /// Language and texts.
    pub ui: Ui,
    /// The login.
    pub signed: Signed,
    /// The membership.
    pub who: AgentIdentity,
    query: String,
}

/// A signed-in operator.
pub struct Operator {
    /// The application.
    pub app: web::Data<App>,
    /// Language and texts.
    pub ui: Ui,
    /// The login.
    pub signed: Signed,
    query: String,
}

impl FromRequest for Member {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let stamp = Stamp::read(&request);
            let (member, is_choice) = Self::of(&request).await?;
            let fits = request.method().is_safe()
                || match stamp {
                    Stamp::Of(tenant) => tenant == member.who.tenant,
                    Stamp::Missing => is_choice && member.is_alone().await?,
                    Stamp::Unreadable => false,
                };
            if fits { Ok(member) } else { Err(stamp::refuse(&member, stamp).await) }
        })
    }
}

impl FromRequest for Operator {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = extract::app(&request)?.clone();
            let signed = extract::signed(&request).await?;
            extract::operator_again(&app, &signed).await?;
            let ui = Ui::new(extract::texts(&request));
            Ok(Self { ui, query: request.query_string().to_owned(), app, signed })
        })
    }
}

impl Member {
    /// Who asks, and whether it is the tenant that was chosen: a membership that ended leaves the oldest one there is.
    async fn of(request: &HttpRequest) -> AppResult<(Self, bool)> {
        let app = extract::app(request)?.clone();
        let signed = extract::signed(request).await?;
        let chosen = request.cookie(CHOICE).and_then(|cookie| TenantId::parse(cookie.value()));
        let (who, is_choice) = match browser::agent(&app, &signed.account, chosen).await {
            Err(AppError::Refused(refusal)) if chosen.is_some() && refusal.code == ErrorCode::Forbidden => {
                (browser::agent(&app, &signed.account, None).await?, false)
            }
            result => (result?, true),
        };
        let ui = Ui::new(extract::texts(request));
        Ok((Self { ui, query: request.query_string().to_owned(), app, signed, who }, is_choice))
    }

    /// Whether there is no other tenant that a form could be meant for.
    async fn is_alone(&self) -> AppResult<bool> {
        let mut conn = self.app.store.read(EveryTenant).await?;
        Ok(agent::of_account(&mut conn, self.signed.account.id).await?.len() == 1)
    }

    /// What the address of every form ends in.
    pub fn stamp(&self) -> String {
        stamp::stamp(self.who.tenant)
    }

    /// Whether the role allows something.
    pub fn may(&self, permission: Permission) -> bool {
        permission::allows(self.who.role, permission)
    }

    /// Goes on only when the role allows it.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require(&self, permission: Permission) -> AppResult<()> {
        if self.may(permission) { Ok(()) } else { Err(AppError::forbidden()) }
    }

    /// Who acts, for actions and the audit log.
    pub fn actor(&self) -> Actor {
        Actor::member(&self.who, self.signed.ip.clone())
    }

    /// Who asks, for the actions of a chat.
    pub fn principal(&self) -> Principal {
        Principal::Agent(self.who.clone())
    }

    /// What stands around the page.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chrome(&self, area: Area) -> AppResult<Chrome> {
        let mut conn = self.app.store.read(self.who.tenant).await?;
        let offline = transcript::open_offline(&mut conn, self.who.tenant).await?;
        let failed = outbox::backlog(&mut conn, self.who.tenant).await?.failed;
        drop(conn);
        let mut conn = self.app.store.read(EveryTenant).await?;
        let mut tenants = Vec::new();
        let mut place = String::new();
        for membership in agent::of_account(&mut conn, self.signed.account.id).await? {
            let Some(row) = tenant::find(&mut conn, membership.tenant_id).await? else { continue };
            if row.id == self.who.tenant {
                place.clone_from(&row.name);
            }
            tenants.push(Choice::new(row.id.to_string(), row.name, &self.who.tenant.to_string()));
        }
        if tenants.len() < 2 {
            tenants.clear();
        }
        Ok(Chrome {
            nav: self.nav(area, offline, failed),
            place,
            tenants,
            stamp: self.stamp(),
            name: self.who.name.clone(),
            email: self.signed.account.email.clone(),
            suspended: self.who.suspended,
            flash: Flash::of_query(&self.ui, &self.query),
            home: "/admin",
        })
    }

    fn nav(&self, area: Area, offline: i64, failed: i64) -> Vec<Group> {
        let mut main = vec![(Area::Overview, "/admin", "home", "overview.title", 0)];
        if self.may(Permission::ViewReports) {
            main.push((Area::Board, "/admin/board", "board", "board.title", 0));
        }
        if self.may(Permission::ManageSites) {
            main.push((Area::Sites, "/admin/sites", "site", "sites.title", 0));
        }
        if self.may(Permission::ViewReports) {
            main.push((Area::People, "/admin/people", "people", "people.title", 0));
            main.push((Area::Departments, "/admin/departments", "departments", "departments.title", 0));
        }
        main.push((Area::Transcripts, "/admin/transcripts", "chats", "transcripts.title", 0));
        main.push((Area::Offline, "/admin/offline", "inbox", "offline.title", offline));
        let mut more = Vec::new();
        if self.may(Permission::ManageRouting) {
            more.push((Area::Routing, "/admin/routing", "routing", "routing.title", 0));
        }
        if self.may(Permission::ManageIdentityKeys) {
            more.push((Area::Identity, "/admin/identity", "key", "identity.title", 0));
        }
        if self.may(Permission::ManagePeople) {
            more.push((Area::Mail, "/admin/mail", "mail", "mail.title", failed));
        }
        if self.may(Permission::ViewAudit) {
            more.push((Area::Audit, "/admin/audit", "log", "audit.title", 0));
        }
        more.push((Area::Profile, "/admin/profile", "me", "profile.title", 0));
        let link = |(of, href, icon, key, count): (Area, &'static str, &'static str, &str, i64)| NavLink {
            href,
            label: self.ui.t(key),
            icon: Icon(icon),
            current: of == area,
            count,
        };
        let mut groups = vec![Group { title: None, links: main.into_iter().map(link).collect() }];
        groups.push(Group { title: Some(self.ui.t("nav.manage")), links: more.into_iter().map(link).collect() });
        groups.push(Group { title: Some(self.ui.t("nav.elsewhere")), links: self.elsewhere() });
        groups
    }

    fn elsewhere(&self) -> Vec<NavLink> {
        let link =
            |href, icon, key: &str| NavLink { href, label: self.ui.t(key), icon: Icon(icon), current: false, count: 0 };
        let mut links = vec![link("/console", "console", "nav.console")];
        if self.signed.account.is_operator {
            links.push(link("/platform", "tenants", "nav.platform"));
        }
        links
    }
}

impl Operator {
    /// Who acts, for actions and the audit log.
    ///
    /// # Errors
    /// `forbidden`, which the extractor has ruled out.
    pub fn actor(&self) -> AppResult<Actor> {
        Actor::operator(&self.signed)
    }

    /// What stands around the page; `current` is its address.
    pub fn chrome(&self, current: &str) -> Chrome {
        let link = |href: &'static str, icon, key: &str| NavLink {
            href,
            label: self.ui.t(key),
            icon: Icon(icon),
            current: href == current,
            count: 0,
        };
        let main = vec![
            link("/platform", "tenants", "tenants.title"),
            link("/platform/operators", "key", "operators.title"),
            link("/platform/health", "health", "health.title"),
            link("/platform/jobs", "jobs", "jobs.title"),
            link("/platform/audit", "log", "audit.title"),
        ];
        let own = vec![link("/platform/profile", "me", "profile.title"), link("/admin", "home", "nav.admin")];
        Chrome {
            nav: vec![
                Group { title: None, links: main },
                Group { title: Some(self.ui.t("nav.elsewhere")), links: own },
            ],
            place: self.ui.t("platform.title").to_owned(),
            tenants: Vec::new(),
            stamp: String::new(),
            name: self.signed.account.name.clone(),
            email: self.signed.account.email.clone(),
            suspended: false,
            flash: Flash::of_query(&self.ui, &self.query),
            home: "/platform",
        }
    }
}

/// A chosen tenant.
#[derive(Deserialize)]
pub(super) struct Choose {
    tenant: String,
}

/// `POST /admin/switch`. Asks for no [`Member`]: whichever tenant this browser worked for, this is how to leave it.
pub(super) async fn switch(app: web::Data<App>, signed: extract::Account, form: web::Form<Choose>) -> Reply {
    // What does not exist is answered like what is somebody else's.
    let tenant = TenantId::parse(&form.tenant).unwrap_or_else(|| TenantId(app.id()));
    browser::agent(&app, &signed.account, Some(tenant)).await?;
    let cookie = Cookie::build(CHOICE, tenant.to_string())
        .path("/admin")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config.is_https())
        .finish();
    Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, "/admin")).finish())
}
