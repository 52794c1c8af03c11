//! One's own login: password, signed-in browsers.

use actix_web::web;
use askama::Template;
use protocol::error::ErrorCode;
use serde::Deserialize;

use super::field::{Errors, Field};
use super::parts::Time;
use super::reply::{Reply, again, page, see};
use super::scope::{Area, Member, Operator};
use super::ui::{Chrome, Ui};
use crate::actions::sign_in;
use crate::app::App;
use crate::auth::browser::Signed;
use crate::auth::password;
use crate::error::{AppError, AppResult};
use crate::store::EveryTenant;
use crate::store::account_session;

#[derive(Template)]
#[template(path = "admin/profile.html")]
struct ProfilePage {
    ui: Ui,
    chrome: Chrome,
    base: &'static str,
    failed: bool,
    current: Field,
    new: Field,
    again: Field,
    browsers: Vec<BrowserView>,
}

struct BrowserView {
    name: String,
    ip: String,
    seen: Time,
    is_this: bool,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct PasswordInput {
    current: String,
    new: String,
    again: String,
}

/// The side of the panel a profile is shown on.
struct Side {
    ui: Ui,
    chrome: Chrome,
    base: &'static str,
}

async fn profile_page(app: &App, signed: &Signed, side: Side, errors: &Errors) -> AppResult<ProfilePage> {
    let ui = side.ui;
    let mut conn = app.store.read(EveryTenant).await?;
    let sessions = account_session::list(&mut conn, signed.account.id).await?;
    drop(conn);
    let unknown = || ui.t("profile.unknown_browser").to_owned();
    let browsers = sessions.into_iter().map(|session| BrowserView {
        is_this: session.token_hash == signed.token_hash,
        name: session.user_agent.map_or_else(unknown, |agent| domain::browser::describe(&agent).unwrap_or(agent)),
        ip: session.ip.unwrap_or_default(),
        seen: Time(session.seen_at),
    });
    let field = |name, autocomplete| Field::line(&ui, name, "").input("password", autocomplete).error(errors);
    Ok(ProfilePage {
        ui,
        chrome: side.chrome,
        base: side.base,
        failed: !errors.is_empty(),
        current: field("current", "current-password"),
        new: field("new", "new-password").help(ui.t1("help.password", password::LEAST_CHARS)),
        again: field("again", "new-password"),
        browsers: browsers.collect(),
    })
}

async fn member_side(member: &Member) -> AppResult<Side> {
    Ok(Side { ui: member.ui, chrome: member.chrome(Area::Profile).await?, base: "/admin" })
}

fn operator_side(operator: &Operator) -> Side {
    Side { ui: operator.ui, chrome: operator.chrome("/platform/profile"), base: "/platform" }
}

/// `GET /admin/profile`
pub(super) async fn show(member: Member) -> Reply {
    let side = member_side(&member).await?;
    page(&profile_page(&member.app, &member.signed, side, &Errors::default()).await?)
}

/// `GET /platform/profile`
pub(super) async fn show_operator(operator: Operator) -> Reply {
    let side = operator_side(&operator);
    page(&profile_page(&operator.app, &operator.signed, side, &Errors::default()).await?)
}

/// `POST /admin/profile/password`
pub(super) async fn change_password(member: Member, input: web::Form<PasswordInput>) -> Reply {
    let errors = change(&member.app, &member.signed, member.ui, &input).await?;
    if errors.is_empty() {
        return see("/admin/profile", "done=password_changed");
    }
    let side = member_side(&member).await?;
    again(&profile_page(&member.app, &member.signed, side, &errors).await?)
}

/// `POST /platform/profile/password`
pub(super) async fn change_operator_password(operator: Operator, input: web::Form<PasswordInput>) -> Reply {
    let errors = change(&operator.app, &operator.signed, operator.ui, &input).await?;
    if errors.is_empty() {
        return see("/platform/profile", "done=password_changed");
    }
    let side = operator_side(&operator);
    again(&profile_page(&operator.app, &operator.signed, side, &errors).await?)
}

async fn change(app: &App, signed: &Signed, ui: Ui, input: &PasswordInput) -> AppResult<Errors> {
    let mut errors = Errors::default();
    if input.new != input.again {
        errors.add("again", ui.t("error.again"));
        return Ok(errors);
    }
    match sign_in::change_password(app, signed, input.current.clone(), input.new.clone()).await {
        Ok(()) => {}
        Err(AppError::Refused(refusal)) => match refusal.code {
            ErrorCode::Unauthenticated => errors.add("current", ui.t("error.current")),
            ErrorCode::RateLimited => errors.add("current", ui.t("error.slow")),
            ErrorCode::Invalid if refusal.limit.is_some() => {
                errors.add("new", ui.t1("error.password_length", password::LEAST_CHARS));
            }
            ErrorCode::Invalid => errors.add("new", ui.t("error.password_weak")),
            _ => return Err(refusal.into()),
        },
        Err(error) => return Err(error),
    }
    Ok(errors)
}

/// `POST /admin/profile/sign-out-everywhere`
pub(super) async fn sign_out_everywhere(member: Member) -> Reply {
    sign_in::sign_out_others(&member.app, &member.signed).await?;
    see("/admin/profile", "done=signed_out")
}

/// `POST /platform/profile/sign-out-everywhere`
pub(super) async fn sign_out_operator_everywhere(operator: Operator) -> Reply {
    sign_in::sign_out_others(&operator.app, &operator.signed).await?;
    see("/platform/profile", "done=signed_out")
}
