-- A second factor for signing in (rule A4).
create table second_factor (
    account_id uuid primary key references account (id),
    secret text not null,           -- sealed with the installation's key: the database alone opens nothing (rule S1)
    created_at bigint not null,
    confirmed_at bigint,            -- null: offered, not asked for yet
    last_step bigint not null       -- newest time step whose code was accepted: each opens once
);

-- One-time codes for a lost device. Only the hash is stored.
create table recovery_code (
    account_id uuid not null references account (id),
    code_hash bytea not null,
    used_at bigint,
    primary key (account_id, code_hash)
);

-- A browser whose password was right and whose code is still to come. Only the hash of its cookie is stored.
create table pending_sign_in (
    token_hash bytea primary key,
    account_id uuid not null references account (id),
    expires_at bigint not null,
    tries bigint not null
);
