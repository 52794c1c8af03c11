-- Full-text search (decision 18). All four tables are derived: the server fills them again from the logs when they are
-- emptied, and nothing in them is copied to another installation.

-- How far a tenant is numbered. Conversations that began before search existed get numbers downwards, later ones upwards.
create table search_tenant (
    tenant_id uuid primary key references tenant (id),
    since bigint not null,
    first_doc bigint not null,
    next_doc bigint not null,
    forgotten bigint not null,      -- how often something was taken out: what was read before that is not stored after it
    back_to bigint                  -- older conversations are still being read in, newest first; null when all are
);

-- A conversation's number, and how much of its log is in the index.
create table search_doc (
    tenant_id uuid not null,
    conversation_id uuid not null,
    doc bigint not null,
    seq bigint not null,
    primary key (tenant_id, conversation_id),
    unique (tenant_id, doc),
    foreign key (tenant_id, conversation_id) references conversation (tenant_id, id)
);

-- Consecutive numbers, and when the conversations among them began.
create table search_block (
    tenant_id uuid not null references tenant (id),
    block bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    primary key (tenant_id, block)
);

-- Which conversations of a block have a term: domain::search::Docs. The block stands before the term, so that what is
-- written together stands together.
create table search_posting (
    tenant_id uuid not null,
    block bigint not null,
    term bytea not null,
    docs bytea not null,
    primary key (tenant_id, block, term)
);
