-- What an account's older devices hand to one that was linked lately: chunks encrypted by them, which
-- wait until they were fetched, for a day at most.
CREATE TABLE accounts.history_chunks (
    account    bytea   NOT NULL,
    device     bytea   NOT NULL,
    number     integer NOT NULL CHECK (number BETWEEN 0 AND 1023),
    payload    bytea   NOT NULL CHECK (octet_length(payload) = 16),
    size       integer NOT NULL CHECK (size BETWEEN 1 AND 65536),
    expires_at bigint  NOT NULL,
    PRIMARY KEY (account, device, number),
    FOREIGN KEY (account, device) REFERENCES accounts.devices ON DELETE CASCADE
);
CREATE INDEX history_chunks_expires_at ON accounts.history_chunks (expires_at);
ALTER TABLE accounts.history_chunks ALTER COLUMN payload SET STATISTICS 0;
COMMENT ON TABLE  accounts.history_chunks IS 'What older devices of an account hand to a new one, encrypted by them.';
COMMENT ON COLUMN accounts.history_chunks.account IS 'The account.';
COMMENT ON COLUMN accounts.history_chunks.device IS 'The device that it is for.';
COMMENT ON COLUMN accounts.history_chunks.number IS 'Its place among those for that device.';
COMMENT ON COLUMN accounts.history_chunks.payload IS 'The chunk, sealed like any payload.';
COMMENT ON COLUMN accounts.history_chunks.size IS 'Its bytes.';
COMMENT ON COLUMN accounts.history_chunks.expires_at IS 'When it is destroyed, if nobody has fetched it.';
