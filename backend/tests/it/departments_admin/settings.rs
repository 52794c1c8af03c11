//! How conversations are routed: settings as the page shows them and as people type them.

use serde_json::{Value, json};

use super::{Form, olga, shows};
use crate::panels::Reader;
use crate::world::World;

/// The form of the settings as the page shows it, with some fields changed.
async fn routing_form(olga: &Reader, change: &[(&str, &str)]) -> Form {
    let page = shows(olga, "/admin/routing", &["Who is asked"]).await;
    let mut fields = Vec::new();
    for setting in domain::policy::SETTINGS {
        let given = change.iter().find(|(name, _)| *name == setting.name).map(|(_, value)| (*value).to_owned());
        let start = format!("id=\"{}\"", setting.name);
        let control = page.split(&start).nth(1).unwrap_or_else(|| panic!("no field {}", setting.name));
        let own = control.split("<div class=\"field\"").next().unwrap_or_default();
        let shown = match setting.kind {
            domain::policy::Kind::Flag => {
                own.split('>').next().is_some_and(|tag| tag.contains("checked")).then(|| "on".to_owned())
            }
            domain::policy::Kind::Choice(_) => own
                .split("<option value=\"")
                .skip(1)
                .find(|option| option.contains(" selected>"))
                .map(|option| option.split('"').next().unwrap_or_default().to_owned()),
            domain::policy::Kind::Number { .. } => {
                own.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
            }
        };
        if let Some(value) = given.or(shown).filter(|value| !value.is_empty()) {
            fields.push((setting.name.to_owned(), value));
        }
    }
    Form(fields)
}

#[tokio::test]
async fn settings_are_shown_and_typed_as_people_say_them() {
    let world = World::start().await;
    let olga = olga(&world).await;
    shows(
        &olga,
        "/admin/routing",
        &["value=\"30 s\"", "value=\"20 min\"", "value=\"24 h\"", "From 5 s to 10 min; usually 30 s."],
    )
    .await;
    // What is shown is taken as it is.
    routing_form(&olga, &[]).await.is_taken(&olga, "/admin/routing").await;
    let change = [
        ("offer_deadline_ms", "20"),
        ("max_wait_ms", "1.5 h"),
        ("capacity", "4"),
        ("strategy", "longest_idle"),
        ("sticky", ""),
    ];
    let page = routing_form(&olga, &change).await.is_taken(&olga, "/admin/routing").await;
    assert!(page.contains("Saved.") && page.contains("value=\"90 min\""), "{page}");
    let (_, said, _) = world.feed(&["tenant", "set", "acme", "--json"], "");
    let settings: Value = serde_json::from_str(&said).expect("JSON");
    for (name, value) in [
        ("offer_deadline_ms", json!(20_000)),
        ("max_wait_ms", json!(5_400_000)),
        ("capacity", json!(4)),
        ("strategy", json!("longest_idle")),
        ("sticky", json!(false)),
        ("max_queue", json!(100)),
    ] {
        assert_eq!(settings[name], value, "{name}");
    }
    assert_eq!(world.count("select count(*) from agent where capacity = 4").await, 3);
    shows(&olga, "/admin/audit", &["Settings changed", "capacity: 6 → 4"]).await;
}

#[tokio::test]
async fn a_wrong_setting_is_refused_next_to_its_field() {
    let world = World::start().await;
    let olga = olga(&world).await;
    for (name, value, words) in [
        ("capacity", "0", "From 1 to 50."),
        ("capacity", "51", "From 1 to 50."),
        ("capacity", "2.5", "From 1 to 50."),
        ("max_queue", "99999999999999999999", "From 1 to 10000."),
        ("vip_priority", "-1", "From 0 to 10."),
        ("offer_deadline_ms", "11 min", "From 5 s to 10 min."),
        ("offer_deadline_ms", "later", "A length of time, such as 30 s"),
        ("reopen_window_ms", "31 d", "From 0 s to 30 d."),
        ("strategy", "best", "This is not valid."),
    ] {
        let form = routing_form(&olga, &[(name, value)]).await;
        let (status, page) = form.goes(&olga, "/admin/routing").await;
        assert_eq!(status, 422, "{name} {value}");
        let error = format!("id=\"{name}-error\">{words}");
        assert!(page.contains(&error), "{name} {value}: {page}");
    }
    Form::of(&[]).is_refused(&olga, "/admin/routing", "Please fill this in.").await;
    let (_, said, _) = world.feed(&["tenant", "set", "acme", "--json"], "");
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["capacity"], json!(6));
}
