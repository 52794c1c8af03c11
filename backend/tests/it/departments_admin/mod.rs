//! Departments, routing, people's work, sites and identity keys in the tenant's panel and on the command line: every
//! form's happy way, what it refuses and where it says so, and that no tenant reaches into another.

/// Departments on the command line.
mod commands;
/// Departments: made, shown, changed; what is refused, and that changed hours reach visitors at once.
mod departments;
/// People: what they may take, and what becomes of what they hold.
mod people;
/// A department that is removed hands over all it has.
mod removal;
/// How conversations are routed: settings as the page shows them and as people type them.
mod settings;
/// What a site belongs to and offers, and the keys a shop signs with.
mod sites;

use protocol::ids::TenantId;
use reqwest::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::database::both;
use crate::panels::Reader;
use crate::world::World;

/// A form that is sent, by field.
struct Form(Vec<(String, String)>);

impl Form {
    /// A department that is always open, with nobody in it.
    fn department(name: &str) -> Self {
        Self::of(&[("name", name), ("listed", "on"), ("overflow", ""), ("overflow_after", "2 min")])
    }

    fn of(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    async fn goes(&self, reader: &Reader, path: &str) -> (StatusCode, String) {
        let fields: Vec<(&str, &str)> = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        reader.sends(path, &fields).await
    }

    /// Is sent and taken; gives the page that follows.
    async fn is_taken(&self, reader: &Reader, path: &str) -> String {
        let (status, page) = self.goes(reader, path).await;
        assert_eq!(status, 200, "{path}: {page}");
        page
    }

    /// Is sent and shown again with words about what is wrong.
    async fn is_refused(&self, reader: &Reader, path: &str, words: &str) {
        let (status, page) = self.goes(reader, path).await;
        assert_eq!(status, 422, "{path}: {page}");
        let text = page.replace("&#62;", ">").replace("&gt;", ">");
        assert!(text.contains(words), "{path} does not say {words}: {page}");
    }
}

async fn olga(world: &World) -> Reader {
    Reader::signs_in(world, world.acme.person("Olga")).await
}

async fn shows(reader: &Reader, path: &str, words: &[&str]) -> String {
    let (status, page) = reader.opens(path).await;
    assert_eq!(status, 200, "{path}: {page}");
    for text in words {
        assert!(page.contains(text), "{path} does not show {text}: {page}");
    }
    page
}

async fn id(world: &World, tenant: TenantId, sql: &'static str, name: &str) -> Uuid {
    let pool = world.database().await;
    let found = both!(&pool, it => sqlx::query_scalar(sql).bind(tenant.0).bind(name).fetch_one(it).await);
    pool.close().await;
    found.unwrap_or_else(|error| panic!("{name}: {error}"))
}

async fn department_of(world: &World, tenant: TenantId, name: &str) -> Uuid {
    id(world, tenant, "select id from department where tenant_id = $1 and name = $2", name).await
}

async fn department(world: &World, name: &str) -> Uuid {
    department_of(world, world.acme.id, name).await
}

async fn person(world: &World, name: &str) -> Uuid {
    id(world, world.acme.id, "select id from agent where tenant_id = $1 and name = $2", name).await
}

async fn texts(world: &World, sql: &'static str, name: &str) -> Option<String> {
    let pool = world.database().await;
    let found: Option<Option<String>> =
        both!(&pool, it => sqlx::query_scalar(sql).bind(world.acme.id.0).bind(name).fetch_optional(it).await)
            .expect("a text");
    pool.close().await;
    found.flatten()
}

/// What a department has stored in a column of JSON.
async fn stored(world: &World, column: &str, name: &str) -> Value {
    let sql = match column {
        "settings" => "select settings from department where tenant_id = $1 and name = $2",
        "hours" => "select hours from department where tenant_id = $1 and name = $2",
        _ => "select overflow from department where tenant_id = $1 and name = $2",
    };
    texts(world, sql, name).await.map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON"))
}

/// A world in which the site belongs to Sales with Ann, beside Support with everybody; and Sales' id.
async fn with_sales(world: &World, olga: &Reader) -> Uuid {
    let ann = person(world, "Ann").await;
    Form::department("Sales").with(format!("member-{ann}"), "0").is_taken(olga, "/admin/departments").await;
    let sales = department(world, "Sales").await;
    site_form(world).with("department", sales.to_string()).is_taken(olga, &site_path(world).await).await;
    sales
}

async fn site_path(world: &World) -> String {
    format!("/admin/sites/{}", world.site_id().await)
}

fn site_form(world: &World) -> Form {
    Form::of(&[
        ("name", "Shop"),
        ("origins", &world.acme.origin),
        ("color", "#2f55d4"),
        ("side", "end"),
        ("theme", "auto"),
        ("ask_name", "optional"),
        ("ask_email", "optional"),
        ("typing_preview", "on"),
    ])
}
