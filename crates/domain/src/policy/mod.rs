//! The settings that decide about queue and routing: a tenant's [`Policy`], and the [`Overrides`] by which a
//! department differs from it. [`SETTINGS`] is the one table of names, ranges and groups: the checks, the forms
//! of the admin panel and the command line read it.

/// Why a setting is refused.
mod error;
/// What a department sets by itself.
mod overrides;
/// The table of settings.
mod setting;
#[cfg(test)]
mod tests;

pub use error::PolicyError;
pub use overrides::Overrides;
pub use setting::{Group, Kind, SETTINGS, Scope, Setting, Unit};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who of several free agents gets a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The one with the smallest share of their capacity in use.
    #[default]
    LeastLoaded,
    /// The one who has been without a new conversation and without work the longest.
    LongestIdle,
    /// The one whose last assignment is the oldest.
    RoundRobin,
    /// All of them are asked at once; the first to accept has it.
    Broadcast,
    /// Nobody: agents take conversations from the list.
    Manual,
}

/// What it means for routing that an agent speaks the visitor's language, or has the skills asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// Nothing.
    Ignore,
    /// Who matches is asked first.
    #[default]
    Prefer,
    /// Who does not match is not asked.
    Require,
}

/// Queue and routing settings. All times in milliseconds. Ranges stand in [`SETTINGS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Who gets a conversation.
    pub strategy: Strategy,
    /// How long an offer stands. 5 s to 10 min; default 30 s.
    pub offer_deadline_ms: i64,
    /// Offers that stand for one agent at a time, so that a queue is spread over those who come and not poured
    /// over the first. 1 to 10; default 1.
    pub offers_at_once: u32,
    /// How long the agent who declined or missed a conversation is not offered it again. 0 to 10 min; default
    /// 20 s. After that only if nobody else can take it.
    pub rejection_memory_ms: i64,
    /// Whether a returning visitor goes to the previous agent when that one is free. Default yes.
    pub sticky: bool,
    /// Whether agents who speak the visitor's language are preferred, or nobody else asked. Default preferred.
    pub language: Match,
    /// The same for the skills that a conversation asks for. Default required.
    pub skills: Match,
    /// Longest queue; the next visitor gets the offline form. 1 to 10,000; default 100.
    pub max_queue: u32,
    /// Longest wait before the visitor gets the offline form. 1 min to 24 h; default 20 min.
    pub max_wait_ms: i64,
    /// Waiting this long raises a conversation by one priority. 1 s to 24 h; default 5 min.
    pub ageing_ms: i64,
    /// Priority of a visitor whose signed attributes say `vip`. 0 to 10; default 2.
    pub vip_priority: u8,
    /// Conversations an agent holds at once, unless the agent has an own number. 1 to 50; default 6.
    pub capacity: u32,
    /// Missed offers in a row before an agent is set to away. 1 to 20; default 2.
    pub missed_offers_before_away: u32,
    /// No sign of a connected agent this long sets the agent to away, until the next sign. 5 s to 24 h; default
    /// 10 min.
    pub agent_idle_ms: i64,
    /// How long an agent may be without a connection before the agent's conversations go back to the head of
    /// the queue. 5 s to 10 min; default 45 s.
    pub agent_grace_ms: i64,
    /// No reply this long after an agent took a conversation sends it back to the queue. 10 s to 1 h; default
    /// 180 s.
    pub first_reply_ms: i64,
    /// Silence after which a conversation no longer counts against the capacity. 1 min to 24 h; default 10 min.
    pub inactive_after_ms: i64,
    /// How long after the visitor's last connection a conversation is closed. 1 min to 7 days; default 30 min.
    pub visitor_gone_ms: i64,
    /// How long after its end a conversation reopens when the visitor writes. 0 to 30 days; default 24 h.
    pub reopen_window_ms: i64,
    /// Whether waiting visitors are told their place in the queue. Default yes.
    pub show_position: bool,
    /// Whether waiting visitors are told how long it will probably take. Default yes.
    pub show_estimate: bool,
    /// Whether a waiting visitor may leave an address, go, and keep the place. Default yes.
    pub keep_place: bool,
    /// How long the place of a visitor who left an address is held after the visitor was written to. 1 min to
    /// 24 h; default 10 min.
    pub call_hold_ms: i64,
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Default for Policy {
    fn default() -> Self {
        Self {
            strategy: Strategy::LeastLoaded,
            offer_deadline_ms: 30 * SECOND,
            offers_at_once: 1,
            rejection_memory_ms: 20 * SECOND,
            sticky: true,
            language: Match::Prefer,
            skills: Match::Require,
            max_queue: 100,
            max_wait_ms: 20 * MINUTE,
            ageing_ms: 5 * MINUTE,
            vip_priority: 2,
            capacity: 6,
            missed_offers_before_away: 2,
            agent_idle_ms: 10 * MINUTE,
            agent_grace_ms: 45 * SECOND,
            first_reply_ms: 180 * SECOND,
            inactive_after_ms: 10 * MINUTE,
            visitor_gone_ms: 30 * MINUTE,
            reopen_window_ms: DAY,
            show_position: true,
            show_estimate: true,
            keep_place: true,
            call_hold_ms: 10 * MINUTE,
        }
    }
}

impl Policy {
    /// Checks every setting against [`SETTINGS`].
    ///
    /// # Errors
    /// The first setting, in the order of the table, that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let values = members(self);
        SETTINGS.iter().try_for_each(|setting| values.get(setting.name).map_or(Ok(()), |value| setting.check(value)))
    }

    /// The settings of a department with these overrides.
    pub fn with(&self, overrides: &Overrides) -> Self {
        let own = overrides.clone();
        Self {
            strategy: own.strategy.unwrap_or(self.strategy),
            offer_deadline_ms: own.offer_deadline_ms.unwrap_or(self.offer_deadline_ms),
            rejection_memory_ms: own.rejection_memory_ms.unwrap_or(self.rejection_memory_ms),
            sticky: own.sticky.unwrap_or(self.sticky),
            language: own.language.unwrap_or(self.language),
            skills: own.skills.unwrap_or(self.skills),
            max_queue: own.max_queue.unwrap_or(self.max_queue),
            max_wait_ms: own.max_wait_ms.unwrap_or(self.max_wait_ms),
            first_reply_ms: own.first_reply_ms.unwrap_or(self.first_reply_ms),
            visitor_gone_ms: own.visitor_gone_ms.unwrap_or(self.visitor_gone_ms),
            show_position: own.show_position.unwrap_or(self.show_position),
            show_estimate: own.show_estimate.unwrap_or(self.show_estimate),
            keep_place: own.keep_place.unwrap_or(self.keep_place),
            call_hold_ms: own.call_hold_ms.unwrap_or(self.call_hold_ms),
            ..self.clone()
        }
    }

    /// The value of a setting; `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<Value> {
        members(self).remove(name)
    }

    /// Changes one setting by its name.
    ///
    /// # Errors
    /// An unknown name, the wrong type, or a value out of the setting's range; nothing is changed then.
    pub fn set(&mut self, name: &str, value: Value) -> Result<(), PolicyError> {
        let setting = Setting::named(name)?;
        setting.check(&value)?;
        let mut values = members(self);
        values.insert(setting.name.to_owned(), value);
        *self = from_members(setting, values)?;
        Ok(())
    }
}

/// A value's members by name.
fn members(of: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(members)) => members,
        // Neither type that is passed here has keys that are no text, or fails.
        Ok(_) | Err(_) => Map::new(),
    }
}

/// The value with these members, after `changed` was checked and put among them.
fn from_members<T: serde::de::DeserializeOwned>(
    changed: &'static Setting,
    members: Map<String, Value>,
) -> Result<T, PolicyError> {
    serde_json::from_value(Value::Object(members)).map_err(|_| changed.wrong_type())
}
