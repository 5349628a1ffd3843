-- Those that were found broken are looked at as well: what was away may be back.
DROP INDEX accounts.files_looked_at;
CREATE INDEX files_looked_at ON accounts.files (looked_at) WHERE state <> 3;
COMMENT ON COLUMN accounts.files.broken IS 'Whether an object that had landed was found to be gone, when that was looked at last.';
