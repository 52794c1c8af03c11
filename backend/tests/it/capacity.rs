//! `frontdesk simulate capacity`: what the document quotes is what it prints, and wrong numbers are named.

use std::process::Command;

use serde_json::Value;

use crate::basics::Scratch;

/// Runs it with arguments; gives success, and what it printed on either output.
fn simulate(arguments: &[&str]) -> (bool, String, String) {
    let folder = Scratch::new("capacity");
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    command.env_clear().current_dir(folder.path()).args(["simulate", "capacity"]).args(arguments);
    let output = command.output().expect("frontdesk runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn estimate(arguments: &[&str]) -> Value {
    let (done, text, error) = simulate(&[arguments, &["--json"]].concat());
    assert!(done, "{error}");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_document_quotes_what_it_prints() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scaling.md");
    let document = std::fs::read_to_string(path).expect("the document");
    let mut quoted = 0;
    for block in document.split("```\n$ frontdesk simulate capacity ").skip(1) {
        let block = block.split("\n```").next().expect("its end");
        let (arguments, printed) = block.split_once('\n').expect("a command and what it printed");
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let (done, now, error) = simulate(&arguments);
        assert!(done, "{error}");
        assert_eq!(printed.trim(), now.trim(), "docs/scaling.md must quote for {arguments:?}:\n{now}");
        quoted += 1;
    }
    assert!(quoted >= 3, "only {quoted} quoted");
}

#[test]
fn figures_can_be_given_and_are_repeated() {
    let plain = estimate(&["--visitors", "100000"]);
    assert_eq!(plain["load"]["agents"], 1000);
    let given = estimate(&["--visitors", "100000", "--websocket-bytes", "100000", "--memory", "8192"]);
    assert_eq!(given["costs"]["websocket_bytes"], 100_000.0);
    assert_eq!(given["estimate"]["nodes_for"], "memory");
    assert!(given["estimate"]["nodes"].as_u64() > plain["estimate"]["nodes"].as_u64(), "{given}");
    let more = estimate(&["--visitors", "100000", "--messages", "5000"]);
    assert_eq!(more["estimate"]["first"], "database");
}

#[test]
fn wrong_numbers_are_named() {
    for (flag, value) in
        [("--visitors", "-1"), ("--polls", "101"), ("--messages", "many"), ("--cores", "NaN"), ("--use", "inf")]
    {
        let argument = format!("{flag}={value}");
        let (done, _, error) = simulate(&[&argument]);
        assert!(!done && error.contains(flag), "{argument}: {error}");
    }
}
