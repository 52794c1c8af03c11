//! The command line of `frontdesk`, which sets a world up and which tests call.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use protocol::ids::TenantId;
use serde_json::Value;
use uuid::Uuid;

use super::{Person, Tenant, World};
use crate::server::tool;

impl World {
    /// Runs `frontdesk` with arguments on this world's data; gives success and output.
    pub(crate) fn run(&self, arguments: &[&str]) -> (bool, String) {
        self.run_with(&[], arguments)
    }

    /// [`World::run`] with more environment, where an empty value takes a variable away.
    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
        let mut command = tool(&self.data());
        command.envs(self.database.environment()).envs(environment.iter().copied()).args(arguments);
        let output = command.output().expect("frontdesk runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Runs `frontdesk` with standard input; gives success, output, and what it said on standard error.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> (bool, String, String) {
        let mut command = tool(&self.data());
        command.envs(self.database.environment()).args(arguments);
        fed(command, input)
    }

    /// `frontdesk` on this world's data and database, not started yet.
    pub(crate) fn command(&self) -> Command {
        let mut command = tool(&self.data());
        command.envs(self.database.environment());
        command
    }
}

/// Runs a command with standard input; gives success, output, and what it said on standard error.
fn fed(mut command: Command, input: &str) -> (bool, String, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("frontdesk runs");
    let mut stdin = child.stdin.take().expect("its input");
    // What needs no input, or was refused at once, may have ended before it is written.
    let _ = writeln!(stdin, "{input}");
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// The command line, as an operator scripts it.
pub(super) struct Tools {
    pub(super) data: PathBuf,
    pub(super) origin: String,
    pub(super) database: Vec<(&'static str, String)>,
}

impl Tools {
    pub(super) fn tenant(&self, slug: &str, shop: &str, agents: &[&str], policy: &Value) -> Tenant {
        let made = self.json(&["tenant", "create", slug, "--name", slug], "");
        self.set(slug, policy);
        let id = text(&made, "id");
        let member = |name: &str, role| self.person(slug, name, &["--tenant", slug, "--role", role]);
        let mut people = vec![member("Olga", "owner")];
        people.extend(agents.iter().map(|name| member(name, "agent")));
        let site = self.json(&["site", "create", "--tenant", slug, "--name", "Shop", "--origin", shop], "");
        Tenant {
            id: TenantId::parse(&id).expect("a tenant id"),
            slug: slug.to_owned(),
            site: text(&site, "key"),
            snippet: text(&site, "snippet"),
            origin: shop.to_owned(),
            people,
        }
    }

    fn set(&self, slug: &str, policy: &Value) {
        let settings: Vec<String> = policy
            .as_object()
            .expect("settings by name")
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        let mut arguments = vec!["tenant", "set", slug];
        arguments.extend(settings.iter().map(String::as_str));
        self.json(&arguments, "");
    }

    pub(super) fn person(&self, host: &str, name: &str, membership: &[&str]) -> Person {
        let person = Person {
            name: name.to_owned(),
            email: format!("{}@{host}.example", name.to_lowercase()),
            password: format!("pw-{}", Uuid::new_v4()),
        };
        let new = ["account", "create", "--name", name, "--email", &person.email];
        self.json(&[&new, membership].concat(), &person.password);
        person
    }

    fn json(&self, arguments: &[&str], input: &str) -> Value {
        let mut command = tool(&self.data);
        command.envs(self.database.iter().cloned()).env("FRONTDESK_PUBLIC_URL", &self.origin);
        command.args(arguments).arg("--json");
        let (done, out, err) = fed(command, input);
        assert!(done, "{arguments:?} failed: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }
}

/// A text member of what a command printed.
fn text(value: &Value, name: &str) -> String {
    let found = value.get(name).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}
