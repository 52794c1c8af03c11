//! Departments: list, create, change.

use std::collections::HashMap;

use actix_web::web;
use askama::Template;
use domain::hours::Hours;
use domain::permission::Permission;
use protocol::ids::{AgentId, DepartmentId};

use super::department_form::{Around, DepartmentForm, DepartmentInput};
use super::field::Errors;
use super::pairs::Pairs;
use super::parts::{Pill, Time};
use super::reply::{Reply, again, page, refused_field, see};
use super::scope::{Area, Member};
use super::ui::{Chrome, Ui};
use crate::actions::departments::change::change_department;
use crate::actions::departments::create::create_department;
use crate::actions::departments::{Plan, rules};
use crate::error::{AppError, AppResult};
use crate::store::department::{self, Department};
use crate::store::{agent, conversation, site, tenant};

#[derive(Template)]
#[template(path = "admin/departments.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    departments: Vec<LineView>,
    may_manage: bool,
}

struct LineView {
    id: DepartmentId,
    name: String,
    listed: bool,
    members: Vec<String>,
    state: OpenView,
    waiting: usize,
    active: usize,
    overflow: Option<String>,
}

/// Whether a department has its hours, and until when.
struct OpenView {
    pill: Pill,
    /// What the time is about, and the time.
    until: Option<(&'static str, Time)>,
}

impl OpenView {
    fn new(ui: &Ui, hours: Option<&Hours>, now: i64) -> Self {
        let Some(hours) = hours else {
            return Self { pill: Pill { tone: "", text: ui.t("department.always") }, until: None };
        };
        let until = |key| hours.changes_at(now).map(|at| (ui.t(key), Time(at)));
        if hours.is_open(now) {
            Self { pill: Pill { tone: "good", text: ui.t("department.open") }, until: until("department.closes") }
        } else {
            Self { pill: Pill { tone: "warn", text: ui.t("department.closed") }, until: until("department.opens") }
        }
    }
}

/// How much goes on in each department: waiting or offered, and held by agents.
async fn work(member: &Member) -> AppResult<HashMap<DepartmentId, (usize, usize)>> {
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let mut work: HashMap<DepartmentId, (usize, usize)> = HashMap::new();
    for row in conversation::queue(&mut conn, member.who.tenant).await? {
        work.entry(row.department_id).or_default().0 += 1;
    }
    for row in conversation::active(&mut conn, member.who.tenant).await? {
        work.entry(row.department_id).or_default().1 += 1;
    }
    Ok(work)
}

/// `GET /admin/departments`
pub(super) async fn list(member: Member) -> Reply {
    member.require(Permission::ViewReports)?;
    let (ui, tenant, now) = (member.ui, member.who.tenant, member.app.now());
    let work = work(&member).await?;
    let mut conn = member.app.store.read(tenant).await?;
    let live = rules::live(&department::list(&mut conn, tenant).await?);
    let members = department::members(&mut conn, tenant).await?;
    let agents = agent::list(&mut conn, tenant).await?;
    drop(conn);
    let name = |id: AgentId| agents.iter().find(|agent| agent.id == id && agent.disabled_at.is_none());
    let view = |row: &Department| {
        let own = members.iter().filter(|member| member.department_id == row.id);
        let to = row.overflow().and_then(|overflow| live.iter().find(|other| other.id == overflow.to));
        let (waiting, active) = work.get(&row.id).copied().unwrap_or_default();
        LineView {
            id: row.id,
            name: row.name.clone(),
            listed: row.listed,
            members: own.filter_map(|member| Some(name(member.agent_id)?.name.clone())).collect(),
            state: OpenView::new(&ui, row.hours().as_ref(), now),
            waiting,
            active,
            overflow: to.map(|to| to.name.clone()),
        }
    };
    let departments = live.iter().map(view).collect();
    let may_manage = member.may(Permission::ManageRouting);
    page(&ListPage { ui, chrome: member.chrome(Area::Departments).await?, departments, may_manage })
}

#[derive(Template)]
#[template(path = "admin/department.html")]
struct DepartmentPage {
    ui: Ui,
    chrome: Chrome,
    heading: String,
    action: String,
    /// What is wrong, when it is about no field.
    problem: Option<String>,
    failed: bool,
    form: DepartmentForm,
    saved: Option<Saved>,
}

/// What only a department that exists has.
struct Saved {
    id: DepartmentId,
    state: OpenView,
    waiting: usize,
    active: usize,
    sites: Vec<String>,
    /// There is another, which can take over.
    may_remove: bool,
}

/// A department with what stands around it.
pub(super) struct Found {
    pub(super) row: Option<Department>,
    plan: Plan,
    pub(super) around: Around,
}

/// Reads what a form needs; of a new department when there is no id.
pub(super) async fn find(member: &Member, id: Option<&str>) -> AppResult<Found> {
    member.require(Permission::ManageRouting)?;
    let tenant = member.who.tenant;
    let mut conn = member.app.store.read(tenant).await?;
    let live = rules::live(&department::list(&mut conn, tenant).await?);
    let missing = || AppError::not_found("department");
    let row = match id {
        None => None,
        Some(id) => {
            let id = DepartmentId::parse(id).ok_or_else(missing)?;
            Some(live.iter().find(|row| row.id == id).cloned().ok_or_else(missing)?)
        }
    };
    let members = department::members(&mut conn, tenant).await?;
    let plan = row.as_ref().map_or_else(|| Plan::new(""), |row| Plan::of(row, &members));
    let agents = agent::list(&mut conn, tenant).await?;
    let settings = tenant::find(&mut conn, tenant).await?.ok_or_else(|| AppError::not_found("tenant"))?;
    let around = Around { id: row.as_ref().map(|row| row.id), live, agents, policy: settings.policy() };
    Ok(Found { row, plan, around })
}

async fn form_page(
    member: &Member,
    found: &Found,
    input: &DepartmentInput,
    errors: &Errors,
) -> AppResult<DepartmentPage> {
    let ui = member.ui;
    let saved = match &found.row {
        None => None,
        Some(row) => Some(saved(member, row, found.around.live.len()).await?),
    };
    Ok(DepartmentPage {
        ui,
        chrome: member.chrome(Area::Departments).await?,
        heading: found.row.as_ref().map_or_else(|| ui.t("departments.new").to_owned(), |row| row.name.clone()),
        action: match &found.row {
            Some(row) => format!("/admin/departments/{}", row.id),
            None => "/admin/departments".to_owned(),
        },
        problem: errors.of("departments"),
        failed: !errors.is_empty(),
        form: input.form(&ui, &found.around, errors),
        saved,
    })
}

async fn saved(member: &Member, row: &Department, departments: usize) -> AppResult<Saved> {
    let (waiting, active) = work(member).await?.get(&row.id).copied().unwrap_or_default();
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let sites = site::list(&mut conn, member.who.tenant).await?;
    Ok(Saved {
        id: row.id,
        state: OpenView::new(&member.ui, row.hours().as_ref(), member.app.now()),
        waiting,
        active,
        sites: sites.into_iter().filter(|site| site.department_id == row.id).map(|site| site.name).collect(),
        may_remove: departments > 1,
    })
}

/// `GET /admin/departments/new`
pub(super) async fn new(member: Member) -> Reply {
    let found = find(&member, None).await?;
    page(&form_page(&member, &found, &DepartmentInput::of(&member.ui, &found.plan), &Errors::default()).await?)
}

/// `POST /admin/departments`
pub(super) async fn create(member: Member, pairs: web::Form<Pairs>) -> Reply {
    let found = find(&member, None).await?;
    let input = DepartmentInput::sent(&pairs, &[]);
    let errors = match input.read(&member.ui, &found.around) {
        Ok(plan) => match create_department(&member.app, &member.actor(), member.who.tenant, plan).await {
            Ok(_) => return see("/admin/departments", "done=department_created"),
            Err(error) => refused(&member.ui, error)?,
        },
        Err(errors) => errors,
    };
    again(&form_page(&member, &found, &input, &errors).await?)
}

/// `GET /admin/departments/{id}`
pub(super) async fn show(member: Member, id: web::Path<String>) -> Reply {
    let found = find(&member, Some(&id)).await?;
    page(&form_page(&member, &found, &DepartmentInput::of(&member.ui, &found.plan), &Errors::default()).await?)
}

/// `POST /admin/departments/{id}`
pub(super) async fn update(member: Member, id: web::Path<String>, pairs: web::Form<Pairs>) -> Reply {
    let found = find(&member, Some(&id)).await?;
    let id = found.around.id.ok_or_else(|| AppError::not_found("department"))?;
    let input = DepartmentInput::sent(&pairs, &found.plan.members);
    let errors = match input.read(&member.ui, &found.around) {
        Ok(plan) => match change_department(&member.app, &member.actor(), member.who.tenant, id, plan).await {
            Ok(_) => return see("/admin/departments", "done=department_saved"),
            Err(error) => refused(&member.ui, error)?,
        },
        Err(errors) => errors,
    };
    again(&form_page(&member, &found, &input, &errors).await?)
}

/// What the action found that the form had not: somebody else changed something meanwhile.
fn refused(ui: &Ui, error: AppError) -> AppResult<Errors> {
    let mut errors = Errors::default();
    match &error {
        AppError::Refused(refusal) if refusal.field == Some("departments") => {
            errors.add("departments", ui.t1("error.departments", refusal.limit.unwrap_or_default()));
        }
        AppError::Refused(refusal) if refusal.field == Some("overflow") => {
            errors.add("overflow", ui.t("error.department"));
        }
        _ => {
            let (field, text) = refused_field(ui, error)?;
            errors.add(field, text);
        }
    }
    Ok(errors)
}
