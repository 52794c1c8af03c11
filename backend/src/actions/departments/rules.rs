//! What holds for every department, new or changed.

use std::collections::HashSet;

use domain::department::{Overflow, overflow_cycle};
use domain::duration;
use domain::hours::{Day, Hours, spans_text};
use domain::policy::{PolicyError, SETTINGS, Scope, Setting};
use domain::text::Name;
use protocol::error::ErrorCode;
use protocol::ids::{DepartmentId, TenantId};
use serde_json::{Map, Value, json};

use super::{LAST_PRIORITY, Plan};
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::store::department::Department;
use crate::store::{Conn, agent, department};

/// What a setting's rule refused, by the name of the setting.
pub(crate) fn refused_setting(error: &PolicyError) -> AppError {
    let field = Setting::named(error.field()).map_or("settings", |setting| setting.name);
    Refusal { limit: error.limit(), ..Refusal::field(field, ErrorCode::Invalid, error.to_string()) }.into()
}

/// The departments that would overflow in a circle if `from` overflowed to `to`, by name and in order; `None`:
/// there is no circle. `live` are the tenant's departments that are not removed.
pub fn circle(live: &[Department], from: DepartmentId, to: DepartmentId) -> Option<Vec<String>> {
    let targets = live.iter().map(|row| {
        let target = if row.id == from { Some(to) } else { row.overflow().map(|overflow| overflow.to) };
        (row.id, target)
    });
    let found = overflow_cycle(targets)?;
    let name = |id: &DepartmentId| live.iter().find(|row| row.id == *id).map(|row| row.name.clone());
    Some(found.iter().filter_map(name).collect())
}

/// The tenant's departments, removed ones too. Nobody else changes departments of the tenant until the commit.
pub(super) async fn locked(tx: &mut Conn, tenant: TenantId) -> AppResult<Vec<Department>> {
    // Rows stay when a department is removed, so the oldest is one that every writer finds and waits for.
    if let Some(oldest) = department::list(tx, tenant).await?.first() {
        department::find(tx, tenant, oldest.id).await?;
    }
    department::list(tx, tenant).await
}

/// Those that are not removed.
pub(crate) fn live(rows: &[Department]) -> Vec<Department> {
    rows.iter().filter(|row| row.removed_at.is_none()).cloned().collect()
}

/// Checks what needs no other rows, and tidies the name.
pub(super) fn check(mut plan: Plan) -> AppResult<Plan> {
    plan.name = Name::parse(&plan.name).on_field("name")?.into_string();
    if let Some(hours) = &plan.hours {
        hours.check().map_err(|error| Refusal {
            limit: error.limit(),
            ..Refusal::field(error.field, ErrorCode::Invalid, error.to_string())
        })?;
    }
    if let Some(overflow) = plan.overflow {
        overflow.check().map_err(|error| Refusal {
            limit: u64::try_from(error.max).ok(),
            ..Refusal::field("overflow_after", ErrorCode::Invalid, error.to_string())
        })?;
    }
    plan.overrides.check().map_err(|error| refused_setting(&error))?;
    if plan.members.iter().any(|(_, priority)| *priority > LAST_PRIORITY) {
        let limit = Some(u64::from(LAST_PRIORITY));
        let message = format!("a priority must be 0 to {LAST_PRIORITY}");
        return Err(Refusal { limit, ..Refusal::field("members", ErrorCode::Invalid, message) }.into());
    }
    let mut seen = HashSet::new();
    plan.members.retain(|(agent, _)| seen.insert(*agent));
    Ok(plan)
}

/// Checks a department against the others, itself among them or not.
pub(super) async fn check_among(
    tx: &mut Conn,
    tenant: TenantId,
    id: DepartmentId,
    plan: &Plan,
    live: &[Department],
) -> AppResult<()> {
    let same = plan.name.to_lowercase();
    if live.iter().any(|other| other.id != id && other.name.to_lowercase() == same) {
        return Err(Refusal::field("name", ErrorCode::Conflict, "another department has this name").into());
    }
    if let Some(overflow) = plan.overflow {
        check_overflow(live, id, plan, overflow)?;
    }
    let agents: HashSet<_> = agent::list(tx, tenant).await?.into_iter().map(|agent| agent.id).collect();
    if plan.members.iter().any(|(member, _)| !agents.contains(member)) {
        return Err(Refusal::field("members", ErrorCode::NotFound, "no such agent").into());
    }
    Ok(())
}

fn check_overflow(live: &[Department], id: DepartmentId, plan: &Plan, overflow: Overflow) -> AppResult<()> {
    let refused = |code, message: String| Err(Refusal::field("overflow", code, message).into());
    if overflow.to == id {
        return refused(ErrorCode::Invalid, "a department cannot overflow to itself".to_owned());
    }
    if live.iter().all(|row| row.id != overflow.to) {
        return refused(ErrorCode::NotFound, "no such department".to_owned());
    }
    let Some(mut names) = circle(live, id, overflow.to) else { return Ok(()) };
    names.push(names.first().cloned().unwrap_or_else(|| plan.name.clone()));
    refused(ErrorCode::Invalid, format!("departments would overflow in a circle: {}", names.join(" > ")))
}

/// A department for the audit log.
pub(super) async fn shown(tx: &mut Conn, tenant: TenantId, plan: &Plan, live: &[Department]) -> AppResult<Value> {
    let agents = agent::list(tx, tenant).await?;
    let name = |id| agents.iter().find(|agent| agent.id == id).map_or("?", |agent| agent.name.as_str());
    let members: Vec<String> =
        plan.members.iter().map(|(agent, priority)| format!("{} ({priority})", name(*agent))).collect();
    let overflow = plan.overflow.map(|overflow| {
        let to = live.iter().find(|row| row.id == overflow.to).map_or("?", |row| row.name.as_str());
        let (number, unit) = duration::split(overflow.after_ms);
        format!("{to} ({number} {})", unit.name())
    });
    // Every one, so that a setting given back to the tenant is seen too.
    let own = SETTINGS.iter().filter(|setting| setting.scope == Scope::Department);
    let settings: Map<String, Value> =
        own.map(|setting| (setting.name.to_owned(), plan.overrides.get(setting.name).unwrap_or_default())).collect();
    let (name, listed) = (&plan.name, plan.listed);
    Ok(json!({"name": name, "listed": listed, "overflow": overflow, "settings": settings, "members": members,
        "when_open": plan.hours.as_ref().map(opening)}))
}

/// Hours in one line: `Europe/Berlin: mon 09:00-12:00; 2026-12-25 closed`.
fn opening(hours: &Hours) -> String {
    let week = Day::ALL.into_iter().map(|day| (day.name(), hours.of(day))).filter(|(_, spans)| !spans.is_empty());
    let days = week.map(|(day, spans)| format!("{day} {}", spans_text(&spans)));
    let dates = hours.holidays.iter().map(|holiday| match holiday.blocks.as_slice() {
        [] => format!("{} closed", holiday.date),
        spans => format!("{} {}", holiday.date, spans_text(spans)),
    });
    format!("{}: {}", hours.time_zone, days.chain(dates).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn department(number: u8, to: Option<u8>) -> Department {
        let id = |number: u8| DepartmentId(Uuid::from_u128(number.into()));
        let overflow = to.map(|to| serde_json::to_string(&Overflow { to: id(to), after_ms: 1 }).unwrap());
        Department { overflow, ..Department::new(id(number), &format!("D{number}"), 0) }
    }

    #[test]
    fn a_circle_is_named_in_order() {
        let live = [department(1, None), department(2, Some(3)), department(3, Some(1))];
        assert_eq!(circle(&live, live[0].id, live[1].id).unwrap(), ["D1", "D2", "D3"]);
        assert_eq!(circle(&live[..2], live[0].id, live[1].id), None);
        let plan = Plan { overflow: Some(Overflow { to: live[1].id, after_ms: 1 }), ..Plan::new("D1") };
        let refusal = check_overflow(&live, live[0].id, &plan, plan.overflow.unwrap()).unwrap_err().to_refusal();
        assert_eq!(refusal.field, Some("overflow"));
        assert!(refusal.message.ends_with("D1 > D2 > D3 > D1"), "{}", refusal.message);
    }

    #[test]
    fn hours_are_told_in_one_line() {
        let text = r#"{"time_zone": "UTC", "week": [{"day": "tue", "from": 540, "to": 600}, {"day": "mon", "from": 0, "to": 60}],
            "holidays": [{"date": "2026-12-25"}, {"date": "2026-12-31", "blocks": [{"from": 60, "to": 120}]}]}"#;
        let told = opening(&serde_json::from_str(text).unwrap());
        assert_eq!(told, "UTC: mon 00:00-01:00; tue 09:00-10:00; 2026-12-25 closed; 2026-12-31 01:00-02:00");
    }

    #[test]
    fn limits_are_named() {
        let refused = |plan| check(plan).unwrap_err().to_refusal();
        assert_eq!(refused(Plan::new(" ")).field, Some("name"));
        assert_eq!(refused(Plan::new(&"x".repeat(81))).limit, Some(80));
        let crowd = Plan { members: vec![(protocol::ids::AgentId(Uuid::nil()), 11)], ..Plan::new("a") };
        assert_eq!((refused(crowd.clone()).field, refused(crowd).limit), (Some("members"), Some(10)));
        let mut plan = Plan::new("a");
        plan.overrides.max_queue = Some(0);
        assert_eq!((refused(plan.clone()).field, refused(plan).limit), (Some("max_queue"), Some(10_000)));
    }
}
