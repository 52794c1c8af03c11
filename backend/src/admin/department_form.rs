//! The form of a department: what is shown, what was typed, what is wrong with it.

use domain::department::{MAX_AFTER_MS, Overflow};
use domain::policy::{Overrides, Policy, SETTINGS, Scope};
use domain::text::Name;
use protocol::ids::{AgentId, DepartmentId};

use super::field::{Control, Errors, Field};
use super::hours_form::{HoursForm, HoursInput};
use super::memberships::{self, Memberships, Row};
use super::pairs::Pairs;
use super::settings::{self, GroupView};
use super::ui::{Choice, Ui};
use crate::actions::departments::{Plan, rules};
use crate::store::agent::Agent;
use crate::store::department::Department;

/// How long a wait is before another department helps, unless somebody says otherwise.
const USUAL_AFTER_MS: i64 = 2 * 60 * 1_000;

/// What the form stands among.
pub(super) struct Around {
    /// The department itself; `None`: it is new.
    pub(super) id: Option<DepartmentId>,
    /// The tenant's departments that are not removed.
    pub(super) live: Vec<Department>,
    /// The tenant's people.
    pub(super) agents: Vec<Agent>,
    /// The tenant's settings.
    pub(super) policy: Policy,
}

/// What the form holds.
pub(super) struct DepartmentInput {
    name: String,
    listed: bool,
    hours: HoursInput,
    overflow: String,
    overflow_after: String,
    /// Texts of own settings, by name; empty: as the tenant's.
    own: Vec<(&'static str, String)>,
    members: Option<Vec<(AgentId, u8)>>,
}

/// The form as fields.
pub(super) struct DepartmentForm {
    pub(super) name: Field,
    pub(super) listed: Field,
    pub(super) members: Memberships,
    pub(super) hours: HoursForm,
    pub(super) overflow: Field,
    pub(super) overflow_after: Field,
    pub(super) own: Vec<GroupView>,
    /// Some setting is the department's own, or wrong: the settings are shown at once.
    pub(super) own_open: bool,
}

impl DepartmentInput {
    /// The form of a department as it is.
    pub(super) fn of(ui: &Ui, plan: &Plan) -> Self {
        let after = plan.overflow.map_or(USUAL_AFTER_MS, |overflow| overflow.after_ms);
        let own = own_settings().map(|setting| {
            let value = plan.overrides.get(setting.name);
            (setting.name, settings::own_typed(ui, setting, value.as_ref()))
        });
        Self {
            name: plan.name.clone(),
            listed: plan.listed,
            hours: HoursInput::of(ui, plan.hours.as_ref()),
            overflow: plan.overflow.map(|overflow| overflow.to.to_string()).unwrap_or_default(),
            overflow_after: settings::length(ui, after),
            own: own.collect(),
            members: Some(plan.members.clone()),
        }
    }

    /// What was typed, for a department that has `members`.
    pub(super) fn sent(pairs: &Pairs, members: &[(AgentId, u8)]) -> Self {
        Self {
            name: pairs.get("name").to_owned(),
            listed: pairs.get("listed") == "on",
            hours: HoursInput::sent(pairs),
            overflow: pairs.get("overflow").to_owned(),
            overflow_after: pairs.get("overflow_after").to_owned(),
            own: own_settings().map(|setting| (setting.name, pairs.get(setting.name).trim().to_owned())).collect(),
            members: memberships::read(pairs, "member-", members, AgentId::parse),
        }
    }

    /// The department that was typed, or what is wrong with it. The action checks again.
    pub(super) fn read(&self, ui: &Ui, around: &Around) -> Result<Plan, Errors> {
        let mut errors = Errors::default();
        errors.take(ui, "name", Name::parse(&self.name));
        let hours = self.hours.read(ui, &mut errors);
        let overflow = self.read_overflow(ui, around, &mut errors);
        let mut overrides = Overrides::default();
        for (setting, (_, text)) in own_settings().zip(&self.own).filter(|(_, (_, text))| !text.is_empty()) {
            let value = settings::read(ui, setting, text);
            match value.map(|value| overrides.set(setting.name, Some(value))) {
                Ok(Ok(())) => {}
                Ok(Err(_)) => errors.add(setting.name, ui.t("error.format")),
                Err(error) => errors.add(setting.name, error),
            }
        }
        if self.members.is_none() {
            errors.add("members", ui.t("error.format"));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let members = self.members.clone().unwrap_or_default();
        Ok(Plan { name: self.name.clone(), listed: self.listed, hours, overflow, overrides, members })
    }

    fn read_overflow(&self, ui: &Ui, around: &Around, errors: &mut Errors) -> Option<Overflow> {
        if self.overflow.is_empty() {
            return None;
        }
        let to = DepartmentId::parse(&self.overflow).filter(|to| around.live.iter().any(|row| row.id == *to));
        let Some(to) = to.filter(|to| Some(*to) != around.id) else {
            errors.add("overflow", ui.t("error.department"));
            return None;
        };
        if let Some(mut names) = around.id.and_then(|id| rules::circle(&around.live, id, to)) {
            names.extend(names.first().cloned());
            errors.add("overflow", ui.t1("error.circle", names.join(" → ")));
        }
        let pairs = Pairs::from(vec![("overflow_after".to_owned(), self.overflow_after.clone())]);
        let after_ms = settings::read_length(ui, &pairs, "overflow_after", MAX_AFTER_MS, errors)?;
        Some(Overflow { to, after_ms })
    }

    /// The form with what was typed and what is wrong.
    pub(super) fn form(&self, ui: &Ui, around: &Around, errors: &Errors) -> DepartmentForm {
        let mut targets = vec![Choice::new("", ui.t("department.no_overflow"), &self.overflow)];
        let others = around.live.iter().filter(|row| Some(row.id) != around.id);
        targets.extend(others.map(|row| Choice::new(row.id.to_string(), &row.name, &self.overflow)));
        let text = |name: &str| self.own.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text.as_str());
        let own_open = self.own.iter().any(|(name, text)| !text.is_empty() || errors.of(name).is_some());
        DepartmentForm {
            name: Field::line(ui, "name", &self.name).help(ui.t("help.department_name")).error(errors),
            listed: Field::line(ui, "listed", if self.listed { "on" } else { "" })
                .control(Control::Check)
                .help(ui.t("help.listed")),
            members: self.memberships(ui, around, errors),
            hours: self.hours.form(ui, errors),
            overflow: Field { required: false, ..Field::line(ui, "overflow", &self.overflow) }
                .control(Control::Select(targets))
                .help(ui.t("help.overflow"))
                .error(errors),
            overflow_after: Field { required: false, ..Field::line(ui, "overflow_after", &self.overflow_after) }
                .help(ui.t("help.overflow_after"))
                .error(errors),
            own: settings::groups(ui, |setting| {
                let own = setting.scope == Scope::Department;
                own.then(|| settings::own_field(ui, setting, &around.policy, text(setting.name), errors))
            }),
            own_open,
        }
    }

    fn memberships(&self, ui: &Ui, around: &Around, errors: &Errors) -> Memberships {
        let priority =
            |id| self.members.iter().flatten().find(|(agent, _)| *agent == id).map(|(_, priority)| *priority);
        let present = around.agents.iter().filter(|agent| agent.disabled_at.is_none());
        let row = |agent: &Agent| {
            let role = ui.word("role", agent.role).to_owned();
            Row::new(ui, format!("member-{}", agent.id), (agent.name.clone(), Some(role)), priority(agent.id))
        };
        Memberships {
            legend: ui.t("department.members"),
            help: ui.t("department.members_help"),
            none: ui.t("department.nobody"),
            error: errors.of("members"),
            rows: present.map(row).collect(),
        }
    }
}

fn own_settings() -> impl Iterator<Item = &'static domain::policy::Setting> {
    SETTINGS.iter().filter(|setting| setting.scope == Scope::Department)
}
