-- When an embed was changed last: every node tells its sessions, also when the note on the bus was lost.
alter table site add column changed_at bigint;

-- When every browser of a login was signed out from outside, such as the command line: nodes close its connections.
alter table account add column signed_out_at bigint;
