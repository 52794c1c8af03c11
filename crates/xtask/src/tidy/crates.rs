//! Layers between crates: who may depend on whom.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Finding;
use crate::shell;

/// Each crate of the workspace and those it may use.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("protocol", &[]),
    ("domain", &["protocol"]),
    ("client", &["protocol"]),
    ("faults", &["protocol", "domain"]),
    ("widget", &["protocol", "client"]),
    ("agent-console", &["protocol", "client"]),
    ("frontdesk", &["protocol", "domain"]),
    ("xtask", &[]),
];

/// Dependencies between crates of the workspace that the table lacks. Tests may
/// use any crate.
///
/// # Errors
/// When cargo cannot describe the workspace.
pub(super) fn check() -> Result<Vec<Finding>> {
    let args = ["metadata", "--no-deps", "--format-version", "1"];
    let text = shell::output(&mut shell::cargo(args))?;
    let metadata: Value = serde_json::from_str(&text).context("cannot read cargo metadata")?;
    Ok(judge(&metadata))
}

fn judge(metadata: &Value) -> Vec<Finding> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &Value| value["name"].as_str().unwrap_or("").to_owned();
    let packages = list(&metadata["packages"]);
    let members: Vec<String> = packages.iter().map(name).collect();
    let mut findings = Vec::new();
    for package in &packages {
        let own = name(package);
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == own) else {
            let text = "stands in no layer: add it to crates/xtask/src/tidy/crates.rs";
            findings.push(Finding::error(own, text));
            continue;
        };
        for dependency in list(&package["dependencies"]) {
            let used = name(&dependency);
            let for_tests = dependency["kind"].as_str() == Some("dev");
            if for_tests || !members.contains(&used) || allowed.contains(&used.as_str()) {
                continue;
            }
            let text = format!("must not depend on `{used}`, only on {allowed:?}");
            findings.push(Finding::error(own.clone(), text));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(name: &str, dependencies: Value) -> usize {
        let names = ["protocol", "domain", "client", "widget"];
        let mut packages: Vec<Value> = names
            .into_iter()
            .filter(|other| *other != name)
            .map(|other| json!({ "name": other, "dependencies": [] }))
            .collect();
        packages.push(json!({ "name": name, "dependencies": dependencies }));
        judge(&json!({ "packages": packages })).len()
    }

    #[test]
    fn the_widget_never_uses_the_domain() {
        assert_eq!(one("widget", json!([{ "name": "domain", "kind": null }])), 1);
        assert_eq!(one("widget", json!([{ "name": "client", "kind": null }])), 0);
        assert_eq!(one("widget", json!([{ "name": "domain", "kind": "dev" }])), 0);
        assert_eq!(one("widget", json!([{ "name": "serde", "kind": null }])), 0);
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        assert_eq!(one("extra", json!([])), 1);
    }
}
