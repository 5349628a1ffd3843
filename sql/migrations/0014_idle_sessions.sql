-- Sessions without a device end after a day, those of devices after many: each minute only those are
-- read that are due, and not every device that was away for a day.
CREATE INDEX sessions_plain_seen_day ON accounts.sessions (seen_day) WHERE device IS NULL;
