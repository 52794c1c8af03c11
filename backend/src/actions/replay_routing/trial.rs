//! Settings to try: a file with a tenant's settings and those of its departments, by name.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use domain::policy::{Overrides, Policy};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::store::department::Department;

/// What the file holds. Whatever it does not name stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The tenant's settings.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// Own settings of departments, by their name; `null` takes the tenant's.
    #[serde(default)]
    pub departments: BTreeMap<String, Map<String, Value>>,
}

impl Trial {
    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        // Serde would take a list for the members in order.
        let members: anyhow::Result<Map<String, Value>> = serde_json::from_str(text).map_err(Into::into);
        members
            .and_then(|members| Ok(serde_json::from_value(Value::Object(members))?))
            .context("a file of settings is {\"settings\": {...}, \"departments\": {\"NAME\": {...}}}")
    }

    /// The tenant's settings with those of the trial.
    ///
    /// # Errors
    /// An unknown setting, or a value it may not have: names the setting and its limits.
    pub fn policy(&self, present: &Policy) -> anyhow::Result<Policy> {
        let mut policy = present.clone();
        for (name, value) in &self.settings {
            policy.set(name, value.clone())?;
        }
        Ok(policy)
    }

    /// A department's own settings with those of the trial.
    ///
    /// # Errors
    /// As [`Self::policy`].
    pub fn overrides(&self, department: &Department) -> anyhow::Result<Overrides> {
        let mut own = department.overrides();
        for (name, value) in self.departments.get(&department.name).into_iter().flatten() {
            own.set(name, Some(value.clone())).with_context(|| format!("department {:?}", department.name))?;
        }
        Ok(own)
    }

    /// Checks that there are departments of these names. Whoever came to one that was removed is counted with its
    /// successor, so settings for it would do nothing.
    ///
    /// # Errors
    /// Names the one there is not, and those there are.
    pub fn check_names(&self, departments: &[Department]) -> anyhow::Result<()> {
        let live = departments.iter().filter(|department| department.removed_at.is_none());
        let names: Vec<&str> = live.map(|department| department.name.as_str()).collect();
        for name in self.departments.keys() {
            if !names.contains(&name.as_str()) {
                bail!("there is no department {name:?}; there are: {}", names.join(", "));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::DepartmentId;
    use uuid::Uuid;

    #[test]
    fn a_file_changes_what_it_names() {
        let trial = Trial::parse(
            r#"{"settings": {"capacity": 3}, "departments": {"Sales": {"sticky": false, "max_queue": null}}}"#,
        );
        let trial = trial.unwrap();
        assert_eq!(trial.policy(&Policy::default()).unwrap(), Policy { capacity: 3, ..Policy::default() });
        let mut sales = Department::new(DepartmentId(Uuid::nil()), "Sales", 0);
        sales.settings = r#"{"max_queue": 7}"#.to_owned();
        assert_eq!(trial.overrides(&sales).unwrap(), Overrides { sticky: Some(false), ..Overrides::default() });
        let help = Department::new(DepartmentId(Uuid::nil()), "Help", 0);
        assert_eq!(trial.overrides(&help).unwrap(), Overrides::default());
        trial.check_names(std::slice::from_ref(&sales)).unwrap();
        let refused = |rows: &[Department]| trial.check_names(rows).unwrap_err().to_string();
        assert!(refused(std::slice::from_ref(&help)).contains("\"Sales\"; there are: Help"));
        let gone = Department { removed_at: Some(1), ..sales };
        assert!(refused(&[gone, help]).ends_with("there are: Help"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_limit() {
        for (text, said) in [
            (r#"{"settings": {"capacity": 51}}"#, "capacity must be between 1 and 50"),
            (r#"{"settings": {"colour": 1}}"#, "there is no setting \"colour\""),
        ] {
            let error = Trial::parse(text).unwrap().policy(&Policy::default()).unwrap_err();
            assert_eq!(error.to_string(), said);
        }
        for text in ["", "[]", r#"{"setting": {}}"#] {
            assert!(Trial::parse(text).is_err(), "{text}");
        }
    }
}
