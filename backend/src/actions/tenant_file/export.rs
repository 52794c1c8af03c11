//! Making a tenant's file beside a running server. Rows are read as they are at one moment; content never changes and
//! is there before the row that names it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use domain::chain;
use protocol::ids::{AttachmentId, TenantId};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{FORMAT, KIND, MANIFEST, Manifest, Member, file_member, table_member};
use crate::actions::actor::Actor;
use crate::actions::content::Content;
use crate::app::App;
use crate::store::copy::tables::{TABLES, Table, named};
use crate::store::copy::{self, Of, Row, Value};
use crate::store::tenant::Tenant;
use crate::store::{Conn, attachment, audit, schema};

/// Rows read at a time.
const PAGE: i64 = 500;

/// One attachment for each content, by the hash of the content in hexadecimal.
type Contents = BTreeMap<String, AttachmentId>;

/// Writes a tenant to the new file `to`, which appears only when it is complete and on disk.
///
/// # Errors
/// When the file exists or cannot be written, or an attachment's content is missing or damaged.
pub async fn export_tenant(app: &App, actor: &Actor, tenant: &Tenant, to: &Path) -> anyhow::Result<Manifest> {
    actor.check_platform()?;
    ensure!(!to.exists(), "{} exists: choose another name with --out", to.display());
    let parts = Parts::beside(to)?;
    let (mut members, contents) = tables(app, tenant.id, &parts).await?;
    let mut spooled = Vec::new();
    for (sha256, id) in &contents {
        let path = parts.0.join(sha256);
        let bytes = spool(app, tenant.id, *id, &path).await.with_context(|| format!("the attachment {id}"))?;
        members.push(Member { name: file_member(sha256), bytes, sha256: sha256.clone(), rows: None });
        spooled.push(path);
    }
    let manifest = Manifest {
        kind: KIND.to_owned(),
        format: FORMAT,
        schema: schema::version(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: app.now(),
        tenant: tenant.id,
        slug: tenant.slug.clone(),
        name: tenant.name.clone(),
        members,
    };
    pack(&manifest, &parts, to)?;
    let detail = json!({ "conversations": rows(&manifest, "conversation"), "files": contents.len() });
    let record = actor.record_with(Some(tenant.id), "tenant.exported", (tenant.id.0, detail), app.now());
    let id = tenant.id;
    app.store.write(id, move |tx| Box::pin(async move { audit::add(tx, &record).await })).await?;
    Ok(manifest)
}

/// Rows of a table in a file.
pub(super) fn rows(manifest: &Manifest, table: &str) -> u64 {
    let name = table_member(table);
    manifest.members.iter().find(|member| member.name == name).and_then(|member| member.rows).unwrap_or(0)
}

/// A folder for what is put together, gone when the value goes.
struct Parts(PathBuf);

impl Parts {
    fn beside(to: &Path) -> anyhow::Result<Self> {
        let mut path = to.as_os_str().to_owned();
        path.push(".parts");
        let path = PathBuf::from(path);
        // Left over from an export that was cut off.
        let _ = std::fs::remove_dir_all(&path);
        let mut folder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(&path).with_context(|| format!("cannot write beside {}", to.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Writes every table of the tenant to a file of its own.
async fn tables(app: &App, tenant: TenantId, parts: &Parts) -> anyhow::Result<(Vec<Member>, Contents)> {
    let mut conn = app.store.read(tenant).await?;
    copy::begin_snapshot(&mut conn).await?;
    let read = read_tables(&mut conn, tenant, parts).await;
    copy::end_snapshot(&mut conn).await?;
    read
}

async fn read_tables(conn: &mut Conn, tenant: TenantId, parts: &Parts) -> anyhow::Result<(Vec<Member>, Contents)> {
    let (mut members, mut contents) = (Vec::new(), Contents::new());
    for table in TABLES.iter().filter(|table| table.of_tenant.is_some()) {
        let mut out = Hashing::create(&parts.0.join(table.name))?;
        let (mut rows, mut after): (u64, Option<Vec<Value>>) = (0, None);
        loop {
            let page = copy::page(conn, table, Of::Tenant(tenant), after.as_deref(), PAGE).await?;
            for row in &page {
                writeln!(out, "{}", row.to_json(table, |column| !column.stays))?;
                note_content(table, row, &mut contents);
            }
            rows += page.len() as u64;
            match page.last() {
                Some(last) => after = Some(last.key(table)),
                None => break,
            }
        }
        let (bytes, sha256) = out.finish()?;
        members.push(Member { name: table_member(table.name), bytes, sha256, rows: Some(rows) });
    }
    Ok((members, contents))
}

fn note_content(table: &Table, row: &Row, contents: &mut Contents) {
    if Some(table) == named("attachment")
        && let (Some(id), Some(sha256)) = (row.id(table, "id"), row.bytes(table, "sha256"))
    {
        contents.insert(chain::to_hex(sha256), AttachmentId(id));
    }
}

/// Copies an attachment's content to `path`; gives its length.
async fn spool(app: &App, tenant: TenantId, id: AttachmentId, path: &Path) -> anyhow::Result<u64> {
    let row = attachment::find(&mut app.store.read(tenant).await?, tenant, id).await?.context("is gone")?;
    let mut content = Content::of(app, tenant, &row);
    let mut out = Hashing::create(path)?;
    while let Some(bytes) = content.next().await.context("cannot be read")? {
        out.write_all(&bytes)?;
    }
    let (bytes, sha256) = out.finish()?;
    if sha256 != chain::to_hex(&row.sha256) {
        bail!("is damaged: its content is not what its hash says");
    }
    Ok(bytes)
}

/// Puts everything into one file.
fn pack(manifest: &Manifest, parts: &Parts, to: &Path) -> anyhow::Result<()> {
    let whole = parts.0.join("whole");
    let mut tar = tar::Builder::new(BufWriter::new(private(&whole)?));
    let text = serde_json::to_vec_pretty(manifest)?;
    append(&mut tar, MANIFEST, text.len() as u64, text.as_slice())?;
    for member in &manifest.members {
        let place = member.name.trim_start_matches("tables/").trim_start_matches("files/");
        let part = File::open(parts.0.join(place.trim_end_matches(".jsonl")))?;
        append(&mut tar, &member.name, member.bytes, part)?;
    }
    tar.into_inner()?.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    std::fs::rename(&whole, to).with_context(|| format!("cannot write {}", to.display()))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    name: &str,
    bytes: u64,
    content: impl std::io::Read,
) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_cksum();
    Ok(tar.append_data(&mut header, name, content)?)
}

fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A file whose length and hash are known when it is written.
struct Hashing {
    out: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Hashing {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let file = private(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { out: BufWriter::new(file), hash: Sha256::new(), bytes: 0 })
    }

    fn finish(mut self) -> std::io::Result<(u64, String)> {
        self.out.flush()?;
        Ok((self.bytes, chain::to_hex(&self.hash.finalize())))
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
