//! Keys by which a merchant's server signs who a visitor is.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use serde::Deserialize;
use uuid::Uuid;

use super::field::{Control, Errors, Field};
use super::parts::Time;
use super::reply::{Reply, again, page, refused_field, see};
use super::scope::{Area, Member};
use super::ui::{Choice, Chrome, Ui};
use crate::actions::identity_keys::{create_identity_key, revoke_identity_key, way_of};
use crate::auth::identity::Way;
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
    way: Field,
    /// A key in use signs in both ways.
    to_renew: bool,
    /// The secret of a key that was just made, and its name.
    made: Option<(String, String)>,
}

struct KeyView {
    id: Uuid,
    name: String,
    created: Time,
    revoked: Option<Time>,
    /// What it signs.
    way: &'static str,
    /// It signs in both ways, and is in use.
    to_renew: bool,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KeyInput {
    name: String,
    way: String,
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
    let view = |row: identity_key::IdentityKey| {
        let way = way_of(&member.app, tenant, &row);
        KeyView {
            id: row.id,
            created: Time(row.created_at),
            revoked: row.revoked_at.map(Time),
            way: way.map_or("–", |way| ui.word("identity.way", way.as_str())),
            to_renew: way == Some(Way::Both) && row.revoked_at.is_none(),
            name: row.name,
        }
    };
    let keys: Vec<KeyView> = rows.into_iter().map(view).collect();
    let none = Choice::new("", ui.t("identity.choose"), &input.way);
    let ways = Way::NEW.iter().map(|way| Choice::new(way.as_str(), ui.word("identity.way", way.as_str()), &input.way));
    Ok(IdentityPage {
        ui,
        chrome: member.chrome(Area::Identity).await?,
        to_renew: keys.iter().any(|key| key.to_renew),
        keys,
        failed: !errors.is_empty(),
        problem: errors.of("keys"),
        name: Field::line(&ui, "name", &input.name).help(ui.t("help.key_name")).error(errors),
        way: Field::line(&ui, "way", &input.way)
            .control(Control::Select(std::iter::once(none).chain(ways).collect()))
            .help(ui.t("help.key_way"))
            .error(errors),
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
    let way = Way::from_text(&input.way);
    if way.is_none() {
        errors.add("way", ui.t("error.choose"));
    }
    if let Some(way) = way.filter(|_| errors.is_empty()) {
        match create_identity_key(&member.app, &member.actor(), member.who.tenant, (&input.name, way)).await {
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
