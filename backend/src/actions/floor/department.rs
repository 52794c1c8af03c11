use std::collections::HashMap;

use domain::department::{Overflow, reach};
use domain::hours::Hours;
use domain::policy::{Policy, Strategy};
use domain::queue::{self, Desk as QueueDesk};
use domain::routing::Desk;
use protocol::ids::DepartmentId;
use protocol::site::{FieldRule, SiteConfig};
use protocol::state::{Availability, Department as Card, DepartmentChoice};

use super::Staff;
use crate::store::department::Department;

/// A department and the rules that hold in it now.
pub struct DepartmentNow {
    /// The row.
    pub row: Department,
    /// The tenant's rules with its own.
    pub policy: Policy,
    /// Who helps after a wait.
    pub overflow: Option<Overflow>,
    /// When it is open; `None`: always.
    pub hours: Option<Hours>,
    /// Whether it is open now.
    pub open: bool,
}

impl DepartmentNow {
    pub(super) fn new(row: Department, tenant: &Policy, now: i64) -> Self {
        let hours = row.hours();
        Self {
            policy: tenant.with(&row.overrides()),
            overflow: row.overflow(),
            open: hours.as_ref().is_none_or(|hours| hours.is_open(now)),
            hours,
            row,
        }
    }

    /// As routing sees it. An overflow into a removed department goes to who took over.
    pub(super) fn desk(&self, all: &[Self]) -> Desk {
        let overflow = self.overflow.and_then(|overflow| {
            let to = present(all, overflow.to)?.row.id;
            (to != self.row.id).then_some(Overflow { to, ..overflow })
        });
        Desk { id: self.row.id, policy: self.policy.clone(), overflow, open: self.open }
    }

    /// When it opens next, Unix milliseconds; only while it is closed and that is known.
    pub fn opens_at(&self, now: i64) -> Option<i64> {
        self.hours.as_ref().filter(|_| !self.open)?.opens_at(now)
    }
}

/// The department with this id, or who took over from it when it was removed.
pub(super) fn present(all: &[DepartmentNow], id: DepartmentId) -> Option<&DepartmentNow> {
    let mut found = all.iter().find(|found| found.row.id == id)?;
    // Nobody takes over from who took over from them; the bound is for a database that says otherwise.
    for _ in 0..all.len() {
        let Some(successor) = found.row.successor_id.filter(|_| found.row.removed_at.is_some()) else { break };
        found = all.iter().find(|next| next.row.id == successor)?;
    }
    Some(found)
}

impl Staff {
    /// Whether visitors of a department can chat now. Who helps it after a wait counts as there, but is nobody who
    /// answers at once unless the wait is none.
    pub fn availability(&self, id: DepartmentId) -> Availability {
        if self.tenant.is_suspended() {
            return Availability::Unavailable;
        }
        let Some(found) = self.department(id) else { return Availability::Offline };
        let overflows: HashMap<DepartmentId, Overflow> = self
            .open_departments()
            .filter_map(|found| Some((found.row.id, found.desk(&self.departments).overflow?)))
            .collect();
        let reached = reach(found.row.id, &overflows);
        let online: Vec<_> = self
            .agents
            .iter()
            .filter(|now| now.presence == protocol::state::Presence::Online)
            .filter(|now| reached.iter().any(|(department, _)| now.is_member(*department)))
            .collect();
        let at_once = |now: &&&super::AgentNow| reached.iter().any(|(id, after)| *after == 0 && now.is_member(*id));
        let free = online.iter().filter(at_once).map(|now| now.free()).sum();
        let desk = QueueDesk {
            open: found.open,
            online: u32::try_from(online.len()).unwrap_or(u32::MAX),
            free,
            waiting: self.waiting_in(found.row.id),
            max_queue: found.policy.max_queue,
            manual: found.policy.strategy == Strategy::Manual,
        };
        queue::availability(&desk)
    }

    /// Departments as agents see them.
    pub(in crate::actions) fn cards(&self) -> Vec<Card> {
        let mut cards: Vec<Card> = self
            .open_departments()
            .map(|found| Card {
                id: found.row.id,
                name: found.row.name.clone(),
                availability: self.availability(found.row.id),
            })
            .collect();
        cards.sort_by(|a, b| (a.name.as_str(), a.id).cmp(&(b.name.as_str(), b.id)));
        cards
    }

    /// The departments that visitors of a site choose from; `None` when they do not.
    pub fn choices(&self, config: &SiteConfig) -> Option<Vec<DepartmentChoice>> {
        config.ask_department.filter(|rule| *rule != FieldRule::Off)?;
        let choices: Vec<_> = self.offered(config).map(|found| self.choice(found)).collect();
        (!choices.is_empty()).then_some(choices)
    }

    /// The departments that a site offers, asked for or named by the page.
    pub fn offered<'a>(&'a self, config: &'a SiteConfig) -> impl Iterator<Item = &'a DepartmentNow> {
        let listed = self.open_departments().filter(|found| found.row.listed);
        listed.filter(|found| config.departments.as_ref().is_none_or(|some| some.contains(&found.row.id)))
    }

    fn choice(&self, found: &DepartmentNow) -> DepartmentChoice {
        DepartmentChoice {
            id: found.row.id,
            name: found.row.name.clone(),
            availability: self.availability(found.row.id),
            opens_at: found.opens_at(self.at),
        }
    }

    /// Where a conversation of a site goes when the visitor or the page chose `chosen`: that department if the site
    /// offers it, else the site's own. Where that cannot take it and visitors are asked, it goes to the best of those
    /// they choose from: they were told that somebody is there, and who has no preference means any of them. `None` when
    /// there is neither.
    pub fn destination(
        &self,
        config: &SiteConfig,
        own: DepartmentId,
        chosen: Option<DepartmentId>,
    ) -> Option<&DepartmentNow> {
        let chosen = chosen.and_then(|chosen| self.department(chosen));
        let offered = chosen.filter(|chosen| self.offered(config).any(|found| found.row.id == chosen.row.id));
        offered.or_else(|| self.instead(config, own)).or_else(|| self.department(own))
    }

    /// The department of those to choose from that takes a conversation best while the site's own takes none; by name
    /// where several are alike, so that everybody who asks is told the same.
    fn instead(&self, config: &SiteConfig, own: DepartmentId) -> Option<&DepartmentNow> {
        if self.availability(own) != Availability::Offline {
            return None;
        }
        let choices = self.choices(config)?.into_iter();
        let there = choices.filter(|choice| choice.availability < Availability::Offline);
        let best = there.min_by(|a, b| (a.availability, &a.name, a.id).cmp(&(b.availability, &b.name, b.id)))?;
        self.department(best.id)
    }
}
