//! The people of the demo and their generated passwords.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use protocol::state::Role;
use serde::{Deserialize, Serialize};

use crate::actions::actor::Actor;
use crate::actions::create_account::{NewAccount, create_account};
use crate::app::App;
use crate::auth::secret::Secret;
use crate::store::EveryTenant;
use crate::store::account;
use crate::store::tenant::Tenant;

/// A login of the demo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Person {
    /// What the person is, in words.
    pub(super) role: String,
    pub(super) email: String,
    pub(super) password: String,
}

/// Who is made: words, address, display name, role in the demo tenant, operator.
const CAST: &[(&str, &str, &str, Option<Role>, bool)] = &[
    ("agent", "agent@demo.test", "Demo Agent", Some(Role::Agent), false),
    ("second agent", "agent2@demo.test", "Second Agent", Some(Role::Agent), false),
    ("owner of the shop", "owner@demo.test", "Shop Owner", Some(Role::Owner), false),
    ("platform operator", "operator@demo.test", "Platform Operator", None, true),
];

/// The demo's people, made on the first start. Passwords are kept in `demo-logins.json` in the data folder,
/// readable only for its owner. Somebody whose password was changed since keeps the new one.
pub(super) async fn ensure(app: &App, tenant: &Tenant) -> anyhow::Result<Vec<Person>> {
    let file = app.config.data.join("demo-logins.json");
    let known = read(&file)?;
    let people: Vec<Person> = CAST
        .iter()
        .map(|(role, email, ..)| {
            let kept = known.iter().find(|person| person.email == *email).cloned();
            kept.unwrap_or_else(|| Person {
                role: (*role).to_owned(),
                email: (*email).to_owned(),
                password: Secret::new().token.chars().take(16).collect(),
            })
        })
        .collect();
    // Kept before the logins are made: a crash between the two must not lock anybody out.
    write(&file, &people)?;
    for ((_, email, name, role, is_operator), person) in CAST.iter().zip(&people) {
        let exists = account::find_by_email(&mut app.store.read(EveryTenant).await?, email).await?.is_some();
        if exists {
            continue;
        }
        let new = NewAccount {
            email: (*email).to_owned(),
            name: (*name).to_owned(),
            password: person.password.clone(),
            operator: *is_operator,
            membership: role.map(|role| (tenant.id, role)),
        };
        create_account(app, &Actor::command_line(), new).await?;
    }
    Ok(people)
}

fn read(file: &Path) -> anyhow::Result<Vec<Person>> {
    match std::fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("{} is damaged", file.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

fn write(file: &Path, people: &[Person]) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(people)?;
    crate::files::write_private(file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))
}
