//! Inviting members by a one-time link.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use protocol::error::ErrorCode;
use protocol::state::Role;
use serde::Deserialize;

use super::field::{Control, Errors, Field};
use super::people::roles;
use super::reply::{Reply, again, page, refused_field, see};
use super::scope::{Area, Member};
use super::ui::{Chrome, Ui};
use crate::actions::invite_agent::{Invitation, OneTimeLink, invite_agent};
use crate::actions::withdraw_invitation::withdraw_invitation;
use crate::error::{AppError, AppResult};

#[derive(Template)]
#[template(path = "admin/invite.html")]
pub(super) struct InvitePage {
    pub(super) ui: Ui,
    pub(super) chrome: Chrome,
    pub(super) back: String,
    pub(super) back_label: String,
    pub(super) action: String,
    pub(super) failed: bool,
    pub(super) email: Field,
    pub(super) role: Field,
    pub(super) made: Option<Made>,
}

/// A link that was made. It is shown this once.
pub(super) struct Made {
    lead: String,
    link: String,
    mailed: bool,
}

impl Made {
    /// The link for `email`.
    pub(super) fn new(ui: &Ui, email: &str, link: OneTimeLink) -> Self {
        let until = super::time::minute(link.expires_at);
        let lead = ui.texts().fill("invite.lead", &[("email", email), ("until", &until)]);
        Self { lead, link: link.url, mailed: link.mailed }
    }
}

/// What the form sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct InviteInput {
    pub(super) email: String,
    pub(super) role: String,
}

impl Default for InviteInput {
    fn default() -> Self {
        Self { email: String::new(), role: Role::Agent.as_str().to_owned() }
    }
}

async fn invite_page(
    member: &Member,
    input: &InviteInput,
    errors: &Errors,
    made: Option<Made>,
) -> AppResult<InvitePage> {
    let ui = member.ui;
    Ok(InvitePage {
        ui,
        chrome: member.chrome(Area::People).await?,
        back: "/admin/people".to_owned(),
        back_label: ui.t("people.title").to_owned(),
        action: "/admin/people/invite".to_owned(),
        failed: !errors.is_empty(),
        email: Field::line(&ui, "email", &input.email).input("email", "off").error(errors),
        role: Field::line(&ui, "role", &input.role)
            .control(Control::Select(roles(&ui, member.who.role, &input.role)))
            .error(errors),
        made,
    })
}

/// `GET /admin/people/invite`
pub(super) async fn form(member: Member) -> Reply {
    member.require(Permission::ManagePeople)?;
    page(&invite_page(&member, &InviteInput::default(), &Errors::default(), None).await?)
}

/// `POST /admin/people/invite`: answers with the link instead of a redirect, because it exists only here.
pub(super) async fn make(member: Member, input: web::Form<InviteInput>) -> Reply {
    member.require(Permission::ManagePeople)?;
    let ui = member.ui;
    let mut errors = Errors::default();
    let role = Role::from_text(&input.role);
    if role.is_none() {
        errors.add("role", ui.t("error.format"));
    }
    let email = errors.take(&ui, "email", domain::text::EmailAddress::parse(&input.email));
    if let (Some(role), Some(email)) = (role, email) {
        let invitation = Invitation {
            tenant: member.who.tenant,
            email: email.as_str().to_owned(),
            role,
            locale: ui.lang().to_owned(),
        };
        match invite_agent(&member.app, &member.actor(), invitation).await {
            Ok(link) => {
                let made = Made::new(&ui, email.as_str(), link);
                return page(&invite_page(&member, &input, &errors, Some(made)).await?);
            }
            Err(error) => {
                let above = matches!(&error, AppError::Refused(refusal) if refusal.code == ErrorCode::Forbidden);
                let (field, _) = refused_field(&ui, error)?;
                errors.add(field, ui.t(if above { "error.invited_above" } else { "error.member" }));
            }
        }
    }
    again(&invite_page(&member, &input, &errors, None).await?)
}

/// Whose invitation.
#[derive(Debug, Deserialize)]
pub(super) struct Withdraw {
    email: String,
}

/// `POST /admin/people/invite/withdraw`
pub(super) async fn withdraw(member: Member, form: web::Form<Withdraw>) -> Reply {
    withdraw_invitation(&member.app, &member.actor(), member.who.tenant, &form.email).await?;
    see("/admin/people", "done=invitation_withdrawn")
}
