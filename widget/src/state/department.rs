//! Where a conversation goes, and whether somebody is there.

use client::Status;
use protocol::error::CloseCode;
use protocol::ids::DepartmentId;
use protocol::site::FieldRule;
use protocol::state::{Availability, DepartmentChoice};

use super::{Model, Screen};

impl Model {
    /// The departments to choose from, as far as is known; none when there is no choice.
    pub fn departments(&self) -> &[DepartmentChoice] {
        let known = match &self.state {
            Some(state) => &state.departments,
            None => &self.config.departments,
        };
        known.as_deref().unwrap_or_default()
    }

    /// Where a new conversation goes, if not to the site's own department. What the page says goes before what the
    /// visitor chose.
    pub(super) fn destination(&self) -> Option<DepartmentId> {
        self.department.or(self.form.department)
    }

    /// That department, when it is one to choose from.
    pub fn choice(&self) -> Option<&DepartmentChoice> {
        let id = self.destination()?;
        self.departments().iter().find(|choice| choice.id == id)
    }

    /// Whether a form asks for the department. Not where the page names one, nor for a conversation that has one.
    pub fn ask_department(&self) -> FieldRule {
        let has_one = self.department.is_some() || matches!(self.screen, Screen::Offline(Some(_)));
        let rule = self.config.site.ask_department.filter(|_| !has_one && !self.departments().is_empty());
        rule.unwrap_or(FieldRule::Off)
    }

    /// Whether the visitor can chat now, as far as is known, and when that begins if not.
    pub fn standing(&self) -> (Availability, Option<i64>) {
        if self.status == Status::Stopped(CloseCode::Forbidden.code()) {
            return (Availability::Unavailable, None);
        }
        let of_site = match &self.state {
            Some(state) => (state.availability, state.opens_at),
            None => (self.config.availability, self.config.opens_at),
        };
        match self.choice() {
            Some(choice) if self.department.is_some() && of_site.0 != Availability::Unavailable => {
                (choice.availability, choice.opens_at)
            }
            _ => of_site,
        }
    }

    /// Whether the visitor can chat now, as far as is known.
    pub fn availability(&self) -> Availability {
        self.standing().0
    }

    /// Whether the form on the screen leaves a message: nobody is there, or nobody in the department chosen.
    pub fn leaves(&self) -> bool {
        let is_closed = |choice: &DepartmentChoice| choice.availability == Availability::Offline;
        matches!(self.screen, Screen::Offline(_)) || self.choice().is_some_and(is_closed)
    }
}
