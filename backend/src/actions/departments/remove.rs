//! Removes a department. Another takes over what is open in it, its sites, and what overflows to it; nothing is
//! lost and nobody's place in the queue.

use std::collections::HashMap;

use domain::department::{Overflow, overflow_cycle};
use domain::permission::Permission;
use protocol::error::ErrorCode;
use protocol::ids::{ConversationId, DepartmentId, TenantId};
use protocol::state::ConversationState;
use serde_json::json;

use super::succeed::take_over;
use super::{json as text, rules, tell};
use crate::actions::actor::Actor;
use crate::actions::change::{self, Outcome};
use crate::app::App;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::department::{self, Department, Member};
use crate::store::{Conn, audit, conversation, site};

/// What is removed, and who takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub department: DepartmentId,
    /// Who takes over.
    pub successor: DepartmentId,
}

/// Removes a department. What waits goes to the successor's queue in the order in which it waited; what agents hold
/// they keep. Members who are in no other department become the successor's.
///
/// # Errors
/// As [`Actor::check`]; `not_found`, on `successor` too; `wrong_state` for the last department.
pub async fn remove_department(app: &App, actor: &Actor, removal: Removal) -> AppResult<()> {
    let tenant = removal.tenant;
    actor.check(tenant, Permission::ManageRouting)?;
    let (now, actor) = (app.now(), actor.clone());
    let moved = app
        .store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let rows = rules::locked(tx, tenant).await?;
                let (gone, successor) = check(&rows, removal)?;
                let moved = move_conversations(tx, removal, now).await?;
                move_sites(tx, removal, now).await?;
                move_overflows(tx, removal, &rows).await?;
                move_members(tx, removal).await?;
                let detail = json!({"name": gone.name, "successor": successor.name, "conversations": moved.count});
                let removed_at = Some(now);
                let row = Department { removed_at, successor_id: Some(successor.id), overflow: None, ..gone };
                department::save(tx, tenant, &row).await?;
                let target = (row.id.0, detail);
                audit::add(tx, &actor.record_with(Some(tenant), "department.removed", target, now)).await?;
                Ok(moved)
            })
        })
        .await?;
    for outcome in moved.told {
        change::announce(app, tenant, outcome);
    }
    tell(app, tenant);
    Ok(())
}

/// The department that goes and the one that takes over.
fn check(rows: &[Department], removal: Removal) -> AppResult<(Department, Department)> {
    let live = rules::live(rows);
    let find = |id| live.iter().find(|row| row.id == id).cloned();
    let gone = find(removal.department).ok_or_else(|| AppError::not_found("department"))?;
    if live.len() < 2 {
        return Err(Refusal::new(ErrorCode::WrongState, "a tenant keeps at least one department").into());
    }
    let successor = find(removal.successor).filter(|successor| successor.id != gone.id);
    let refused = || Refusal::field("successor", ErrorCode::NotFound, "no such department");
    Ok((gone, successor.ok_or_else(refused)?))
}

/// Conversations that changed hands.
struct Moved {
    /// How many.
    count: usize,
    /// What is to be told of them after the commit.
    told: Vec<Outcome>,
}

async fn move_conversations(tx: &mut Conn, removal: Removal, now: i64) -> AppResult<Moved> {
    let Removal { tenant, department, successor } = removal;
    let open = conversation::open_of_department(tx, tenant, department).await?;
    let count = open.len();
    let mut told = Vec::new();
    for id in open {
        if let Some(outcome) = move_conversation(tx, (tenant, id), successor, now).await? {
            told.push(outcome);
        }
    }
    Ok(Moved { count, told })
}

async fn move_conversation(
    tx: &mut Conn,
    (tenant, id): (TenantId, ConversationId),
    successor: DepartmentId,
    now: i64,
) -> AppResult<Option<Outcome>> {
    let Some(mut row) = conversation::find(tx, tenant, id).await? else { return Ok(None) };
    if !matches!(row.state, ConversationState::Waiting | ConversationState::Offered) {
        row.department_id = successor;
        row.touch(now);
        conversation::save(tx, tenant, &row).await?;
        return Ok(Some(Outcome { row, items: vec![], moved: true, done: super::super::Done::default() }));
    }
    take_over(tx, &row, (tenant, successor), now).await.map(Some)
}

async fn move_sites(tx: &mut Conn, removal: Removal, now: i64) -> AppResult<()> {
    let Removal { tenant, department, successor } = removal;
    for mut row in site::list(tx, tenant).await? {
        let offered = row.config.departments.as_ref().is_some_and(|offered| offered.contains(&department));
        if row.department_id != department && !offered {
            continue;
        }
        if row.department_id == department {
            row.department_id = successor;
        }
        if let Some(offered) = &mut row.config.departments {
            // The successor stands in the place of the one that goes, once.
            let has = offered.contains(&successor);
            offered.retain(|id| *id != department || !has);
            offered.iter_mut().filter(|id| **id == department).for_each(|id| *id = successor);
        }
        row.changed_at = Some(now);
        site::save(tx, tenant, &row).await?;
    }
    Ok(())
}

/// What overflowed to it overflows to the successor, unless that would be a circle. Whoever was succeeded by it is
/// succeeded by the successor.
async fn move_overflows(tx: &mut Conn, removal: Removal, rows: &[Department]) -> AppResult<()> {
    let Removal { tenant, department, successor } = removal;
    let live: Vec<&Department> = rows.iter().filter(|row| row.removed_at.is_none() && row.id != department).collect();
    let mut targets: HashMap<DepartmentId, Option<DepartmentId>> =
        live.iter().map(|row| (row.id, row.overflow().map(|overflow| overflow.to))).collect();
    for row in live {
        let Some(overflow) = row.overflow().filter(|overflow| overflow.to == department) else { continue };
        targets.insert(row.id, Some(successor));
        let circle = overflow_cycle(targets.iter().map(|(from, to)| (*from, to.filter(|to| *to != department))));
        let overflow = if circle.is_none() { Some(text(&Overflow { to: successor, ..overflow })?) } else { None };
        if overflow.is_none() {
            targets.insert(row.id, None);
        }
        department::save(tx, tenant, &Department { overflow, ..row.clone() }).await?;
    }
    for row in rows.iter().filter(|row| row.successor_id == Some(department)) {
        department::save(tx, tenant, &Department { successor_id: Some(successor), ..row.clone() }).await?;
    }
    Ok(())
}

/// Nobody is left without a department.
async fn move_members(tx: &mut Conn, removal: Removal) -> AppResult<()> {
    let Removal { tenant, department, successor } = removal;
    let members = department::members(tx, tenant).await?;
    let (own, others): (Vec<Member>, Vec<Member>) =
        members.into_iter().partition(|member| member.department_id == department);
    department::set_members(tx, tenant, department, &[]).await?;
    for member in own {
        if others.iter().all(|other| other.agent_id != member.agent_id) {
            department::add_member(tx, tenant, Member { department_id: successor, ..member }).await?;
        }
    }
    Ok(())
}
