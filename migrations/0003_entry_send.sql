-- Permanent dedupe (C2), found by the send alone: a visitor's send may have gone into another conversation than the
-- one it named. The send comes first because clients make its id from the time: new ones stand side by side.
create unique index entry_send on entry (tenant_id, cmid, author_id, conversation_id) where cmid is not null;
drop index entry_cmid;
