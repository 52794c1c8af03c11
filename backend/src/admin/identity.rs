//! Keys by which a merchant's server signs who a visitor is.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use serde::Deserialize;
use uuid::Uuid;

use super::field::{Errors, Field};
use super::parts::Time;
use super::reply::{Reply, again, page, refused_field, see};
use super::scope::{Area, Member};
use super::ui::{Chrome, Ui};
use crate::actions::identity_keys::{create_identity_key, revoke_identity_key};
use crate::error::{AppError, AppResult};
use crate::store::identity_key;

#[derive(Template)]
#[template(path = "admin/identity.html")]
struct IdentityPage {
    ui: Ui,
    chrome: Chrome,
    keys: Vec<KeyView>,
    failed: bool,
    problem: Option<String>,
    name: Field,
    /// The secret of a key that was just made, and its name.
    made: Option<(String, String)>,
}

struct KeyView {
    id: Uuid,
    name: String,
    created: Time,
    revoked: Option<Time>,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KeyInput {
    name: String,
}

async fn identity_page(
    member: &Member,
    input: &KeyInput,
    errors: &Errors,
    made: Option<(String, String)>,
) -> AppResult<IdentityPage> {
    let (ui, tenant) = (member.ui, member.who.tenant);
    let mut conn = member.app.store.read(tenant).await?;
    let mut rows = identity_key::list(&mut conn, tenant).await?;
    drop(conn);
    rows.sort_by_key(|row| (row.revoked_at.is_some(), row.created_at));
    let view = |row: identity_key::IdentityKey| KeyView {
        id: row.id,
        name: row.name,
        created: Time(row.created_at),
        revoked: row.revoked_at.map(Time),
    };
    Ok(IdentityPage {
        ui,
        chrome: member.chrome(Area::Identity).await?,
        keys: rows.into_iter().map(view).collect(),
        failed: !errors.is_empty(),
        problem: errors.of("keys"),
        name: Field::line(&ui, "name", &input.name).help(ui.t("help.key_name")).error(errors),
        made,
    })
}

/// `GET /admin/identity`
pub(super) async fn show(member: Member) -> Reply {
    member.require(Permission::ManageIdentityKeys)?;
    page(&identity_page(&member, &KeyInput::default(), &Errors::default(), None).await?)
}

/// `POST /admin/identity`: answers with the secret instead of a redirect, because it is shown only here.
pub(super) async fn create(member: Member, input: web::Form<KeyInput>) -> Reply {
    member.require(Permission::ManageIdentityKeys)?;
    let ui = member.ui;
    let mut errors = Errors::default();
    errors.take(&ui, "name", domain::text::Name::parse(&input.name));
    if errors.is_empty() {
        match create_identity_key(&member.app, &member.actor(), member.who.tenant, &input.name).await {
            Ok(made) => {
                let made = Some((made.key.name, made.secret));
                return page(&identity_page(&member, &KeyInput::default(), &errors, made).await?);
            }
            Err(AppError::Refused(refusal)) if refusal.field == Some("keys") => {
                errors.add("keys", ui.t1("error.keys", refusal.limit.unwrap_or_default()));
            }
            Err(error) => {
                let (field, text) = refused_field(&ui, error)?;
                errors.add(field, text);
            }
        }
    }
    again(&identity_page(&member, &input, &errors, None).await?)
}

/// `POST /admin/identity/{id}/revoke`
pub(super) async fn revoke(member: Member, id: web::Path<String>) -> Reply {
    member.require(Permission::ManageIdentityKeys)?;
    let id = Uuid::try_parse(&id).map_err(|_| AppError::not_found("key"))?;
    revoke_identity_key(&member.app, &member.actor(), member.who.tenant, id).await?;
    see("/admin/identity", "done=key_revoked")
}
