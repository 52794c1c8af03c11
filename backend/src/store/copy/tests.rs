use std::collections::BTreeMap;

use sqlx::Row as _;

use super::tables::{APART, Column, Kind, TABLES, Table};
use super::*;
use crate::store::Store;

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Columns (name, type, whether it may hold nothing) and the key.
type Found = (Vec<(String, String, bool)>, Vec<String>);

/// Every table of a database that was just made.
async fn catalogue() -> BTreeMap<String, Found> {
    let folder = Folder(std::env::temp_dir().join(format!("frontdesk-copy-{}", uuid::Uuid::new_v4())));
    std::fs::create_dir(&folder.0).unwrap();
    let path = folder.0.join("frontdesk.db");
    Store::open_sqlite(&path).await.unwrap().close().await;
    let Conn::Sqlite(mut conn) = open_source(&path).await.unwrap() else { panic!("a file") };
    const SQL: &str = "select t.name as table_name, c.name as column_name, lower(c.type) as type, \
         c.\"notnull\" = 0 and c.pk = 0 as nullable, c.pk from pragma_table_list t, pragma_table_info(t.name) c \
         where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite_%' order by t.name, c.pk, c.cid";
    let mut tables: BTreeMap<String, Found> = BTreeMap::new();
    for row in sqlx::query(SQL).fetch_all(&mut *conn).await.unwrap() {
        let (columns, key) = tables.entry(row.get("table_name")).or_default();
        let name: String = row.get("column_name");
        if row.get::<i64, _>("pk") > 0 {
            key.push(name.clone());
        }
        columns.push((name, row.get("type"), row.get("nullable")));
    }
    tables
}

fn type_of(column: &Column) -> &'static str {
    match column.kind {
        Kind::Id => "uuid",
        Kind::Text => "text",
        Kind::Number => "bigint",
        Kind::Bytes => "bytea",
        Kind::Flag => "boolean",
    }
}

#[tokio::test]
async fn every_table_and_column_of_the_database_is_copied() {
    let mut found = catalogue().await;
    for (name, _) in APART {
        found.remove(*name);
    }
    for table in TABLES {
        let (mut columns, key) = found.remove(table.name).unwrap_or_else(|| panic!("there is no table {}", table.name));
        let mut listed: Vec<_> = table
            .columns
            .iter()
            .map(|column| (column.name.to_owned(), type_of(column).to_owned(), column.null))
            .collect();
        columns.sort();
        listed.sort();
        assert_eq!(listed, columns, "{}: store/copy/tables.rs and the database differ", table.name);
        assert_eq!(table.key, key, "the key of {}", table.name);
    }
    assert!(found.is_empty(), "add to store/copy/tables.rs, or to APART there: {:?}", found.keys());
}

#[test]
fn what_belongs_to_a_tenant_goes_with_it_or_stays_for_a_reason() {
    let of_tenants = |table: &&Table| table.columns.iter().any(|column| column.name == "tenant_id");
    let stay: Vec<&str> =
        TABLES.iter().filter(of_tenants).filter(|table| table.of_tenant.is_none()).map(|table| table.name).collect();
    // One-time links; what opens with this installation's key only; what waits in the outbox is sent by the installation
    // it waits in.
    assert_eq!(stay, ["login_link", "identity_key", "outbox"]);
    for table in TABLES {
        let secret = |column: &&Column| ["password_hash", "secret", "code_hash", "token_hash"].contains(&column.name);
        let shown = table.columns.iter().filter(secret).any(|column| !column.stays);
        assert!(!shown || table.of_tenant.is_none(), "{} would show a secret", table.name);
    }
}

#[test]
fn rows_go_through_json_unchanged() {
    let table = tables::named("recovery_code").unwrap();
    let row =
        Row(vec![Value::Id(Some(uuid::Uuid::from_u128(7))), Value::Bytes(Some(vec![0, 171])), Value::Number(None)]);
    let json = row.to_json(table, |_| true);
    assert_eq!(json["code_hash"], "00ab");
    assert_eq!(Row::from_json(table, json.as_object().unwrap()), Ok(row));
    for (column, wrong) in [("account_id", "7".into()), ("code_hash", "0x".into()), ("used_at", 1.5.into())] {
        let mut damaged = json.as_object().unwrap().clone();
        damaged.insert(column.to_owned(), wrong);
        assert!(Row::from_json(table, &damaged).unwrap_err().contains(column));
    }
    let mut more = json.as_object().unwrap().clone();
    more.insert("other".to_owned(), 1.into());
    assert!(Row::from_json(table, &more).unwrap_err().contains("other"));
}
