-- One row each: facts about this installation. 'epoch' names the stored history; a restore replaces it.
create table meta (
    key text primary key,
    value text not null
);

create table tenant (
    id uuid primary key,
    slug text not null unique,
    name text not null,
    state text not null,            -- active | suspended
    settings text not null,         -- JSON: domain::routing::Policy and what else the tenant may set
    created_at bigint not null,
    suspended_at bigint
);

-- A person's login. No default account exists: the first is made through a one-time set-up link or the command line.
create table account (
    id uuid primary key,
    email text not null unique,     -- lower case
    name text not null,
    password_hash text,             -- Argon2id PHC string; null until the set-up link was used
    is_operator boolean not null,
    created_at bigint not null,
    disabled_at bigint
);

-- A signed-in browser. The cookie holds the token; only its SHA-256 is stored (rule J1).
create table account_session (
    token_hash bytea primary key,
    account_id uuid not null references account (id),
    created_at bigint not null,
    seen_at bigint not null,
    expires_at bigint not null,     -- absolute limit
    user_agent text,
    ip text
);
create index account_session_account on account_session (account_id);

-- One-time links: set-up of the installation, invitation, password reset. Only the hash is stored (rule A3).
create table login_link (
    token_hash bytea primary key,
    purpose text not null,          -- setup | invite | reset
    account_id uuid references account (id),
    tenant_id uuid references tenant (id),
    email text,
    role text,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint
);

-- A person's membership in a tenant.
create table agent (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    account_id uuid not null references account (id),
    name text not null,
    role text not null,             -- owner | admin | supervisor | agent
    capacity bigint not null,       -- conversations at once, 1-50
    chosen_presence text not null,  -- online | away | offline: what the agent chose; being connected is known elsewhere
    presence_at bigint not null,
    missed_offers bigint not null,  -- in a row; an accept resets it
    last_assigned_at bigint,
    created_at bigint not null,
    disabled_at bigint,
    primary key (tenant_id, id),
    unique (tenant_id, account_id)
);
create index agent_account on agent (account_id);

create table department (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    name text not null,
    created_at bigint not null,
    primary key (tenant_id, id)
);

-- An embed: public key, allowed origins, appearance.
create table site (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    department_id uuid not null,
    key text not null unique,
    name text not null,
    origins text not null,          -- JSON array of exact origins
    config text not null,           -- JSON: protocol::site::SiteConfig
    created_at bigint not null,
    disabled_at bigint,
    primary key (tenant_id, id),
    foreign key (tenant_id, department_id) references department (tenant_id, id)
);

create table visitor (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    site_id uuid not null,
    name text,
    email text,
    browser text,
    language text,
    page_url text,
    page_title text,
    referrer text,
    token_version bigint not null,  -- tokens of an older version are refused (rule J5)
    first_seen_at bigint not null,
    last_seen_at bigint not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, site_id) references site (tenant_id, id)
);

-- The projection of a conversation's log, written in the same transaction as the entry that changes it.
create table conversation (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    site_id uuid not null,
    department_id uuid not null,
    visitor_id uuid not null,
    start_cmid uuid not null,       -- the same start again finds this conversation
    state text not null,            -- waiting | offered | active | closed | offline
    agent_id uuid,                  -- who holds it; who answers it while offline; who held it when it closed
    last_agent uuid,                -- whom routing prefers; null after that agent gave it back
    offered_to uuid,
    offer_deadline_at bigint,
    reply_deadline_at bigint,       -- the holder's first reply is due
    waiting_since bigint,           -- for the longest wait, starts again when it goes back to the queue
    queued_at bigint,               -- its place in the order: kept while active, so a lost one goes to the head
    priority bigint not null,
    last_seq bigint not null,
    last_hash bytea not null,
    last_at bigint not null,        -- time of the newest entry; entries never go back in time
    created_at bigint not null,
    updated_at bigint not null,
    assigned_at bigint,
    first_reply_at bigint,
    message_at bigint,              -- newest message of either side
    visitor_left_at bigint,         -- since when no connection of the visitor is open
    closed_at bigint,
    closed_by text,
    offline_name text,
    offline_email text,
    visitor_messages bigint not null,
    last_author text,
    preview text,
    visitor_read_seq bigint not null,
    agent_read_seq bigint not null,
    rating bigint,
    primary key (tenant_id, id),
    unique (tenant_id, visitor_id, start_cmid),
    foreign key (tenant_id, site_id) references site (tenant_id, id),
    foreign key (tenant_id, department_id) references department (tenant_id, id),
    foreign key (tenant_id, visitor_id) references visitor (tenant_id, id),
    foreign key (tenant_id, agent_id) references agent (tenant_id, id),
    foreign key (tenant_id, last_agent) references agent (tenant_id, id),
    foreign key (tenant_id, offered_to) references agent (tenant_id, id)
);
create index conversation_state on conversation (tenant_id, state, updated_at);
create index conversation_visitor on conversation (tenant_id, visitor_id, created_at);
create index conversation_agent on conversation (tenant_id, agent_id, state);

-- The log. Rows are only added; redaction empties body and salt and keeps the commitment.
create table entry (
    tenant_id uuid not null,
    conversation_id uuid not null,
    seq bigint not null,
    kind text not null,
    audience text not null,         -- everyone | agents
    author_kind text not null,      -- visitor | agent | system
    author_id uuid,
    author_name text,
    cmid uuid,
    at bigint not null,
    body text,                      -- JSON: protocol::entry::EntryBody, the exact text that was hashed
    salt bytea,
    commitment bytea not null,
    hash bytea not null,
    primary key (tenant_id, conversation_id, seq),
    foreign key (tenant_id, conversation_id) references conversation (tenant_id, id)
);
-- Permanent dedupe (C2).
create unique index entry_cmid on entry (tenant_id, conversation_id, author_id, cmid) where cmid is not null;

create table read_mark (
    tenant_id uuid not null,
    conversation_id uuid not null,
    agent_id uuid not null,
    seq bigint not null,
    visitor_messages bigint not null, -- of the conversation when the mark was set; the difference is the unread count
    primary key (tenant_id, conversation_id, agent_id),
    foreign key (tenant_id, conversation_id) references conversation (tenant_id, id),
    foreign key (tenant_id, agent_id) references agent (tenant_id, id)
);

-- Every offer and what came of it; the dispatcher remembers rejections from here.
create table offer (
    tenant_id uuid not null,
    id uuid not null,
    conversation_id uuid not null,
    agent_id uuid not null,
    offered_at bigint not null,
    deadline_at bigint not null,
    outcome text,                   -- accepted | declined | missed | withdrawn | returned
    decided_at bigint,
    reasons text not null,          -- JSON: why this agent and why not the others
    primary key (tenant_id, id),
    foreign key (tenant_id, conversation_id) references conversation (tenant_id, id),
    foreign key (tenant_id, agent_id) references agent (tenant_id, id)
);
create index offer_conversation on offer (tenant_id, conversation_id, offered_at);

create table attachment (
    tenant_id uuid not null,
    id uuid not null,
    conversation_id uuid not null,
    uploader_kind text not null,
    uploader_id uuid not null,
    name text not null,
    media_type text not null,
    size bigint not null,
    sha256 bytea not null,
    width bigint,
    height bigint,
    created_at bigint not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, conversation_id) references conversation (tenant_id, id)
);

-- E-mail to be sent, written in the transaction that causes it (C18).
create table outbox (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    kind text not null,             -- mail
    payload text not null,          -- JSON
    attempts bigint not null,
    next_at bigint not null,
    created_at bigint not null,
    sent_at bigint,
    failed_at bigint,               -- given up: shown to the tenant
    last_error text,
    primary key (tenant_id, id)
);
create index outbox_due on outbox (next_at) where sent_at is null and failed_at is null;

-- Who did what. Rows are only added. tenant_id is null for the platform's own records.
create table audit (
    id uuid primary key,
    tenant_id uuid references tenant (id),
    at bigint not null,
    account_id uuid,
    actor text not null,
    action text not null,
    target text,
    detail text,                    -- JSON
    ip text
);
create index audit_tenant on audit (tenant_id, at);
