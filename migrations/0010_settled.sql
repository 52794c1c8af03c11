-- When a conversation that is closed or offline changed last; null while it goes on. The lists and the comparison of
-- positions need an order in time only for these. An index over `updated_at` is written anew with every message, and
-- keeps PostgreSQL from changing a row in its place.
alter table conversation add column settled_at bigint;
update conversation set settled_at = updated_at where state in ('closed', 'offline');
drop index conversation_state;
create index conversation_state on conversation (tenant_id, state, settled_at);
