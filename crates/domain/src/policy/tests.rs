use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn names(of: &impl Serialize) -> BTreeSet<String> {
    members(of).keys().cloned().collect()
}

/// A value that differs from the default.
fn another(setting: &Setting) -> Value {
    let before = Policy::default().get(setting.name).unwrap();
    match setting.kind {
        Kind::Flag => Value::Bool(before != Value::Bool(true)),
        Kind::Choice(of) => of.iter().copied().map(Value::from).find(|value| *value != before).unwrap(),
        Kind::Number { min, max, .. } => Value::from(if before.as_i64() == Some(max) { min } else { max }),
    }
}

#[test]
fn the_defaults_are_within_their_ranges_and_fill_gaps() {
    assert_eq!(Policy::default().check(), Ok(()));
    let partial: Policy = serde_json::from_str(r#"{"capacity":3,"strategy":"manual"}"#).unwrap();
    let expected = Policy { capacity: 3, strategy: Strategy::Manual, ..Policy::default() };
    assert_eq!(partial, expected);
}

#[test]
fn a_value_out_of_range_is_named() {
    let policy = Policy { capacity: 51, ..Policy::default() };
    let error = policy.check().unwrap_err();
    assert_eq!(error.to_string(), "capacity must be between 1 and 50");
    assert_eq!((error.field(), error.limit()), ("capacity", Some(50)));
    let policy = Policy { max_wait_ms: 0, ..Policy::default() };
    assert_eq!(policy.check().unwrap_err().field(), "max_wait_ms");
    let own = Overrides { max_queue: Some(0), ..Overrides::default() };
    assert_eq!(own.check(), Err(PolicyError::Range { field: "max_queue", min: 1, max: 10_000 }));
}

#[test]
fn the_table_and_the_types_have_the_same_settings() {
    let table: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.name.to_owned()).collect();
    assert_eq!(table.len(), SETTINGS.len());
    assert_eq!(table, names(&Policy::default()));
    let mut own = Overrides::default();
    for setting in SETTINGS {
        let set = own.set(setting.name, Some(another(setting)));
        assert_eq!(set.is_ok(), setting.scope == Scope::Department, "{}", setting.name);
    }
    let departments = SETTINGS.iter().filter(|setting| setting.scope == Scope::Department);
    assert_eq!(names(&own), departments.map(|setting| setting.name.to_owned()).collect());
}

#[test]
fn settings_of_a_group_stand_together() {
    let mut groups: Vec<Group> = SETTINGS.iter().map(|setting| setting.group).collect();
    groups.dedup();
    assert_eq!(groups, Group::ALL);
}

#[test]
fn every_setting_is_got_and_set_by_name_and_overridden() {
    for setting in SETTINGS {
        let mut policy = Policy::default();
        let value = another(setting);
        policy.set(setting.name, value.clone()).unwrap();
        assert_eq!(policy.get(setting.name), Some(value.clone()), "{}", setting.name);
        assert_ne!(policy, Policy::default(), "{}", setting.name);
        assert_eq!(policy.check(), Ok(()));
        let typed = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(setting.parse(&typed), Ok(value.clone()), "{}", setting.name);
        if setting.scope == Scope::Department {
            let mut own = Overrides::default();
            own.set(setting.name, Some(value.clone())).unwrap();
            assert_eq!(own.get(setting.name), Some(value), "{}", setting.name);
            assert_eq!(Policy::default().with(&own), policy, "{}", setting.name);
            own.set(setting.name, None).unwrap();
            assert!(own.is_empty(), "{}", setting.name);
        }
    }
}

#[test]
fn refusals_name_the_setting_and_what_it_may_be_and_change_nothing() {
    let mut policy = Policy::default();
    let cases = [
        ("capacity", json!(0), "capacity must be between 1 and 50"),
        ("capacity", json!(u64::MAX), "capacity must be between 1 and 50"),
        ("capacity", json!(2.5), "capacity must be a whole number between 1 and 50"),
        ("capacity", json!("3"), "capacity must be a whole number between 1 and 50"),
        ("vip_priority", json!(11), "vip_priority must be between 0 and 10"),
        ("sticky", json!(1), "sticky must be true or false"),
        ("language", json!("maybe"), "language must be one of ignore, prefer, require"),
        ("language", json!(null), "language must be one of ignore, prefer, require"),
        ("colour", json!(1), "there is no setting \"colour\""),
    ];
    for (name, value, expected) in cases {
        let error = policy.set(name, value).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.field()), (expected, name));
    }
    assert_eq!(policy, Policy::default());
    let error = Overrides::default().set("capacity", Some(json!(3))).unwrap_err();
    assert_eq!(error, PolicyError::TenantOnly { field: "capacity" });
    assert_eq!(Setting::named("sticky").unwrap().parse("yes"), Err(PolicyError::NotAFlag { field: "sticky" }));
}

#[test]
fn a_department_without_own_settings_writes_nothing() {
    assert_eq!(serde_json::to_string(&Overrides::default()).unwrap(), "{}");
    let own: Overrides = serde_json::from_str(r#"{"max_queue":5,"sticky":null}"#).unwrap();
    assert_eq!(own, Overrides { max_queue: Some(5), ..Overrides::default() });
}

#[test]
fn null_takes_an_own_setting_back() {
    let mut own = Overrides { sticky: Some(false), ..Overrides::default() };
    own.set("sticky", Some(json!(null))).unwrap();
    assert!(own.is_empty());
}
