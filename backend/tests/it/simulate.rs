//! `frontdesk simulate routing` and `staffing`: a past of which the outcome can be worked out by hand, and a load of which
//! textbooks know the answer.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::world::{Plan, World};

/// 2026-03-02, 9 o'clock in UTC.
const NINE: i64 = 1_772_442_000_000;
const MINUTE: i64 = 60_000;

/// An id as the database writes it.
fn id(world: &World, number: u128) -> String {
    world.literal(uuid::Uuid::from_u128(number))
}

/// A visitor of the past: when it entered the queue, when Ann took it, when it was over; by whom.
struct Past {
    queued: i64,
    taken: Option<i64>,
    over: i64,
}

/// Adds a morning on which Ann was there from 9 to 17 o'clock.
async fn remember(world: &World, visitors: &[Past]) {
    let slug = &world.acme.slug;
    let site = format!("from site where tenant_id = (select id from tenant where slug = '{slug}')");
    let visitor = id(world, 1);
    let mut sql = format!(
        "insert into visitor (tenant_id, id, site_id, token_version, first_seen_at, last_seen_at) \
         select tenant_id, {visitor}, id, 0, {NINE}, {NINE} {site};"
    );
    let ann = "from agent where name = 'Ann' and tenant_id = (select id from tenant where slug = ";
    for (number, at, presence) in [(1, NINE - MINUTE, "online"), (2, NINE + 480 * MINUTE, "offline")] {
        let change = id(world, number);
        let _ = write!(
            sql,
            "insert into presence_change (tenant_id, id, agent_id, at, presence) \
             select tenant_id, {change}, id, {at}, '{presence}' {ann} '{slug}');"
        );
    }
    for (number, past) in (1..).zip(visitors) {
        let conversation = id(world, number);
        let Past { queued, taken, over } = *past;
        let _ = write!(
            sql,
            "insert into conversation (tenant_id, id, site_id, department_id, visitor_id, start_cmid, state, priority, \
             last_seq, last_hash, last_at, created_at, updated_at, message_at, closed_at, visitor_messages, \
             visitor_read_seq, agent_read_seq) select tenant_id, {conversation}, id, \
             (select id from department where tenant_id = site.tenant_id), {visitor}, {conversation}, 'closed', 0, 3, '0', \
             {over}, {queued}, {over}, {over}, {over}, 1, 0, 0 {site};"
        );
        let by = if taken.is_some() { "agent" } else { "visitor" };
        let entries =
            [(1, "queued", "visitor", Some(queued)), (2, "assigned", "agent", taken), (3, "closed", by, Some(over))];
        for (seq, kind, author, at) in entries {
            let Some(at) = at else { continue };
            let _ = write!(
                sql,
                "insert into entry (tenant_id, conversation_id, seq, kind, audience, author_kind, at, commitment, hash) \
                 select tenant_id, {conversation}, {seq}, '{kind}', 'everyone', '{author}', {at}, '0', '0' {site};"
            );
        }
    }
    world.change(sql).await;
}

/// Three who were served one after another for ten minutes each, and one who gave up after a minute.
async fn world_with_a_past() -> World {
    let world = World::prepare(Plan { policy: json!({ "capacity": 1 }), nodes: 1, ..Plan::default() });
    let served = |number: i64| Past {
        queued: NINE + number * MINUTE,
        taken: Some(NINE + number * 10 * MINUTE),
        over: NINE + (number + 1) * 10 * MINUTE,
    };
    let gave_up = Past { queued: NINE + 3 * MINUTE, taken: None, over: NINE + 4 * MINUTE };
    remember(&world, &[served(0), served(1), served(2), gave_up]).await;
    world
}

#[tokio::test]
async fn who_wrote_while_nobody_was_there_was_not_in_the_queue() {
    let world = world_with_a_past().await;
    let before = report(&world, &[]);
    // The first of them writes once more in the evening: it becomes a message at once.
    let evening = NINE + 600 * MINUTE;
    let conversation = id(&world, 1);
    let more = |seq: i64, kind: &str| {
        format!(
            "insert into entry (tenant_id, conversation_id, seq, kind, audience, author_kind, at, commitment, hash) \
             select tenant_id, {conversation}, {seq}, '{kind}', 'everyone', 'visitor', {evening}, '0', '0' from site;"
        )
    };
    world.change(format!("{}{}", more(4, "reopened"), more(5, "left_offline"))).await;
    assert_eq!(report(&world, &[])["total"], before["total"]);
}

fn routing(world: &World, more: &[&str]) -> (bool, String) {
    let day = ["simulate", "routing", "--tenant", "acme", "--from", "2026-03-02", "--to", "2026-03-02"];
    world.run(&[&day[..], more].concat())
}

fn report(world: &World, more: &[&str]) -> Value {
    let (done, text) = routing(world, &[more, &["--json"]].concat());
    assert!(done, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn waits(figures: &Value) -> (i64, i64) {
    let of = |name: &str| figures["waits"][name].as_i64().unwrap_or_else(|| panic!("no {name} in {figures}"));
    (of("p50_ms"), of("max_ms"))
}

#[tokio::test]
async fn a_past_is_replayed_as_it_was_and_with_other_settings() {
    let world = world_with_a_past().await;
    let plain = report(&world, &[]);
    let total = &plain["total"];
    assert_eq!(
        (&total["was"]["count"], &total["was"]["served"], &total["was"]["gave_up"]),
        (&json!(4), &json!(3), &json!(1))
    );
    assert_eq!(waits(&total["was"]), (9 * MINUTE, 18 * MINUTE));
    assert_eq!(total["present"], total["was"], "the replay of the same is the same");
    assert_eq!(total["tried"], Value::Null);
    assert_eq!((&plain["few"], &plain["agents"], &plain["guessed"]), (&json!(true), &json!(1), &json!(1)));

    // With two places, or two agents, the first two begin at once and the third when the first is over.
    let file = world.file("more.json");
    std::fs::write(&file, r#"{"settings": {"capacity": 2}}"#).expect("a file");
    let file = file.to_str().expect("a path");
    for more in [&["--policy", file][..], &["--agents-plus", "1"][..]] {
        let tried = report(&world, more);
        assert_eq!(waits(&tried["total"]["tried"]), (0, 8 * MINUTE), "{more:?}");
        assert_eq!(tried["total"]["present"], total["present"]);
        assert_eq!(tried["departments"][0]["tried"], tried["total"]["tried"]);
        assert_eq!(tried["departments"][0]["department"], "Support");
        assert_eq!(report(&world, more), tried, "the same question has the same answer");
    }
    let (done, words) = routing(&world, &["--agents-plus", "1"]);
    assert!(done, "{words}");
    for said in
        ["4 visitors entered the queue", "Fewer than 50", "Support: was", "18 min 0 s", "It leaves out", "median"]
    {
        assert!(words.contains(said), "{said:?} is missing: {words}");
    }
}

#[tokio::test]
async fn what_cannot_be_replayed_is_said() {
    let world = world_with_a_past().await;
    let (done, text) =
        world.run(&["simulate", "routing", "--tenant", "acme", "--from", "2026-03-03", "--to", "2026-03-04"]);
    assert!(!done && text.contains("nobody waited in that time"), "{text}");
    let (done, text) = world.run(&["simulate", "routing", "--tenant", "acme", "--from", "yesterday"]);
    assert!(!done && text.contains("YYYY-MM-DD"), "{text}");
    let (done, text) = world.run(&["simulate", "routing", "--tenant", "nobody", "--from", "2026-03-02"]);
    assert!(!done && text.contains("there is no tenant"), "{text}");
    for (trial, said) in [
        (r#"{"settings": {"capacity": 51}}"#, "capacity must be between 1 and 50"),
        (r#"{"settings": {"colour": 1}}"#, "there is no setting \"colour\""),
        (r#"{"departments": {"Sales": {}}}"#, "there is no department \"Sales\"; there are: Support"),
        (r#"{"departments": {"Support": {"capacity": 2}}}"#, "capacity"),
        (r#"{"colour": 1}"#, "colour"),
        ("nothing", "a file of settings"),
    ] {
        let file = world.file("wrong.json");
        std::fs::write(&file, trial).expect("a file");
        let (done, text) = routing(&world, &["--policy", file.to_str().expect("a path")]);
        assert!(!done && text.contains(said), "{trial}: {text}");
    }
    // Whoever came to a department that was removed is counted with the other: settings for it would do nothing.
    let (gone, now) = (id(&world, 77), "update department set removed_at = 1 where name = 'Gone'");
    let department = "insert into department (tenant_id, id, name, created_at) select id,";
    world.change(format!("{department} {gone}, 'Gone', 1 from tenant where slug = 'acme'; {now}")).await;
    let file = world.file("gone.json");
    std::fs::write(&file, r#"{"departments": {"Gone": {"max_queue": 5}}}"#).expect("a file");
    let (done, text) = routing(&world, &["--policy", file.to_str().expect("a path")]);
    assert!(!done && text.contains("there is no department \"Gone\"; there are: Support"), "{text}");
    world.change("delete from presence_change").await;
    let (done, text) = routing(&world, &[]);
    assert!(!done && text.contains("not known who was there"), "{text}");
}

#[tokio::test]
async fn staffing_is_measured_for_each_hour_of_the_day() {
    let world = world_with_a_past().await;
    let measured = |more: &[&str]| {
        let day = ["simulate", "staffing", "--tenant", "acme", "--from", "2026-03-02", "--to", "2026-03-02", "--json"];
        let (done, text) = world.run(&[&day[..], more].concat());
        assert!(done, "{text}");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let here = measured(&[]);
    let lines = here["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 1, "{here}");
    assert_eq!(
        (&lines[0]["hour"], &lines[0]["arrivals_per_hour"], &lines[0]["service_ms"]),
        (&json!(9), &json!(4.0), &json!(600_000.0))
    );
    assert_eq!(here["capacity"], 1);
    let there = measured(&["--utc-offset", "480", "--within", "30s,2m"]);
    let hours: Vec<&Value> = there["lines"].as_array().expect("lines").iter().map(|line| &line["hour"]).collect();
    assert_eq!(hours, [&json!(17), &json!(17)], "{there}");
}

#[test]
fn staffing_knows_the_answer_of_textbooks_and_the_simulation_agrees() {
    let world = World::prepare(Plan { on_sqlite: true, ..Plan::default() });
    let calls = [
        "simulate",
        "staffing",
        "--arrivals-per-hour",
        "200",
        "--service-min",
        "3",
        "--capacity",
        "1",
        "--within",
        "20s",
    ];
    let (done, text) = world.run(&[&calls[..], &["--json"]].concat());
    assert!(done, "{text}");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let line = &told["lines"][0];
    assert_eq!(line["agents"], 14, "{told}");
    let (formula, played) = (line["within"].as_f64().expect("a share"), line["simulated"].as_f64().expect("a share"));
    assert!((formula - 0.888).abs() < 0.001 && (formula - played).abs() < 0.03, "{told}");
    assert!(line["one_less"].as_f64().is_some_and(|less| less < 0.8), "{told}");
    for (flag, value) in
        [("--share", "1.5"), ("--within", "2d"), ("--service-min", "0"), ("--capacity", "51"), ("--from", "2026")]
    {
        let (done, text) = world.run(&[&calls[..8], &[&format!("{flag}={value}")]].concat());
        assert!(!done && text.contains(flag), "{flag}={value}: {text}");
    }
}

#[test]
fn the_document_quotes_what_it_prints() {
    let world = World::prepare(Plan { on_sqlite: true, ..Plan::default() });
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/simulation.md");
    let document = std::fs::read_to_string(path).expect("the document");
    let mut quoted = 0;
    for block in document.split("```\n$ frontdesk simulate staffing ").skip(1) {
        let block = block.split("\n```").next().expect("its end");
        let (arguments, printed) = block.split_once('\n').expect("a command and what it printed");
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let (done, now) = world.run(&[&["simulate", "staffing"], &arguments[..]].concat());
        assert!(done, "{now}");
        assert_eq!(printed.trim(), now.trim(), "docs/simulation.md must quote for {arguments:?}:\n{now}");
        quoted += 1;
    }
    assert!(quoted >= 1, "nothing is quoted");
}
