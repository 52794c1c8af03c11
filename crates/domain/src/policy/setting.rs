use serde_json::Value;

use super::{DAY, HOUR, MINUTE, PolicyError, SECOND};

/// Whose setting it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The same in all departments of a tenant.
    Tenant,
    /// A department may differ.
    Department,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
}

/// The values a setting has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Number {
        /// Least value allowed.
        min: i64,
        /// Greatest value allowed.
        max: i64,
        /// What it counts.
        unit: Unit,
    },
    /// Yes or no.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// Settings that stand together in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Who is offered a conversation, and for how long.
    Offers,
    /// The order and the limits of the queue.
    Queue,
    /// What agents may do, and when they count as absent.
    Agents,
    /// What happens to conversations by themselves.
    Conversation,
    /// What waiting visitors see and may do.
    Visitor,
}

impl Group {
    /// All, in the order of forms.
    pub const ALL: [Self; 5] = [Self::Offers, Self::Queue, Self::Agents, Self::Conversation, Self::Visitor];
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name, in JSON and everywhere.
    pub name: &'static str,
    /// Whose it is.
    pub scope: Scope,
    /// Its values.
    pub kind: Kind,
    /// Where it stands in a form.
    pub group: Group,
}

const STRATEGIES: &[&str] = &["least_loaded", "longest_idle", "round_robin", "broadcast", "manual"];
const MATCHES: &[&str] = &["ignore", "prefer", "require"];

/// All settings, in the order of forms.
pub static SETTINGS: &[Setting] = &[
    department("strategy", Group::Offers, Kind::Choice(STRATEGIES)),
    department("offer_deadline_ms", Group::Offers, time(5 * SECOND, 10 * MINUTE)),
    tenant("offers_at_once", Group::Offers, count(1, 10)),
    department("rejection_memory_ms", Group::Offers, time(0, 10 * MINUTE)),
    department("sticky", Group::Offers, Kind::Flag),
    department("language", Group::Offers, Kind::Choice(MATCHES)),
    department("skills", Group::Offers, Kind::Choice(MATCHES)),
    department("max_queue", Group::Queue, count(1, 10_000)),
    department("max_wait_ms", Group::Queue, time(MINUTE, DAY)),
    tenant("ageing_ms", Group::Queue, time(SECOND, DAY)),
    tenant("vip_priority", Group::Queue, count(0, *crate::queue::PRIORITIES.end() as i64)),
    tenant("capacity", Group::Agents, count(1, 50)),
    tenant("missed_offers_before_away", Group::Agents, count(1, 20)),
    tenant("agent_idle_ms", Group::Agents, time(5 * SECOND, DAY)),
    tenant("agent_grace_ms", Group::Agents, time(5 * SECOND, 10 * MINUTE)),
    department("first_reply_ms", Group::Conversation, time(10 * SECOND, HOUR)),
    tenant("inactive_after_ms", Group::Conversation, time(MINUTE, DAY)),
    department("visitor_gone_ms", Group::Conversation, time(MINUTE, 7 * DAY)),
    tenant("reopen_window_ms", Group::Conversation, time(0, 30 * DAY)),
    department("show_position", Group::Visitor, Kind::Flag),
    department("show_estimate", Group::Visitor, Kind::Flag),
    department("keep_place", Group::Visitor, Kind::Flag),
    department("call_hold_ms", Group::Visitor, time(MINUTE, DAY)),
];

const fn tenant(name: &'static str, group: Group, kind: Kind) -> Setting {
    Setting { name, scope: Scope::Tenant, kind, group }
}

const fn department(name: &'static str, group: Group, kind: Kind) -> Setting {
    Setting { name, scope: Scope::Department, kind, group }
}

const fn time(min: i64, max: i64) -> Kind {
    Kind::Number { min, max, unit: Unit::Milliseconds }
}

const fn count(min: i64, max: i64) -> Kind {
    Kind::Number { min, max, unit: Unit::Count }
}

impl Setting {
    /// The setting with this name.
    ///
    /// # Errors
    /// [`PolicyError::Unknown`].
    pub fn named(name: &str) -> Result<&'static Self, PolicyError> {
        let found = SETTINGS.iter().find(|setting| setting.name == name);
        found.ok_or_else(|| PolicyError::Unknown { field: name.to_owned() })
    }

    /// Whether it may have this value.
    ///
    /// # Errors
    /// The wrong type, or a number out of the range.
    pub fn check(&self, value: &Value) -> Result<(), PolicyError> {
        match (self.kind, value) {
            (Kind::Flag, Value::Bool(_)) => Ok(()),
            (Kind::Choice(of), Value::String(word)) if of.contains(&word.as_str()) => Ok(()),
            (Kind::Number { min, max, .. }, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                // A number above all of `i64` is above every range.
                let inside = number.as_i64().is_some_and(|number| (min..=max).contains(&number));
                inside.then_some(()).ok_or(PolicyError::Range { field: self.name, min, max })
            }
            _ => Err(self.wrong_type()),
        }
    }

    /// The value that somebody typed: digits, `true` or `false`, or one of the words.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn parse(&self, text: &str) -> Result<Value, PolicyError> {
        let text = text.trim();
        let value = match self.kind {
            Kind::Number { .. } => text.parse::<i64>().map(Value::from).map_err(|_| self.wrong_type())?,
            Kind::Flag => text.parse::<bool>().map(Value::from).map_err(|_| self.wrong_type())?,
            Kind::Choice(_) => Value::from(text),
        };
        self.check(&value)?;
        Ok(value)
    }

    pub(super) const fn wrong_type(&self) -> PolicyError {
        let field = self.name;
        match self.kind {
            Kind::Number { min, max, .. } => PolicyError::NotANumber { field, min, max },
            Kind::Flag => PolicyError::NotAFlag { field },
            Kind::Choice(of) => PolicyError::NotAChoice { field, of },
        }
    }
}
