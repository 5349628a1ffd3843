-- Files of account holders: what is known of them. Their bytes lie in the object store.
-- Accounts are locked before conversations, these before files, files before what counts them.
CREATE TABLE accounts.files (
    file         bytea    PRIMARY KEY CHECK (octet_length(file) = 16),
    account      bytea    REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    conversation bytea    CHECK (octet_length(conversation) = 16),
    prefix       bytea    NOT NULL CHECK (octet_length(prefix) = 16),
    padded       bigint   NOT NULL CHECK (padded BETWEEN 4096 AND 17179869184),
    landed       bytea    NOT NULL,
    payload      bytea    CHECK (octet_length(payload) = 16),
    state        smallint NOT NULL CHECK (state IN (1, 2, 3)),
    ttl          integer  NOT NULL CHECK (ttl > 0),
    latest       bigint,
    created_at   bigint   NOT NULL,
    expires_at   bigint   NOT NULL,
    put_until    bigint   NOT NULL,
    looked_at    bigint   NOT NULL,
    broken       boolean  NOT NULL DEFAULT false,
    CHECK ((state = 3) = (payload IS NULL)),
    CHECK ((state = 3) = (conversation IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX files_prefix ON accounts.files (prefix);
CREATE INDEX files_account ON accounts.files (account, file);
CREATE INDEX files_conversation ON accounts.files (conversation, file);
CREATE INDEX files_uploading ON accounts.files (account) WHERE state = 1;
CREATE INDEX files_expires_at ON accounts.files (expires_at);
ALTER TABLE accounts.files
    ALTER COLUMN prefix SET STATISTICS 0,
    ALTER COLUMN landed SET STATISTICS 0,
    ALTER COLUMN payload SET STATISTICS 0;
COMMENT ON TABLE  accounts.files IS 'Files that account holders share, and those that are being deleted.';
COMMENT ON COLUMN accounts.files.file IS 'Its id, which its uploader has drawn.';
COMMENT ON COLUMN accounts.files.account IS 'Who uploads it; null once that account is deleted.';
COMMENT ON COLUMN accounts.files.conversation IS 'The conversation whose people may read it; null once it is being deleted.';
COMMENT ON COLUMN accounts.files.prefix IS 'What the keys of its objects have in common: random bytes.';
COMMENT ON COLUMN accounts.files.padded IS 'Its length with padding; how it is cut into objects follows from that.';
COMMENT ON COLUMN accounts.files.landed IS 'A bit for each segment, the least significant first: whether its object was seen in the store.';
COMMENT ON COLUMN accounts.files.payload IS 'What is told of it, encrypted by its uploader, sealed like any payload; null once it is being deleted.';
COMMENT ON COLUMN accounts.files.state IS '1: being uploaded. 2: complete. 3: being deleted; it counts until nobody can store more of it.';
COMMENT ON COLUMN accounts.files.ttl IS 'How many seconds it lives from its completion on.';
COMMENT ON COLUMN accounts.files.latest IS 'When it goes at the latest, by the timer of its conversation; null without one.';
COMMENT ON COLUMN accounts.files.created_at IS 'When it was made.';
COMMENT ON COLUMN accounts.files.expires_at IS 'When it goes; of one that is being deleted, when it counts no more.';
COMMENT ON COLUMN accounts.files.put_until IS 'Until when an address may be in use by which a segment is stored.';
COMMENT ON COLUMN accounts.files.looked_at IS 'When the store was asked last what has landed.';
COMMENT ON COLUMN accounts.files.broken IS 'Whether an object that had landed was found to be gone.';

CREATE TABLE accounts.file_quotas (
    account    bytea   PRIMARY KEY REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    bytes      bigint  NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    files      integer NOT NULL DEFAULT 0 CHECK (files >= 0),
    read_day   integer NOT NULL DEFAULT 0,
    read_bytes bigint  NOT NULL DEFAULT 0 CHECK (read_bytes >= 0)
);
COMMENT ON TABLE  accounts.file_quotas IS 'What files count for an account.';
COMMENT ON COLUMN accounts.file_quotas.account IS 'The account.';
COMMENT ON COLUMN accounts.file_quotas.bytes IS 'Bytes that are reserved for its files, with padding.';
COMMENT ON COLUMN accounts.file_quotas.files IS 'How many files it has.';
COMMENT ON COLUMN accounts.file_quotas.read_day IS 'The day of which read_bytes tells, in days since 1970.';
COMMENT ON COLUMN accounts.file_quotas.read_bytes IS 'Bytes that it was given addresses for to fetch, on that day.';

CREATE TABLE accounts.file_stock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    bytes    bigint  NOT NULL CHECK (bytes >= 0)
);
INSERT INTO accounts.file_stock (bytes) VALUES (0);
COMMENT ON TABLE  accounts.file_stock IS 'What files count for all accounts together. One row.';
COMMENT ON COLUMN accounts.file_stock.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN accounts.file_stock.bytes IS 'Bytes that are reserved for files, with padding.';

ALTER TABLE operators.audit DROP CONSTRAINT audit_act_check;
ALTER TABLE operators.audit ADD CONSTRAINT audit_act_check CHECK (act IN ('added', 'renewed', 'enrolled', 'signed_in', 'refused', 'signed_out', 'signed_out_everywhere', 'removed', 'dismissed', 'suspended', 'lifted', 'took_down'));
