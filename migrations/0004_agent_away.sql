-- Why the server set an agent to away: idle | missed_offers; null when the agent chose, or is not away.
alter table agent add column away_reason text;
