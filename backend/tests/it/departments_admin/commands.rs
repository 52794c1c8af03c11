//! Departments on the command line.

use serde_json::{Value, json};

use crate::world::{Plan, World};

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[tokio::test]
async fn the_command_line_sets_up_departments() {
    let world = World::prepare(Plan { second: true, ..Plan::default() });
    let run = |arguments: &[&str]| {
        let (done, said, error) = world.feed(arguments, "");
        assert!(done, "{arguments:?}: {error}");
        said
    };
    let refused = |arguments: &[&str], words: &str| {
        let (done, said) = world.run(arguments);
        assert!(!done && said.contains(words), "{arguments:?}: {said}");
    };
    let create = "department create --tenant acme Sales max_queue=5 max_wait_ms=10min --member Ann:2 --overflow support \
        --overflow-after 30s --json";
    let made: Value = serde_json::from_str(&run(&words(create))).expect("JSON");
    assert_eq!(made["settings"], json!({"max_queue": 5, "max_wait_ms": 600_000}));
    assert_eq!(made["overflow"]["after_ms"], json!(30_000));
    assert_eq!(made["members"], json!([{"name": "Ann", "priority": 2}]));
    let hours = world.file("hours.json");
    let week = json!({"time_zone": "Asia/Shanghai", "week": [{"day": "mon", "from": 540, "to": 1080}]});
    std::fs::write(&hours, week.to_string()).expect("a file");
    let hours = hours.display().to_string();
    let set = words("department set --tenant acme sales max_queue= --listed false --json --hours");
    let set = [&set[..], &[hours.as_str()]].concat();
    let changed: Value = serde_json::from_str(&run(&set)).expect("JSON");
    assert_eq!(changed["settings"], json!({"max_wait_ms": 600_000}));
    assert_eq!((&changed["listed"], &changed["hours"]["time_zone"]), (&json!(false), &json!("Asia/Shanghai")));
    assert!(run(&["department", "list", "--tenant", "acme"]).contains("Sales"));
    assert!(!run(&["department", "list", "--tenant", "other"]).contains("Sales"));

    let set = ["department", "set", "--tenant", "acme"];
    let with = |rest: &[&'static str]| [&set[..], rest].concat();
    refused(&with(&["Sales", "capacity=3"]), "capacity is the same for all departments");
    refused(&with(&["Sales", "max_queue=0"]), "max_queue must be between 1 and 10000");
    refused(&with(&["Sales", "colour=1"]), "there is no setting \"colour\"");
    refused(&with(&["Nowhere", "max_queue=1"]), "there is no department \"Nowhere\"");
    refused(&with(&["Support", "--overflow", "Sales"]), "circle: Support > Sales > Support");
    refused(&with(&["Sales", "--member", "Zoe"]), "nobody is called \"Zoe\"");
    refused(&["tenant", "set", "acme", "capacity=51"], "capacity must be between 1 and 50");
    refused(&["tenant", "set", "acme", "capacity="], "capacity needs a value");
    refused(&["tenant", "set", "acme", "offer_deadline_ms=1h"], "offer_deadline_ms must be between 5000 and 600000");
    run(&["tenant", "set", "acme", "offer_deadline_ms=20s", "vip_priority=5", "show_estimate=false"]);
    run(&["department", "remove", "--tenant", "acme", "Sales", "--successor", "Support"]);
    let successor = ["department", "remove", "--tenant", "acme", "Support", "--successor", "Support"];
    refused(&successor, "keeps at least one department");
}
