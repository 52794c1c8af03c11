use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Match, PolicyError, SETTINGS, Scope, Setting, Strategy, from_members, members};

/// What a department sets by itself; `None` is as the tenant's [`super::Policy`]. Same names, units and ranges.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Overrides {
    /// As [`super::Policy::strategy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// As [`super::Policy::offer_deadline_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_deadline_ms: Option<i64>,
    /// As [`super::Policy::rejection_memory_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection_memory_ms: Option<i64>,
    /// As [`super::Policy::sticky`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<bool>,
    /// As [`super::Policy::language`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Match>,
    /// As [`super::Policy::skills`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skills: Option<Match>,
    /// As [`super::Policy::max_queue`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_queue: Option<u32>,
    /// As [`super::Policy::max_wait_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait_ms: Option<i64>,
    /// As [`super::Policy::first_reply_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_reply_ms: Option<i64>,
    /// As [`super::Policy::visitor_gone_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitor_gone_ms: Option<i64>,
    /// As [`super::Policy::show_position`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_position: Option<bool>,
    /// As [`super::Policy::show_estimate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_estimate: Option<bool>,
    /// As [`super::Policy::keep_place`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_place: Option<bool>,
    /// As [`super::Policy::call_hold_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_hold_ms: Option<i64>,
}

impl Overrides {
    /// Checks every setting that is set against [`SETTINGS`].
    ///
    /// # Errors
    /// The first setting, in the order of the table, that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let values = members(self);
        SETTINGS.iter().try_for_each(|setting| values.get(setting.name).map_or(Ok(()), |value| setting.check(value)))
    }

    /// Whether the department has no settings of its own.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The department's own value; `None` when it has none, or there is no such setting.
    pub fn get(&self, name: &str) -> Option<Value> {
        members(self).remove(name)
    }

    /// Changes one setting by its name; `None` and JSON's `null` go back to the tenant's.
    ///
    /// # Errors
    /// An unknown name, a setting that only the tenant has, the wrong type, or a value out of the range; nothing
    /// is changed then.
    pub fn set(&mut self, name: &str, value: Option<Value>) -> Result<(), PolicyError> {
        let setting = Setting::named(name)?;
        if setting.scope == Scope::Tenant {
            return Err(PolicyError::TenantOnly { field: setting.name });
        }
        let mut values = members(self);
        match value.filter(|value| !value.is_null()) {
            None => {
                values.remove(setting.name);
            }
            Some(value) => {
                setting.check(&value)?;
                values.insert(setting.name.to_owned(), value);
            }
        }
        *self = from_members(setting, values)?;
        Ok(())
    }
}
