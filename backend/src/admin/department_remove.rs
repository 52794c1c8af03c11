//! Removing a department: what moves, and where to.

use std::collections::HashSet;

use actix_web::web;
use askama::Template;
use protocol::error::ErrorCode;
use protocol::ids::{AgentId, DepartmentId};
use protocol::state::ConversationState;

use super::departments::{Found, find};
use super::field::{Control, Errors, Field};
use super::pairs::Pairs;
use super::reply::{Reply, again, page, see};
use super::scope::{Area, Member};
use super::ui::{Choice, Chrome, Ui};
use crate::actions::departments::remove::{Removal, remove_department};
use crate::error::{AppError, AppResult};
use crate::store::{department, site};

#[derive(Template)]
#[template(path = "admin/department_remove.html")]
struct RemovePage {
    ui: Ui,
    chrome: Chrome,
    id: DepartmentId,
    name: String,
    question: String,
    failed: bool,
    /// What moves, in words.
    moves: Vec<String>,
    successor: Option<Field>,
}

async fn remove_page(member: &Member, found: &Found, chosen: &str, errors: &Errors) -> AppResult<RemovePage> {
    let (ui, tenant) = (member.ui, member.who.tenant);
    let row = found.row.as_ref().ok_or_else(|| AppError::not_found("department"))?;
    let mut conn = member.app.store.read(tenant).await?;
    let sites = site::list(&mut conn, tenant).await?;
    let members = department::members(&mut conn, tenant).await?;
    let open = department::open(&mut conn, tenant, row.id).await?;
    drop(conn);
    let count = |state| open.iter().filter(|(of, _)| *of == state).map(|(_, count)| count).sum::<i64>();
    let elsewhere: HashSet<AgentId> =
        members.iter().filter(|member| member.department_id != row.id).map(|member| member.agent_id).collect();
    let only_here = members.iter().filter(|it| it.department_id == row.id && !elsewhere.contains(&it.agent_id)).count();
    let overflows = found.around.live.iter().filter(|it| it.overflow().is_some_and(|to| to.to == row.id)).count();
    let moves = [
        ("remove.waiting", count(ConversationState::Waiting) + count(ConversationState::Offered)),
        ("remove.active", count(ConversationState::Active)),
        ("remove.offline", count(ConversationState::Offline)),
        ("remove.sites", number(sites.iter().filter(|site| site.department_id == row.id).count())),
        ("remove.overflows", number(overflows)),
        ("remove.members", number(only_here)),
    ];
    let others: Vec<Choice> = std::iter::once(Choice::new("", ui.t("remove.choose"), chosen))
        .chain(
            found
                .around
                .live
                .iter()
                .filter(|other| other.id != row.id)
                .map(|other| Choice::new(other.id.to_string(), &other.name, chosen)),
        )
        .collect();
    Ok(RemovePage {
        ui,
        chrome: member.chrome(Area::Departments).await?,
        id: row.id,
        name: row.name.clone(),
        question: ui.t1("remove.question", &row.name),
        failed: !errors.is_empty(),
        moves: moves.iter().filter(|(_, n)| *n > 0).map(|(key, n)| ui.texts().count(key, *n)).collect(),
        successor: (others.len() > 1)
            .then(|| Field::line(&ui, "successor", chosen).control(Control::Select(others)).error(errors)),
    })
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// `GET /admin/departments/{id}/remove`
pub(super) async fn ask(member: Member, id: web::Path<String>) -> Reply {
    let found = find(&member, Some(&id)).await?;
    page(&remove_page(&member, &found, "", &Errors::default()).await?)
}

/// `POST /admin/departments/{id}/remove`
pub(super) async fn remove(member: Member, id: web::Path<String>, pairs: web::Form<Pairs>) -> Reply {
    let found = find(&member, Some(&id)).await?;
    let (ui, tenant, chosen) = (member.ui, member.who.tenant, pairs.get("successor"));
    let department = found.around.id.ok_or_else(|| AppError::not_found("department"))?;
    let mut errors = Errors::default();
    if found.around.live.len() < 2 {
        return see(&format!("/admin/departments/{department}"), "not=last_department");
    }
    let Some(successor) = DepartmentId::parse(chosen) else {
        errors.add("successor", ui.t("error.successor"));
        return again(&remove_page(&member, &found, chosen, &errors).await?);
    };
    match remove_department(&member.app, &member.actor(), Removal { tenant, department, successor }).await {
        Ok(()) => see("/admin/departments", "done=department_removed"),
        Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::WrongState => {
            see(&format!("/admin/departments/{department}"), "not=last_department")
        }
        Err(AppError::Refused(refusal)) if refusal.field == Some("successor") => {
            errors.add("successor", ui.t("error.successor"));
            again(&remove_page(&member, &found, chosen, &errors).await?)
        }
        Err(error) => Err(error),
    }
}
