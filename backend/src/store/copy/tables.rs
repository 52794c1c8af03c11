//! Every table and column, in an order in which rows only point to what came before. What moves an installation or a
//! tenant goes by this list alone; a test compares it with the database's catalogue, so that nothing is forgotten.

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its primary key, in order.
    pub key: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [Column],
    /// Which rows go into the file of the tenant `$1`: a condition, or `None` for what stays with the installation.
    pub of_tenant: Option<&'static str>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may hold nothing.
    pub null: bool,
    /// Whether it is left out of a tenant's file: it is a secret, or says something about the installation.
    pub stays: bool,
}

/// What a column holds; the types that migrations may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `uuid`
    Id,
    /// `text`
    Text,
    /// `bigint`
    Number,
    /// `bytea`
    Bytes,
    /// `boolean`
    Flag,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, null: false, stays: false }
}

const fn id(name: &'static str) -> Column {
    column(name, Kind::Id)
}

const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}

const fn number(name: &'static str) -> Column {
    column(name, Kind::Number)
}

const fn bytes(name: &'static str) -> Column {
    column(name, Kind::Bytes)
}

const fn flag(name: &'static str) -> Column {
    column(name, Kind::Flag)
}

impl Column {
    const fn or_null(self) -> Self {
        Self { null: true, ..self }
    }

    const fn stays(self) -> Self {
        Self { stays: true, ..self }
    }
}

const OWN: Option<&str> = Some("tenant_id = $1");
const TENANT: &[&str] = &["tenant_id", "id"];

const SEARCH: &str = "the index of words, which the server fills from the entries by itself";

/// Tables that are not copied row by row, and why.
pub const APART: &[(&str, &str)] = &[
    ("_sqlx_migrations", "the schema of the target is made by its own migrations"),
    ("attachment_part", "content of attachments, which lies in a folder on SQLite: copied file by file"),
    ("moving", "how far a move has come"),
    ("search_tenant", SEARCH),
    ("search_doc", SEARCH),
    ("search_block", SEARCH),
    ("search_posting", SEARCH),
];

/// The tables.
pub const TABLES: &[Table] = &[
    Table { name: "meta", key: &["key"], columns: &[text("key"), text("value")], of_tenant: None },
    Table {
        name: "tenant",
        key: &["id"],
        columns: &[
            id("id"),
            text("slug"),
            text("name"),
            text("state"),
            text("settings"),
            number("created_at"),
            number("suspended_at").or_null(),
        ],
        of_tenant: Some("id = $1"),
    },
    Table {
        name: "account",
        key: &["id"],
        columns: &[
            id("id"),
            text("email"),
            text("name"),
            text("password_hash").or_null().stays(),
            flag("is_operator").stays(),
            number("created_at"),
            number("disabled_at").or_null().stays(),
            number("signed_out_at").or_null().stays(),
        ],
        of_tenant: Some("id in (select account_id from agent where tenant_id = $1)"),
    },
    Table {
        name: "account_session",
        key: &["token_hash"],
        columns: &[
            bytes("token_hash"),
            id("account_id"),
            number("created_at"),
            number("seen_at"),
            number("expires_at"),
            text("user_agent").or_null(),
            text("ip").or_null(),
        ],
        of_tenant: None,
    },
    Table {
        name: "login_link",
        key: &["token_hash"],
        columns: &[
            bytes("token_hash"),
            text("purpose"),
            id("account_id").or_null(),
            id("tenant_id").or_null(),
            text("email").or_null(),
            text("role").or_null(),
            number("created_at"),
            number("expires_at"),
            number("used_at").or_null(),
        ],
        of_tenant: None,
    },
    Table {
        name: "second_factor",
        key: &["account_id"],
        columns: &[
            id("account_id"),
            text("secret"),
            number("created_at"),
            number("confirmed_at").or_null(),
            number("last_step"),
        ],
        of_tenant: None,
    },
    Table {
        name: "recovery_code",
        key: &["account_id", "code_hash"],
        columns: &[id("account_id"), bytes("code_hash"), number("used_at").or_null()],
        of_tenant: None,
    },
    Table {
        name: "pending_sign_in",
        key: &["token_hash"],
        columns: &[bytes("token_hash"), id("account_id"), number("expires_at"), number("tries")],
        of_tenant: None,
    },
    Table {
        name: "agent",
        key: TENANT,
        columns: &[
            id("tenant_id"),
            id("id"),
            id("account_id"),
            text("name"),
            text("role"),
            number("capacity"),
            text("chosen_presence"),
            number("presence_at"),
            number("missed_offers"),
            number("last_assigned_at").or_null(),
            number("created_at"),
            number("disabled_at").or_null(),
            text("away_reason").or_null(),
            number("own_capacity").or_null(),
            text("languages"),
            text("skills"),
            text("pause").or_null(),
        ],
        of_tenant: OWN,
    },
    Table {
        name: "department",
        key: TENANT,
        columns: &[
            id("tenant_id"),
            id("id"),
            text("name"),
            number("created_at"),
            text("settings"),
            text("hours").or_null(),
            text("overflow").or_null(),
            flag("listed"),
            number("removed_at").or_null(),
            id("successor_id").or_null(),
        ],
        of_tenant: OWN,
    },
    Table {
        name: "department_agent",
        key: &["tenant_id", "department_id", "agent_id"],
        columns: &[id("tenant_id"), id("department_id"), id("agent_id"), number("priority")],
        of_tenant: OWN,
    },
    Table {
        name: "presence_change",
        key: TENANT,
        columns: &[id("tenant_id"), id("id"), id("agent_id"), number("at"), text("presence")],
        of_tenant: OWN,
    },
    Table {
        name: "identity_key",
        key: TENANT,
        columns: &[
            id("tenant_id"),
            id("id"),
            text("name"),
            text("secret"),
            number("created_at"),
            number("revoked_at").or_null(),
        ],
        // Sealed with this installation's key: elsewhere it does not open.
        of_tenant: None,
    },
    Table {
        name: "site",
        key: TENANT,
        columns: &[
            id("tenant_id"),
            id("id"),
            id("department_id"),
            text("key"),
            text("name"),
            text("origins"),
            text("config"),
            number("created_at"),
            number("disabled_at").or_null(),
            number("changed_at").or_null(),
        ],
        of_tenant: OWN,
    },
    Table {
        name: "visitor",
        key: TENANT,
        columns: &[
            id("tenant_id"),
            id("id"),
            id("site_id"),
            text("name").or_null(),
            text("email").or_null(),
            text("browser").or_null(),
            text("language").or_null(),
            text("page_url").or_null(),
            text("page_title").or_null(),
            text("referrer").or_null(),
            number("token_version"),
            number("first_seen_at"),
            number("last_seen_at"),
            text("external_id").or_null(),
            flag("vip"),
            text("skills"),
        ],
        of_tenant: OWN,
    },
    Table { name: "conversation", key: TENANT, columns: CONVERSATION, of_tenant: OWN },
    Table {
        name: "entry",
        key: &["tenant_id", "conversation_id", "seq"],
        columns: &[
            id("tenant_id"),
            id("conversation_id"),
            number("seq"),
            text("kind"),
            text("audience"),
            text("author_kind"),
            id("author_id").or_null(),
            text("author_name").or_null(),
            id("cmid").or_null(),
            number("at"),
            text("body").or_null(),
            bytes("salt").or_null(),
            bytes("commitment"),
            bytes("hash"),
        ],
        of_tenant: OWN,
    },
    Table {
        name: "read_mark",
        key: &["tenant_id", "conversation_id", "agent_id"],
        columns: &[id("tenant_id"), id("conversation_id"), id("agent_id"), number("seq"), number("visitor_messages")],
        of_tenant: OWN,
    },
    Table {
        name: "offer",
        key: TENANT,
        columns: &[
            id("tenant_id"),
            id("id"),
            id("conversation_id"),
            id("agent_id"),
            number("offered_at"),
            number("deadline_at"),
            text("outcome").or_null(),
            number("decided_at").or_null(),
            text("reasons"),
            text("decline_reason").or_null(),
        ],
        of_tenant: OWN,
    },
    Table {
        name: "routing_decision",
        key: TENANT,
        columns: &[id("tenant_id"), id("id"), id("conversation_id"), number("at"), text("kind"), text("reasons")],
        of_tenant: OWN,
    },
    Table {
        name: "attachment",
        key: TENANT,
        columns: &[
            id("tenant_id"),
            id("id"),
            id("conversation_id"),
            text("uploader_kind"),
            id("uploader_id"),
            text("name"),
            text("media_type"),
            number("size"),
            bytes("sha256"),
            number("width").or_null(),
            number("height").or_null(),
            number("created_at"),
        ],
        of_tenant: OWN,
    },
    Table {
        name: "outbox",
        key: TENANT,
        columns: &[
            id("tenant_id"),
            id("id"),
            text("kind"),
            text("payload"),
            number("attempts"),
            number("next_at"),
            number("created_at"),
            number("sent_at").or_null(),
            number("failed_at").or_null(),
            text("last_error").or_null(),
        ],
        // What still waits is sent by the installation it waits in, and only there. A link in a mail is a secret.
        of_tenant: None,
    },
    Table {
        name: "audit",
        key: &["id"],
        columns: &[
            id("id"),
            id("tenant_id").or_null(),
            number("at"),
            id("account_id").or_null(),
            text("actor"),
            text("action"),
            text("target").or_null(),
            text("detail").or_null(),
            text("ip").or_null(),
        ],
        of_tenant: OWN,
    },
];

const CONVERSATION: &[Column] = &[
    id("tenant_id"),
    id("id"),
    id("site_id"),
    id("department_id"),
    id("visitor_id"),
    id("start_cmid"),
    text("state"),
    id("agent_id").or_null(),
    id("last_agent").or_null(),
    id("offered_to").or_null(),
    number("offer_deadline_at").or_null(),
    number("reply_deadline_at").or_null(),
    number("waiting_since").or_null(),
    number("queued_at").or_null(),
    number("priority"),
    number("last_seq"),
    bytes("last_hash"),
    number("last_at"),
    number("created_at"),
    number("updated_at"),
    number("settled_at").or_null(),
    number("assigned_at").or_null(),
    number("first_reply_at").or_null(),
    number("message_at").or_null(),
    number("visitor_left_at").or_null(),
    number("closed_at").or_null(),
    text("closed_by").or_null(),
    text("offline_name").or_null(),
    text("offline_email").or_null(),
    number("visitor_messages"),
    text("last_author").or_null(),
    text("preview").or_null(),
    number("visitor_read_seq"),
    number("agent_read_seq"),
    number("rating").or_null(),
    text("offered_also").or_null(),
    flag("at_head"),
    number("kept_at").or_null(),
    text("kept_email").or_null(),
    number("call_deadline_at").or_null(),
    text("language").or_null(),
    text("skills").or_null(),
];

/// The table with a name.
pub fn named(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}
