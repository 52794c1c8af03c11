//! Inviting somebody into a tenant: mostly an owner who lost the first link.

use actix_web::web;
use domain::text::EmailAddress;
use protocol::state::Role;

use super::tenants::{find, owner};
use crate::actions::invite_agent::{Invitation, invite_agent};
use crate::admin::field::{Control, Errors, Field};
use crate::admin::invite::{InviteInput, InvitePage, Made};
use crate::admin::reply::{Reply, again, page, refused_field};
use crate::admin::scope::Operator;
use crate::admin::ui::Choice;
use crate::store::tenant::Tenant;

/// `GET /platform/tenants/{id}/invite`
pub(super) async fn form(operator: Operator, id: web::Path<String>) -> Reply {
    let tenant = find(&operator, &id).await?;
    let input = InviteInput { email: String::new(), role: Role::Owner.as_str().to_owned() };
    page(&invite_page(&operator, &tenant, &input, &Errors::default(), None))
}

/// `POST /platform/tenants/{id}/invite`
pub(super) async fn make(operator: Operator, id: web::Path<String>, input: web::Form<InviteInput>) -> Reply {
    let tenant = find(&operator, &id).await?;
    let ui = operator.ui;
    let mut errors = Errors::default();
    let role = Role::from_text(&input.role);
    if role.is_none() {
        errors.add("role", ui.t("error.format"));
    }
    let email = errors.take(&ui, "email", EmailAddress::parse(&input.email));
    if let (Some(role), Some(email)) = (role, email) {
        let invitation = Invitation { role, ..owner(&operator, tenant.id, email.as_str()) };
        match invite_agent(&operator.app, &operator.actor()?, invitation).await {
            Ok(link) => {
                let made = Made::new(&ui, email.as_str(), link);
                return page(&invite_page(&operator, &tenant, &input, &errors, Some(made)));
            }
            Err(error) => {
                let (field, _) = refused_field(&ui, error)?;
                errors.add(field, ui.t("error.member"));
            }
        }
    }
    again(&invite_page(&operator, &tenant, &input, &errors, None))
}

fn invite_page(
    operator: &Operator,
    tenant: &Tenant,
    input: &InviteInput,
    errors: &Errors,
    made: Option<Made>,
) -> InvitePage {
    let ui = operator.ui;
    let choice = |role: &Role| Choice::new(role.as_str(), ui.word("role_long", role), &input.role);
    InvitePage {
        ui,
        chrome: operator.chrome("/platform"),
        back: format!("/platform/tenants/{}", tenant.id),
        back_label: tenant.name.clone(),
        action: format!("/platform/tenants/{}/invite", tenant.id),
        failed: !errors.is_empty(),
        email: Field::line(&ui, "email", &input.email).input("email", "off").error(errors),
        role: Field::line(&ui, "role", &input.role)
            .control(Control::Select(Role::ALL.iter().map(choice).collect()))
            .error(errors),
        made,
    }
}
