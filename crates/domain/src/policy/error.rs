/// Why a setting is refused. Every one names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A number is out of its range.
    #[error("{field} must be between {min} and {max}")]
    Range {
        /// The setting.
        field: &'static str,
        /// Least value allowed.
        min: i64,
        /// Greatest value allowed.
        max: i64,
    },
    /// It must be a whole number, in this range.
    #[error("{field} must be a whole number between {min} and {max}")]
    NotANumber {
        /// The setting.
        field: &'static str,
        /// Least value allowed.
        min: i64,
        /// Greatest value allowed.
        max: i64,
    },
    /// It must be yes or no.
    #[error("{field} must be true or false")]
    NotAFlag {
        /// The setting.
        field: &'static str,
    },
    /// It must be one of a few words.
    #[error("{field} must be one of {}", .of.join(", "))]
    NotAChoice {
        /// The setting.
        field: &'static str,
        /// The words.
        of: &'static [&'static str],
    },
    /// Only the tenant has this setting: it is the same in all departments.
    #[error("{field} is the same for all departments")]
    TenantOnly {
        /// The setting.
        field: &'static str,
    },
    /// There is no such setting.
    #[error("there is no setting {field:?}")]
    Unknown {
        /// The name that was given.
        field: String,
    },
}

impl PolicyError {
    /// The name of the setting, as it was given.
    pub fn field(&self) -> &str {
        match self {
            Self::Range { field, .. }
            | Self::NotANumber { field, .. }
            | Self::NotAFlag { field }
            | Self::NotAChoice { field, .. }
            | Self::TenantOnly { field } => field,
            Self::Unknown { field } => field,
        }
    }

    /// The greatest value allowed, where the rule is a range, for [`protocol::event::Refused::limit`].
    pub fn limit(&self) -> Option<u64> {
        match self {
            Self::Range { max, .. } | Self::NotANumber { max, .. } => u64::try_from(*max).ok(),
            Self::NotAFlag { .. } | Self::NotAChoice { .. } | Self::TenantOnly { .. } | Self::Unknown { .. } => None,
        }
    }
}
