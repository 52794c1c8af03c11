//! The second wall between tenants on PostgreSQL (rule T2): row-level security on every table that has a
//! `tenant_id`, and on `tenant` itself. A transaction says whose rows it is about; the database shows it no
//! others, even to a statement that forgot to ask for its tenant.
//!
//! It is not a numbered migration but built after every one, so that no new table can be forgotten.

use anyhow::bail;
use protocol::ids::TenantId;
use sqlx::{AssertSqlSafe, PgConnection};

use super::{Conn, Scope, on, rows};

/// Tables of this installation's schema that hold rows of tenants, the column that says whose, and whether the
/// wall stands before them.
const TABLES: &str = "select c.relname::text, a.attname::text, c.relrowsecurity and c.relforcerowsecurity \
     and exists (select 1 from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_wall') \
     from pg_class c join pg_namespace n on n.oid = c.relnamespace \
     join pg_attribute a on a.attrelid = c.oid and not a.attisdropped \
     and a.attname = case when c.relname = 'tenant' then 'id' else 'tenant_id' end \
     where n.nspname = current_schema() and c.relkind in ('r', 'p') order by c.relname";

/// The statement that begins a transaction for `scope`. Everything in it is ours: a word or the digits of an id.
pub(super) fn begin(scope: Scope, mode: &str) -> String {
    format!("begin{mode}; {}", set(scope))
}

/// The statement that turns the transaction under way to `scope`.
fn set(scope: Scope) -> String {
    match scope.tenant() {
        Some(tenant) => format!("set local frontdesk.tenant = '{tenant}'"),
        None => "set local frontdesk.tenant = '*'".to_owned(),
    }
}

/// Begins a transaction that writes what is in `scope`. On SQLite it takes the write lock at once: a transaction that
/// read before it wrote could not get it any more.
pub(super) async fn begin_write(conn: &mut Conn, scope: Scope) -> Result<(), sqlx::Error> {
    match conn {
        Conn::Sqlite(_) => execute(conn, "begin immediate").await,
        // Whatever the session's own isolation is (`postgres.rs`).
        Conn::Postgres(_) => send(conn, &begin(scope, " isolation level read committed")).await,
    }
}

/// Lets statements outside a transaction touch the tenant's rows and no others.
pub(super) async fn stand_before(conn: &mut Conn, tenant: TenantId) -> Result<(), sqlx::Error> {
    let Conn::Postgres(lease) = &mut *conn else { return Ok(()) };
    if *lease.stands_before() == Some(tenant) {
        return Ok(());
    }
    *lease.stands_before() = None;
    send(conn, &format!("set frontdesk.tenant = '{tenant}'")).await?;
    if let Conn::Postgres(lease) = conn {
        *lease.stands_before() = Some(tenant);
    }
    Ok(())
}

/// Turns the transaction under way to `scope`.
pub(super) async fn turn(conn: &mut Conn, scope: Scope) -> Result<(), sqlx::Error> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(_) => send(conn, &set(scope)).await,
    }
}

/// Turns the transaction under way to `scope` and sets a savepoint, in one exchange; what the step before wrote, if there
/// was one, stays. The scope comes first, because going back to the savepoint must not take it back.
pub(super) async fn step(conn: &mut Conn, scope: Scope, is_first: bool) -> Result<(), sqlx::Error> {
    match conn {
        Conn::Sqlite(_) if is_first => execute(conn, "savepoint job").await,
        Conn::Sqlite(_) => execute(conn, "release savepoint job; savepoint job").await,
        Conn::Postgres(_) => {
            let release = if is_first { "" } else { "release savepoint job; " };
            send(conn, &format!("{release}{}; savepoint job", set(scope))).await
        }
    }
}

/// Sends statements without values in one exchange.
async fn send(conn: &mut Conn, sql: &str) -> Result<(), sqlx::Error> {
    on!(conn, c => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(rows)).map(|_| ())
}

async fn execute(conn: &mut Conn, sql: &'static str) -> Result<(), sqlx::Error> {
    on!(conn, c => sqlx::query(sql).execute(c).await.map(rows)).map(|_| ())
}

/// Builds the wall where it is missing, and lets the role `serves` read and write, if it is not the owner.
/// Audit records can only be added (rule S2).
///
/// # Errors
/// When the role connected may not do this.
pub(super) async fn build(conn: &mut PgConnection, serves: &str) -> Result<(), sqlx::Error> {
    let tables: Vec<(String, String, bool)> = sqlx::query_as(TABLES).fetch_all(&mut *conn).await?;
    for (table, column, stands) in tables {
        if stands {
            continue;
        }
        // Names come from the catalogue of our own schema.
        let mine = format!(
            "(current_setting('frontdesk.tenant', true) = '*' \
             or {column}::text = current_setting('frontdesk.tenant', true))"
        );
        let sql = format!(
            "alter table {table} enable row level security; alter table {table} force row level security; \
             drop policy if exists tenant_wall on {table}; \
             create policy tenant_wall on {table} using {mine} with check {mine}"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *conn).await?;
    }
    let (owner, schema): (String, String) =
        sqlx::query_as("select current_user::text, quote_ident(current_schema())").fetch_one(&mut *conn).await?;
    if owner == serves {
        return Ok(());
    }
    let serves = serves.replace('"', "\"\"");
    let sql = format!(
        "grant usage on schema {schema} to \"{serves}\"; \
         grant select, insert, update, delete on all tables in schema {schema} to \"{serves}\"; \
         revoke update, delete on audit from \"{serves}\"; \
         revoke insert, update, delete on _sqlx_migrations from \"{serves}\""
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}

/// Refuses a role that the wall does not hold back, and a table without it.
///
/// # Errors
/// A sentence that says what to change.
pub(super) async fn check(conn: &mut PgConnection) -> anyhow::Result<()> {
    const ROLE: &str = "select rolname::text, rolsuper or rolbypassrls, \
         exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname = current_schema() and c.relname = 'tenant' and c.relowner = r.oid) \
         from pg_roles r where rolname = current_user";
    let (role, bypasses, owns): (String, bool, bool) = sqlx::query_as(ROLE).fetch_one(&mut *conn).await?;
    if bypasses {
        bail!(
            "the database role {role} is a superuser or may bypass row-level security, which keeps tenants apart; \
             give DATABASE_URL a role made by `create role NAME login`"
        );
    }
    if owns {
        tracing::warn!(
            %role,
            "the role that serves owns the tables; set FRONTDESK_DATABASE_OWNER_URL and let another serve"
        );
    }
    let tables: Vec<(String, String, bool)> = sqlx::query_as(TABLES).fetch_all(conn).await?;
    if let Some((table, ..)) = tables.iter().find(|(_, _, stands)| !stands) {
        bail!("the table {table} has no row-level security; run `frontdesk migrate` as the owner of the tables");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::EveryTenant;
    use super::{Scope, TenantId, begin};

    #[test]
    fn a_transaction_names_its_tenant() {
        let tenant = TenantId::parse("018f0000-0000-7000-8000-000000000001").unwrap();
        let sql = begin(Scope::from(tenant), " read only");
        assert_eq!(sql, "begin read only; set local frontdesk.tenant = '018f0000-0000-7000-8000-000000000001'");
        assert_eq!(begin(Scope::from(EveryTenant), ""), "begin; set local frontdesk.tenant = '*'");
    }
}
