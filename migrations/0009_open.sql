-- What is open in the whole installation, however much is closed: for metrics and for a node that starts.
create index conversation_open on conversation (state, waiting_since) where state in ('waiting', 'offered', 'active');
create index outbox_failed on outbox (failed_at) where failed_at is not null;
