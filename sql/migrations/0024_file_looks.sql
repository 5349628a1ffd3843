-- By which the file is found that nobody has looked at for the longest time.
CREATE INDEX files_looked_at ON accounts.files (looked_at) WHERE state <> 3 AND NOT broken;
