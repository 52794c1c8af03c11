-- The content of attachments where nodes share no folder (PostgreSQL), in parts of at most 256 KiB: 0, 1, 2, ...
-- It goes with its attachment, so that nothing is left of what was erased.
create table attachment_part (
    tenant_id uuid not null,
    attachment_id uuid not null,
    part bigint not null,
    content bytea not null,
    primary key (tenant_id, attachment_id, part),
    foreign key (tenant_id, attachment_id) references attachment (tenant_id, id) on delete cascade
);

-- How far `frontdesk migrate-data` has come. While there is a row the installation is not whole, and nothing serves it.
create table moving (
    name text primary key,
    state text not null             -- JSON
);
