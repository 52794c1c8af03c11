//! Taking a tenant's file in: all of it, in one transaction, or nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use domain::text::Slug;
use protocol::ids::{AttachmentId, ConversationId, TenantId, VisitorId};
use serde::Serialize;
use serde_json::json;

use super::people::People;
use super::staged::Staged;
use super::{BATCH, FileError, Manifest, export};
use crate::actions::actor::Actor;
use crate::actions::content::add_parts;
use crate::actions::{chain, site_rules};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::store::copy::tables::{TABLES, Table, named};
use crate::store::copy::{self, Of, Row, Value};
use crate::store::{Conn, EveryTenant, agent, attachment, audit, department, entry, site, tenant, visitor};

/// Rows read at a time when they are checked.
const PAGE: i64 = 500;

/// What was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The tenant.
    pub tenant: TenantId,
    /// Its short name.
    pub slug: String,
    /// Conversations, each with its hash chain verified.
    pub conversations: u64,
    /// Entries.
    pub entries: u64,
    /// Attachments' contents.
    pub files: u64,
    /// People who got a login: it has no password yet.
    pub invited: Vec<String>,
    /// People who had a login here, to which the membership was added.
    pub linked: Vec<String>,
}

/// Takes in the file of a tenant that is not here. `same` are addresses of people of the file who have a login here
/// and are the same people.
///
/// # Errors
/// [`FileError`], as the source of the error; or the database or disk fails. Nothing is changed then.
pub async fn import_tenant(app: &App, actor: &Actor, file: &Path, same: &[String]) -> anyhow::Result<Imported> {
    actor.check_platform()?;
    let folder = app.config.data.join(format!("importing-{}", app.id().simple()));
    let staged = Arc::new(Staged::read(file, folder)?);
    let people = check_here(app, &staged, same).await?;
    let id = staged.manifest.tenant;
    let sum = |table| export::rows(&staged.manifest, table);
    let files = staged.manifest.members.iter().filter(|member| member.rows.is_none()).count() as u64;
    let email = |row: &Row| named("account").and_then(|table| row.text(table, "email")).map(str::to_owned);
    let imported = Imported {
        tenant: id,
        slug: staged.manifest.slug.clone(),
        conversations: sum("conversation"),
        entries: sum("entry"),
        files,
        invited: people.new.iter().filter_map(email).collect(),
        linked: people.linked.clone(),
    };
    let detail = json!({ "conversations": imported.conversations, "linked": imported.linked });
    let record = actor.record_with(Some(id), "tenant.imported", (id.0, detail), app.now());
    let place = (!app.store.holds_content()).then(|| app.files.tenant(id));
    let work = Work { staged: Arc::clone(&staged), people, place: place.clone() };
    let written = app.store.write_bulk(id, move |tx| {
        Box::pin(async move {
            work.write(tx).await?;
            audit::add(tx, &record).await
        })
    });
    if let Err(error) = written.await {
        // The tenant was not here, so nothing in its folder is anybody's.
        if let Some(place) = place {
            let _ = tokio::fs::remove_dir_all(place).await;
        }
        return Err(explained(error));
    }
    Ok(imported)
}

/// What cannot be taken in beside what is here.
async fn check_here(app: &App, staged: &Staged, same: &[String]) -> anyhow::Result<People> {
    let mut conn = app.store.read(EveryTenant).await?;
    let manifest = &staged.manifest;
    if let Some(known) = tenant::find(&mut conn, manifest.tenant).await? {
        return Err(FileError::TenantExists(known.slug).into());
    }
    for row in staged.rows(table("tenant")?)? {
        let (row, table) = (row?, table("tenant")?);
        let slug = row.text(table, "slug").unwrap_or_default();
        let plain = Slug::parse(slug).is_ok_and(|parsed| parsed.as_str() == slug);
        ensure!(plain && slug == manifest.slug, FileError::Rows(format!("{slug:?} is no short name")));
        if tenant::find_by_slug(&mut conn, slug).await?.is_some() {
            return Err(FileError::SlugTaken(slug.to_owned()).into());
        }
    }
    for row in staged.rows(table("site")?)? {
        let (row, table) = (row?, table("site")?);
        let key = row.text(table, "key").unwrap_or_default();
        let plain = (8..=64).contains(&key.len()) && key.bytes().all(|c| c.is_ascii_alphanumeric());
        ensure!(plain, FileError::Rows(format!("{key:?} is no site key")));
        if site::is_key_taken(&mut conn, key).await? {
            return Err(FileError::SiteKeyTaken(key.to_owned()).into());
        }
    }
    let rows: Vec<Row> = staged.rows(table("account")?)?.collect::<Result<_, _>>()?;
    let same: BTreeSet<String> = same.iter().map(|address| address.trim().to_lowercase()).collect();
    Ok(People::find(&mut conn, table("account")?, rows, &same).await??)
}

fn table(name: &str) -> anyhow::Result<&'static Table> {
    named(name).with_context(|| format!("there is no table {name}"))
}

/// What the transaction does.
struct Work {
    staged: Arc<Staged>,
    people: People,
    /// The folder of the tenant's attachments, when the database does not hold them.
    place: Option<PathBuf>,
}

impl Work {
    async fn write(&self, tx: &mut Conn) -> AppResult<()> {
        for table in TABLES.iter().filter(|table| table.of_tenant.is_some()) {
            if table.name == "account" {
                copy::insert(tx, table, &self.people.new).await?;
                continue;
            }
            let mut batch = Vec::with_capacity(BATCH);
            for row in self.staged.rows(table)? {
                let mut row = row?;
                self.people.translate(table, &mut row);
                batch.push(row);
                if batch.len() == BATCH {
                    copy::insert(tx, table, &batch).await?;
                    batch.clear();
                }
            }
            copy::insert(tx, table, &batch).await?;
        }
        self.contents(tx).await?;
        // What the product cannot read, or does not prove, must not get in.
        check_stored(tx, &self.staged.manifest).await
    }

    async fn contents(&self, tx: &mut Conn) -> AppResult<()> {
        let table = table("attachment")?;
        for row in self.staged.rows(table)? {
            let row = row?;
            let sha256 = row.bytes(table, "sha256").unwrap_or_default().to_vec();
            let hex = domain::chain::to_hex(&sha256);
            let from = self.staged.content(&hex).context("a content is gone")?;
            let id = AttachmentId(row.id(table, "id").unwrap_or_default());
            match &self.place {
                Some(place) => keep(&from, place, &hex).await.context("cannot keep an attachment")?,
                None => {
                    let stored = add_parts(tx, self.staged.manifest.tenant, id, &from).await?;
                    if stored != sha256 {
                        return Err(anyhow!("a content changed while it was stored").into());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Copies a content into the tenant's folder, on disk when this returns. Several attachments may share it.
async fn keep(from: &Path, place: &Path, hex: &str) -> std::io::Result<()> {
    let folder = place.join(hex.get(..2).unwrap_or("00"));
    tokio::fs::create_dir_all(&folder).await?;
    let to = folder.join(hex);
    tokio::fs::copy(from, &to).await?;
    tokio::fs::File::open(&to).await?.sync_all().await
}

/// Reads back what was written as the product reads it, and verifies every hash chain.
async fn check_stored(tx: &mut Conn, manifest: &Manifest) -> AppResult<()> {
    let id = manifest.tenant;
    let rows = |error: AppError| anyhow::Error::from(FileError::Rows(error.to_string()));
    let stored = tenant::find(tx, id).await.map_err(rows)?.context("the tenant is gone")?;
    let policy: Result<domain::policy::Policy, _> = serde_json::from_str(&stored.settings);
    policy.map_err(|error| anyhow::Error::from(FileError::Rows(format!("the settings: {error}"))))?;
    agent::list(tx, id).await.map_err(rows)?;
    department::list(tx, id).await.map_err(rows)?;
    for found in site::list(tx, id).await.map_err(rows)? {
        let same = site_rules::name(&found.name)? == found.name
            && site_rules::origins(&found.origins)? == found.origins
            && site_rules::config(found.config.clone())? == found.config;
        if !same {
            return Err(anyhow::Error::from(FileError::Rows(format!("the site {:?}", found.name))).into());
        }
    }
    if entry::any_without_conversation(tx, id).await.map_err(rows)? {
        return Err(anyhow::Error::from(FileError::Rows("an entry without its conversation".to_owned())).into());
    }
    for name in ["visitor", "conversation", "attachment"] {
        let table = table(name)?;
        let mut after: Option<Vec<Value>> = None;
        loop {
            let page = copy::page(tx, table, Of::Tenant(id), after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key(table));
            for row in page.iter().filter_map(|row| row.id(table, "id")) {
                match name {
                    "visitor" => drop(visitor::find(tx, id, VisitorId(row)).await.map_err(rows)?),
                    "attachment" => drop(attachment::find(tx, id, AttachmentId(row)).await.map_err(rows)?),
                    _ => drop(chain::check(tx, id, ConversationId(row)).await.map_err(damaged)?),
                }
            }
        }
    }
    Ok(())
}

fn damaged(error: anyhow::Error) -> anyhow::Error {
    FileError::Rows(format!("{error:#}")).into()
}

/// What a database says about rows that contradict each other, or those that are here, in words.
fn explained(error: AppError) -> anyhow::Error {
    match error {
        AppError::Storage(sqlx::Error::Database(error))
            if error.is_unique_violation() || error.is_foreign_key_violation() || error.is_check_violation() =>
        {
            FileError::Rows(error.message().to_owned()).into()
        }
        AppError::Refused(refusal) => {
            FileError::Rows(format!("{} {}", refusal.field.unwrap_or_default(), refusal.message)).into()
        }
        error => error.into_cause(),
    }
}
