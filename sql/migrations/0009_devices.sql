-- Devices of accounts: the signed chain that lists them, and what the server keeps for each. Rows
-- are locked by that of their account in accounts.accounts, as those of a room are by theirs.
CREATE TABLE accounts.chains (
    chain    bytea   PRIMARY KEY CHECK (octet_length(chain) = 32),
    account  bytea   REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    state    text    NOT NULL CHECK (state IN ('open', 'ended', 'closed')),
    sequence integer NOT NULL CHECK (sequence >= 0),
    head     bytea   NOT NULL CHECK (octet_length(head) = 32),
    recovery bytea   NOT NULL CHECK (octet_length(recovery) = 32),
    ended_at bigint,
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK (account IS NOT NULL OR state = 'closed')
);
CREATE UNIQUE INDEX chains_one_open ON accounts.chains (account) WHERE state = 'open';
CREATE INDEX chains_account ON accounts.chains (account);
CREATE INDEX chains_ended_at ON accounts.chains (ended_at) WHERE ended_at IS NOT NULL;
COMMENT ON TABLE  accounts.chains IS 'Signed lists of devices. Each account with devices has one that is open.';
COMMENT ON COLUMN accounts.chains.chain IS 'SHA-256 of its first statement.';
COMMENT ON COLUMN accounts.chains.account IS 'Whose it is; null once it is closed.';
COMMENT ON COLUMN accounts.chains.state IS 'open: in force. ended: another took its place, and for 30 days a recovery may undo that. closed: the account is deleted, or a recovery has undone it.';
COMMENT ON COLUMN accounts.chains.sequence IS 'Of its last statement.';
COMMENT ON COLUMN accounts.chains.head IS 'SHA-256 of its last statement.';
COMMENT ON COLUMN accounts.chains.recovery IS 'The public recovery key in force.';
COMMENT ON COLUMN accounts.chains.ended_at IS 'When it ceased to be open; 30 days later it is destroyed.';

CREATE TABLE accounts.chain_statements (
    chain    bytea   NOT NULL REFERENCES accounts.chains (chain) ON DELETE CASCADE,
    sequence integer NOT NULL CHECK (sequence >= 0),
    signed   bytea   NOT NULL CHECK (octet_length(signed) BETWEEN 64 AND 512),
    PRIMARY KEY (chain, sequence)
);
ALTER TABLE accounts.chain_statements ALTER COLUMN signed SET STATISTICS 0;
COMMENT ON TABLE  accounts.chain_statements IS 'What devices have signed about devices. The server can order it, and can''t write it.';
COMMENT ON COLUMN accounts.chain_statements.chain IS 'The chain.';
COMMENT ON COLUMN accounts.chain_statements.sequence IS 'Its place, from 0.';
COMMENT ON COLUMN accounts.chain_statements.signed IS 'The statement with its signature, and with the new device''s consent where it has one.';

CREATE TABLE accounts.devices (
    account  bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    device   bytea   NOT NULL CHECK (octet_length(device) = 16),
    key      bytea   NOT NULL CHECK (octet_length(key) = 32),
    since    integer NOT NULL CHECK (since >= 0),
    name     bytea   CHECK (octet_length(name) = 16),
    seen_day integer NOT NULL,
    PRIMARY KEY (account, device)
);
COMMENT ON TABLE  accounts.devices IS 'Devices that are active by their account''s open chain. One that is removed has no row.';
COMMENT ON COLUMN accounts.devices.account IS 'The account.';
COMMENT ON COLUMN accounts.devices.device IS 'Names the device: a hash of its key.';
COMMENT ON COLUMN accounts.devices.key IS 'Its public key, by which it proves what it asks for.';
COMMENT ON COLUMN accounts.devices.since IS 'The place of the statement that brought it.';
COMMENT ON COLUMN accounts.devices.name IS 'What its owner calls it, encrypted by the owner''s devices, sealed like any payload.';
COMMENT ON COLUMN accounts.devices.seen_day IS 'The last day on which it asked for anything, in days since 1970.';

CREATE TABLE accounts.sealing_keys (
    account bytea   NOT NULL,
    device  bytea   NOT NULL,
    number  bigint  NOT NULL CHECK (number BETWEEN 0 AND 4294967295),
    day     integer NOT NULL,
    payload bytea   NOT NULL CHECK (octet_length(payload) = 16),
    PRIMARY KEY (account, device),
    FOREIGN KEY (account, device) REFERENCES accounts.devices ON DELETE CASCADE
);
COMMENT ON TABLE  accounts.sealing_keys IS 'The newest public key of each device to which others may seal.';
COMMENT ON COLUMN accounts.sealing_keys.account IS 'The account.';
COMMENT ON COLUMN accounts.sealing_keys.device IS 'The device.';
COMMENT ON COLUMN accounts.sealing_keys.number IS 'Rises with every new key of the device.';
COMMENT ON COLUMN accounts.sealing_keys.day IS 'The day that the device has signed with it.';
COMMENT ON COLUMN accounts.sealing_keys.payload IS 'The key and the device''s signature, sealed like any payload.';

CREATE TABLE accounts.shares (
    account bytea  NOT NULL,
    device  bytea  NOT NULL,
    n       bigint NOT NULL CHECK (n BETWEEN 1 AND 9007199254740991),
    payload bytea  NOT NULL CHECK (octet_length(payload) = 16),
    PRIMARY KEY (account, device, n),
    FOREIGN KEY (account, device) REFERENCES accounts.devices ON DELETE CASCADE
);
COMMENT ON TABLE  accounts.shares IS 'The server''s halves of the keys that open a device''s storage: without it a stolen disk opens nothing.';
COMMENT ON COLUMN accounts.shares.account IS 'The account.';
COMMENT ON COLUMN accounts.shares.device IS 'The device.';
COMMENT ON COLUMN accounts.shares.n IS 'Rises with every new one; two stand side by side until the device says that it uses the newer alone.';
COMMENT ON COLUMN accounts.shares.payload IS '32 random bytes, sealed like any payload.';

CREATE TABLE accounts.pins (
    account    bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    chain      bytea   NOT NULL REFERENCES accounts.chains (chain) ON DELETE CASCADE,
    device     bytea   NOT NULL CHECK (octet_length(device) = 16),
    since      integer NOT NULL CHECK (since >= 0),
    day        integer NOT NULL,
    payload    bytea   NOT NULL CHECK (octet_length(payload) = 16),
    removed_at bigint,
    PRIMARY KEY (chain, device)
);
CREATE INDEX pins_account ON accounts.pins (account);
CREATE INDEX pins_removed_at ON accounts.pins (removed_at) WHERE removed_at IS NOT NULL;
COMMENT ON TABLE  accounts.pins IS 'What a device knew of others, sealed to its owner''s recovery words: a recovered device begins from there.';
COMMENT ON COLUMN accounts.pins.account IS 'The account.';
COMMENT ON COLUMN accounts.pins.chain IS 'The chain whose recovery key they are sealed to.';
COMMENT ON COLUMN accounts.pins.device IS 'The device that wrote them.';
COMMENT ON COLUMN accounts.pins.since IS 'The place of the statement that brought that device.';
COMMENT ON COLUMN accounts.pins.day IS 'The day on which they were stored, in days since 1970.';
COMMENT ON COLUMN accounts.pins.payload IS 'The sealed pins and the device''s signature, sealed like any payload.';
COMMENT ON COLUMN accounts.pins.removed_at IS 'When the device was removed; 30 days later they are destroyed.';

CREATE TABLE accounts.links (
    locator    bytea  PRIMARY KEY CHECK (octet_length(locator) = 32),
    account    bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    sid        bytea  NOT NULL CHECK (octet_length(sid) = 16),
    request    bytea  NOT NULL CHECK (octet_length(request) = 16),
    digest     bytea  NOT NULL CHECK (octet_length(digest) = 32),
    answer     bytea  CHECK (octet_length(answer) = 16),
    device     bytea  CHECK (octet_length(device) = 16),
    expires_at bigint NOT NULL,
    CHECK ((answer IS NULL) = (device IS NULL))
);
CREATE INDEX links_account ON accounts.links (account);
CREATE INDEX links_expires_at ON accounts.links (expires_at);
COMMENT ON TABLE  accounts.links IS 'New devices that wait to be linked, for ten minutes.';
COMMENT ON COLUMN accounts.links.locator IS 'HMAC-SHA-256, under index.key, of what the words of the link lead to.';
COMMENT ON COLUMN accounts.links.account IS 'The account.';
COMMENT ON COLUMN accounts.links.sid IS 'The session of the new device.';
COMMENT ON COLUMN accounts.links.request IS 'The new device''s request, encrypted for who has the words, sealed like any payload.';
COMMENT ON COLUMN accounts.links.digest IS 'HMAC-SHA-256 of the request under index.key, to recognise a retry.';
COMMENT ON COLUMN accounts.links.answer IS 'The old device''s answer, encrypted likewise, sealed like any payload.';
COMMENT ON COLUMN accounts.links.device IS 'The device that was added by it.';
COMMENT ON COLUMN accounts.links.expires_at IS 'When it is destroyed.';

CREATE TABLE accounts.link_tries (
    account bytea   PRIMARY KEY REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    tries   integer NOT NULL,
    until   bigint  NOT NULL
);
CREATE INDEX link_tries_until ON accounts.link_tries (until);
COMMENT ON TABLE  accounts.link_tries IS 'How often words were tried that no device waits with.';
COMMENT ON COLUMN accounts.link_tries.account IS 'The account.';
COMMENT ON COLUMN accounts.link_tries.tries IS 'How often since the count began.';
COMMENT ON COLUMN accounts.link_tries.until IS 'When the count begins anew.';

CREATE TABLE accounts.pending (
    account    bytea   PRIMARY KEY REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    kind       text    NOT NULL CHECK (kind IN ('close', 'genesis')),
    device     bytea   NOT NULL CHECK (octet_length(device) = 16),
    signed     bytea   NOT NULL CHECK (octet_length(signed) BETWEEN 64 AND 512),
    sid        bytea   CHECK (octet_length(sid) = 16),
    sealing    bytea   CHECK (octet_length(sealing) = 16),
    number     bigint  CHECK (number BETWEEN 0 AND 4294967295),
    day        integer,
    at         bigint  NOT NULL,
    due        bigint  NOT NULL,
    CHECK ((kind = 'genesis') = (sid IS NOT NULL)),
    CHECK ((kind = 'genesis') = (sealing IS NOT NULL)),
    CHECK ((kind = 'genesis') = (number IS NOT NULL)),
    CHECK ((kind = 'genesis') = (day IS NOT NULL))
);
CREATE INDEX pending_due ON accounts.pending (due);
COMMENT ON TABLE  accounts.pending IS 'Statements that act after three days, unless a device of the account refuses them.';
COMMENT ON COLUMN accounts.pending.account IS 'The account.';
COMMENT ON COLUMN accounts.pending.kind IS 'close: the end of the account. genesis: a new chain in place of the one that is open.';
COMMENT ON COLUMN accounts.pending.device IS 'The device that has signed it.';
COMMENT ON COLUMN accounts.pending.signed IS 'The statement with its signature.';
COMMENT ON COLUMN accounts.pending.sid IS 'genesis: the session that is to be the new device''s.';
COMMENT ON COLUMN accounts.pending.sealing IS 'genesis: the new device''s sealing key and signature, sealed like any payload.';
COMMENT ON COLUMN accounts.pending.number IS 'genesis: the number of that key.';
COMMENT ON COLUMN accounts.pending.day IS 'genesis: the day of that key.';
COMMENT ON COLUMN accounts.pending.at IS 'When it was posted.';
COMMENT ON COLUMN accounts.pending.due IS 'When it acts.';
