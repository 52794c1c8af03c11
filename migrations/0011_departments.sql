-- Departments with own settings, hours and overflow; members; what agents can; offers to several; kept places; who a
-- visitor is in the merchant's own system; why routing decided what it did.
alter table department add column settings text not null default '{}'; -- JSON: domain::policy::Overrides
alter table department add column hours text;                -- JSON: domain::hours::Hours; null: always open
alter table department add column overflow text;             -- JSON: domain::department::Overflow; null: none
alter table department add column listed boolean not null default true; -- visitors may choose it
alter table department add column removed_at bigint;
alter table department add column successor_id uuid;         -- of a removed one: who took over

create table department_agent (
    tenant_id uuid not null,
    department_id uuid not null,
    agent_id uuid not null,
    priority bigint not null,       -- 0 is asked first
    primary key (tenant_id, department_id, agent_id),
    foreign key (tenant_id, department_id) references department (tenant_id, id),
    foreign key (tenant_id, agent_id) references agent (tenant_id, id)
);
create index department_agent_agent on department_agent (tenant_id, agent_id);
insert into department_agent (tenant_id, department_id, agent_id, priority)
    select a.tenant_id, d.id, a.id, 0 from agent a join department d on d.tenant_id = a.tenant_id;

alter table agent add column own_capacity bigint;            -- null: the tenant's; 'capacity' is what holds
update agent set own_capacity = capacity where capacity <> 6;
alter table agent add column languages text not null default '[]'; -- JSON: BCP 47
alter table agent add column skills text not null default '[]';    -- JSON: words
alter table agent add column pause text;                     -- why the agent chose away: protocol::state::Pause

alter table visitor add column external_id text;             -- the merchant's own id, signed by the merchant
alter table visitor add column vip boolean not null default false;
alter table visitor add column skills text not null default '[]';  -- JSON: what an agent must be able to

alter table conversation add column offered_also text;       -- JSON: whom else it is offered to
alter table conversation add column at_head boolean not null default false; -- lost by an agent or given away: goes first
alter table conversation add column kept_at bigint;          -- the visitor keeps the place while away
alter table conversation add column kept_email text;
alter table conversation add column call_deadline_at bigint; -- the visitor was written to; the place is held
alter table conversation add column language text;           -- BCP 47
alter table conversation add column skills text;             -- JSON: what an agent must be able to

alter table offer add column decline_reason text;            -- protocol::command::DeclineReason

-- What routing decided besides offers, and why: a visitor was called, or has to wait.
create table routing_decision (
    tenant_id uuid not null,
    id uuid not null,
    conversation_id uuid not null,
    at bigint not null,
    kind text not null,             -- waits | called
    reasons text not null,          -- JSON: domain::routing::Reason
    primary key (tenant_id, id),
    foreign key (tenant_id, conversation_id) references conversation (tenant_id, id)
);
create index routing_decision_conversation on routing_decision (tenant_id, conversation_id, at);

-- When agents began and stopped to take conversations: who was there, for replays and staffing.
create table presence_change (
    tenant_id uuid not null,
    id uuid not null,
    agent_id uuid not null,
    at bigint not null,
    presence text not null,         -- online | away | offline
    primary key (tenant_id, id),
    foreign key (tenant_id, agent_id) references agent (tenant_id, id)
);
create index presence_change_at on presence_change (tenant_id, at);

-- Keys by which a merchant's server signs who a visitor is.
create table identity_key (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    name text not null,
    secret text not null,           -- sealed with the installation's key
    created_at bigint not null,
    revoked_at bigint,
    primary key (tenant_id, id)
);
