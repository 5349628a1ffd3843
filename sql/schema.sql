-- The present truth: what an empty, fully migrated database looks like.
--
-- The server is blind. It stores sealed bytes, counts and clocks; no code, key,
-- plaintext, nickname, address or user agent has a column here. Rooms are named
-- by a keyed hash of a credential which only the clients can derive from the code.
--
-- Conventions
--   * Times are milliseconds since 1970-01-01 UTC by the database's clock, as
--     bigint, and come from clock_ms() alone, which tests may replace.
--   * Ids chosen by clients are 16 random bytes; hashes are 32 bytes.
--   * A payload (an envelope, a profile, half of a resume secret) is sealed under
--     a data key of its own, written once and never updated. The data key stands
--     in the narrow table payload_keys, wrapped by an epoch key which lives in a
--     file outside the database. Destroying a payload deletes both rows; what they
--     leave on the disk opens no more once that epoch key is destroyed as well.
--     An attachment has such a key and no payload: its bytes lie beside the database.
--   * Whoever changes anything in a room locks its row in rooms first; several
--     rooms are locked in the order of their names. Nothing below a room is
--     changed without that lock (but a seat's clock and socket, and which chunks of
--     an attachment have landed, by one statement alone in its transaction), so
--     there is no other lock order to know.
--   * Whoever changes anything in a room that is not such a clock or socket gives
--     it a new version: processes remember rooms, and trust that. Nobody remembers
--     attachments that belong to no message: they change without one.
--   * A lease is written without an index, in the page of its message. That it has
--     ended is found by its room's lease_due, which is moved seldom.
--   * That lock also does the work of foreign keys. On the path of a message
--     there are none: checking them row by row was a third of its cost. A test
--     looks for orphans after every kind of destruction.

CREATE FUNCTION clock_ms() RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
COMMENT ON FUNCTION clock_ms() IS 'The one clock: milliseconds since 1970-01-01 UTC.';

CREATE TABLE deployment (
    only_row   boolean  PRIMARY KEY DEFAULT true CHECK (only_row),
    suite      smallint NOT NULL CHECK (suite IN (1, 2)),
    salt       bytea    NOT NULL CHECK (octet_length(salt) = 32),
    created_at bigint   NOT NULL
);
COMMENT ON TABLE  deployment IS 'What all rooms of this deployment have in common. One row, made by the first start.';
COMMENT ON COLUMN deployment.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN deployment.suite IS 'Key derivation of all rooms: 1 Argon2id, 2 PBKDF2-HMAC-SHA-256.';
COMMENT ON COLUMN deployment.salt IS 'Public salt of the key derivation.';
COMMENT ON COLUMN deployment.created_at IS 'When the deployment was made.';

CREATE TABLE keyring (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    index_fingerprint bytea   NOT NULL CHECK (octet_length(index_fingerprint) = 8),
    mark              bigint  NOT NULL DEFAULT 0,
    marked_at         bigint
);
COMMENT ON TABLE  keyring IS 'What all hosts know of the keys outside the database. One row, made by the first start.';
COMMENT ON COLUMN keyring.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN keyring.index_fingerprint IS 'Fingerprint of index.key; a host with another key refuses to start.';
COMMENT ON COLUMN keyring.mark IS 'Raised once a second while a server runs, then written beside the keys: a lower one than there tells that the database was set back.';
COMMENT ON COLUMN keyring.marked_at IS 'The clock when the mark was raised, by which a wrong clock is noticed; null before the first.';

-- Large objects lie beside the database: which place that is, and what is to be deleted there.
CREATE TABLE object_store (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id       bytea   NOT NULL CHECK (octet_length(id) = 32)
);
COMMENT ON TABLE  object_store IS 'Where large objects of this deployment lie. One row, made by the first start.';
COMMENT ON COLUMN object_store.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN object_store.id IS 'SHA-256 of the random bytes by which that place is known; a host with another one refuses to start.';

CREATE TABLE purges (
    prefix    bytea    PRIMARY KEY CHECK (octet_length(prefix) = 16),
    kind      text     NOT NULL CHECK (kind IN ('a', 'f')),
    put_until bigint,
    made_at   bigint   NOT NULL DEFAULT clock_ms(),
    due_at    bigint   NOT NULL DEFAULT clock_ms(),
    round     smallint NOT NULL DEFAULT 0 CHECK (round >= 0),
    tries     smallint NOT NULL DEFAULT 0 CHECK (tries >= 0)
);
CREATE INDEX purges_due ON purges (due_at);
CREATE INDEX purges_failed ON purges (prefix) WHERE tries > 0;
ALTER TABLE purges ALTER COLUMN prefix SET STATISTICS 0;
COMMENT ON TABLE  purges IS 'Objects that are to be deleted where they lie; what they belonged to is gone already.';
COMMENT ON COLUMN purges.prefix IS 'What the keys of these objects have in common: random bytes, which stand nowhere else any more.';
COMMENT ON COLUMN purges.kind IS 'a: of an attachment, f: of a file.';
COMMENT ON COLUMN purges.put_until IS 'Until when an address may be in use by which more of them is stored; null if there was none.';
COMMENT ON COLUMN purges.made_at IS 'When what they belonged to was deleted.';
COMMENT ON COLUMN purges.due_at IS 'When they are deleted next, or again if who deletes them now dies.';
COMMENT ON COLUMN purges.round IS 'How often they were deleted: also what was stored late is to go. After the last time, when nothing was there, this row goes.';
COMMENT ON COLUMN purges.tries IS 'How often in a row that has failed.';

CREATE TABLE epochs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint bytea  NOT NULL CHECK (octet_length(fingerprint) = 8),
    state       text   NOT NULL CHECK (state IN ('current', 'retiring', 'destroyed')),
    created_at  bigint NOT NULL
);
CREATE UNIQUE INDEX epochs_one_current ON epochs (state) WHERE state = 'current';
COMMENT ON TABLE  epochs IS 'Epoch keys that exist. The keys themselves are files outside the database.';
COMMENT ON COLUMN epochs.id IS 'Names the key file.';
COMMENT ON COLUMN epochs.fingerprint IS 'Fingerprint of the epoch key.';
COMMENT ON COLUMN epochs.state IS 'current: wraps what is written now. retiring: only unwraps. destroyed: wraps nothing; its file is gone or must go.';
COMMENT ON COLUMN epochs.created_at IS 'When the key was made.';

CREATE TABLE payloads (
    id   bytea PRIMARY KEY CHECK (octet_length(id) = 16),
    body bytea NOT NULL
);
ALTER TABLE payloads
    ALTER COLUMN body SET STORAGE EXTERNAL,
    ALTER COLUMN body SET STATISTICS 0;
COMMENT ON TABLE  payloads IS 'Sealed bytes. Written once, never updated.';
COMMENT ON COLUMN payloads.id IS '16 random bytes drawn by the server.';
COMMENT ON COLUMN payloads.body IS 'The client''s ciphertext under the server''s second layer.';

CREATE TABLE payload_keys (
    payload bytea  PRIMARY KEY,
    epoch   bigint NOT NULL,
    wrapped bytea  NOT NULL
);
ALTER TABLE payload_keys ALTER COLUMN wrapped SET STATISTICS 0;
COMMENT ON TABLE  payload_keys IS 'Data keys of payloads. Narrow, so that re-wrapping survivors is cheap.';
COMMENT ON COLUMN payload_keys.payload IS 'The payload that this key opens.';
COMMENT ON COLUMN payload_keys.epoch IS 'The epoch key that wraps it.';
COMMENT ON COLUMN payload_keys.wrapped IS 'The wrapped data key.';

CREATE TABLE workers (
    id          bytea  PRIMARY KEY CHECK (octet_length(id) = 16),
    alive_until bigint NOT NULL
);
COMMENT ON TABLE  workers IS 'Server processes that hold sockets. One heartbeat a process, none a member.';
COMMENT ON COLUMN workers.id IS '16 random bytes, new at each start of a process.';
COMMENT ON COLUMN workers.alive_until IS 'If this passes, the process is dead and its sockets are gone.';

CREATE TABLE rooms (
    room        bytea    PRIMARY KEY CHECK (octet_length(room) = 32),
    charter     bytea    NOT NULL CHECK (octet_length(charter) = 45),
    charter_mac bytea    NOT NULL CHECK (octet_length(charter_mac) = 32),
    policy      smallint NOT NULL CHECK (policy IN (1, 2)),
    seat_limit  smallint NOT NULL CHECK (seat_limit BETWEEN 2 AND 50),
    message_ttl bigint   NOT NULL CHECK (message_ttl > 0),
    room_ttl    bigint   NOT NULL CHECK (room_ttl > 0),
    locked      boolean  NOT NULL DEFAULT false,
    joins       integer  NOT NULL DEFAULT 0,
    sequence    bigint   NOT NULL DEFAULT 0,
    created_at  bigint   NOT NULL,
    expires_at  bigint   NOT NULL,
    version     bigint   NOT NULL DEFAULT (random() * 9007199254740991)::bigint,
    lease_due   bigint
) WITH (fillfactor = 50);
ALTER TABLE rooms
    ALTER COLUMN charter SET STATISTICS 0,
    ALTER COLUMN charter_mac SET STATISTICS 0;
CREATE INDEX rooms_expires_at ON rooms (expires_at);
CREATE INDEX rooms_lease_due ON rooms (lease_due) WHERE lease_due IS NOT NULL;
COMMENT ON TABLE  rooms IS 'Rooms that live. A destroyed or expired room has no row.';
COMMENT ON COLUMN rooms.room IS 'HMAC-SHA-256 of the locator under index.key.';
COMMENT ON COLUMN rooms.charter IS 'The policy as its creator wrote it.';
COMMENT ON COLUMN rooms.charter_mac IS 'The creator''s authentication of the charter; the server can''t make it.';
COMMENT ON COLUMN rooms.policy IS 'From the charter: 1 first view destroys, 2 everyone''s view destroys.';
COMMENT ON COLUMN rooms.seat_limit IS 'From the charter: how many members at once.';
COMMENT ON COLUMN rooms.message_ttl IS 'From the charter: how long a message waits, in milliseconds.';
COMMENT ON COLUMN rooms.room_ttl IS 'From the charter: how long the room outlives its last use, in milliseconds.';
COMMENT ON COLUMN rooms.locked IS 'No new members while true.';
COMMENT ON COLUMN rooms.joins IS 'How many seats have ever been taken, so that a leaked code is noticed.';
COMMENT ON COLUMN rooms.sequence IS 'Sequence of the latest message.';
COMMENT ON COLUMN rooms.created_at IS 'When the room was made.';
COMMENT ON COLUMN rooms.expires_at IS 'Last use plus room_ttl; past it the room is treated as absent.';
COMMENT ON COLUMN rooms.version IS 'Drawn anew with every change in the room, by whoever holds its lock: what a process remembers of the room is true while this is the same.';
COMMENT ON COLUMN rooms.lease_due IS 'No lease in the room ends before this; null when none runs.';

CREATE TABLE seats (
    room        bytea  NOT NULL REFERENCES rooms (room) ON DELETE CASCADE,
    member      bytea  NOT NULL CHECK (octet_length(member) = 16),
    token_hash  bytea  NOT NULL CHECK (octet_length(token_hash) = 32),
    profile     bytea  CHECK (octet_length(profile) = 16),
    resume_hash bytea  UNIQUE CHECK (octet_length(resume_hash) = 32),
    resume_key  bytea  CHECK (octet_length(resume_key) = 16),
    joined_at   bigint NOT NULL,
    seen_at     bigint NOT NULL,
    worker      bytea  REFERENCES workers (id) ON DELETE SET NULL,
    connection  bytea  CHECK (octet_length(connection) = 16),
    generation  bigint NOT NULL DEFAULT 0,
    closed_tab  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (room, member),
    CHECK ((resume_hash IS NULL) = (resume_key IS NULL))
);
CREATE INDEX seats_worker ON seats (worker) WHERE worker IS NOT NULL;
CREATE INDEX seats_resumable ON seats (seen_at) WHERE resume_key IS NOT NULL;
COMMENT ON TABLE  seats IS 'Members of living rooms.';
COMMENT ON COLUMN seats.room IS 'The room.';
COMMENT ON COLUMN seats.member IS 'Names the member in this room only: 16 bytes that client and server derive from its token.';
COMMENT ON COLUMN seats.token_hash IS 'HMAC-SHA-256 of the member''s token under index.key.';
COMMENT ON COLUMN seats.profile IS 'Encrypted nickname and colour, if the member brought one.';
COMMENT ON COLUMN seats.resume_hash IS 'HMAC-SHA-256 of the resume token under index.key.';
COMMENT ON COLUMN seats.resume_key IS 'The server''s half of the resume secret, sealed like any payload.';
COMMENT ON COLUMN seats.joined_at IS 'When the seat was taken.';
COMMENT ON COLUMN seats.seen_at IS 'Last request, or the end of the last socket; a grace runs from here.';
COMMENT ON COLUMN seats.worker IS 'The process that holds the member''s socket, if one does.';
COMMENT ON COLUMN seats.connection IS 'Which socket of that process: only the newest may give the seat up.';
COMMENT ON COLUMN seats.generation IS 'The highest that a hello of this seat has named; a lower one is late.';
COMMENT ON COLUMN seats.closed_tab IS 'The last socket was closed with its tab: the seat is held for 5 seconds from seen_at.';

CREATE TABLE messages (
    room         bytea    NOT NULL,
    id           bytea    NOT NULL CHECK (octet_length(id) = 16),
    sequence     bigint   NOT NULL,
    author       bytea    NOT NULL CHECK (octet_length(author) = 16),
    size         integer  NOT NULL CHECK (size > 0),
    viewing_hash bytea    NOT NULL CHECK (octet_length(viewing_hash) = 32),
    digest       bytea    NOT NULL CHECK (octet_length(digest) = 32),
    payload      bytea    NOT NULL CHECK (octet_length(payload) = 16),
    everyone     boolean  NOT NULL,
    posted_at    bigint   NOT NULL,
    expires_at   bigint   NOT NULL,
    lease_holder bytea    CHECK (octet_length(lease_holder) = 16),
    lease_until  bigint,
    lease_ends   smallint NOT NULL DEFAULT 0,
    viewing      bytea    CHECK (octet_length(viewing) = 32),
    leases       integer  NOT NULL DEFAULT 0,
    returns      integer  NOT NULL DEFAULT 0,
    returners    bytea,
    reader       bytea    CHECK (octet_length(reader) = 16),
    attachment   integer,
    lease_opened bigint,
    PRIMARY KEY (room, id),
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 70);
ALTER TABLE messages
    ALTER COLUMN viewing_hash SET STATISTICS 0,
    ALTER COLUMN digest SET STATISTICS 0,
    ALTER COLUMN viewing SET STATISTICS 0,
    ALTER COLUMN returners SET STATISTICS 0,
    ALTER COLUMN reader SET STATISTICS 0;
CREATE INDEX messages_expires_at ON messages (expires_at);
COMMENT ON TABLE  messages IS 'Messages that wait to be viewed. A destroyed message has no row.';
COMMENT ON COLUMN messages.room IS 'The room.';
COMMENT ON COLUMN messages.id IS '16 random bytes chosen by the author''s client.';
COMMENT ON COLUMN messages.sequence IS 'Order of acceptance in the room.';
COMMENT ON COLUMN messages.author IS 'The member who posted it.';
COMMENT ON COLUMN messages.size IS 'Length of the envelope in bytes: one of eight size classes.';
COMMENT ON COLUMN messages.viewing_hash IS 'SHA-256 of the viewing bytes, which are inside the ciphertext.';
COMMENT ON COLUMN messages.digest IS 'SHA-256 of the envelope, to recognise a retry.';
COMMENT ON COLUMN messages.payload IS 'The sealed envelope.';
COMMENT ON COLUMN messages.everyone IS 'True where the members in audience decide; false: first view destroys.';
COMMENT ON COLUMN messages.posted_at IS 'When it was accepted.';
COMMENT ON COLUMN messages.expires_at IS 'When it is destroyed unseen.';
COMMENT ON COLUMN messages.lease_holder IS 'First view: the member who is reading it.';
COMMENT ON COLUMN messages.lease_until IS 'First view: when that lease ends.';
COMMENT ON COLUMN messages.lease_ends IS 'First view: how many leases ended without acknowledgement.';
COMMENT ON COLUMN messages.viewing IS 'Everyone: the viewing bytes that the first acknowledgement revealed.';
COMMENT ON COLUMN messages.leases IS 'How many leases have ever begun, of all members.';
COMMENT ON COLUMN messages.returns IS 'How many of them were given back: by release, leaving, or the loss of the seat.';
COMMENT ON COLUMN messages.returners IS 'First view: members who gave it back, 16 bytes and the time in 8 each, as long as that may keep somebody from taking it again.';
COMMENT ON COLUMN messages.reader IS 'Everyone: who acknowledged last.';
COMMENT ON COLUMN messages.attachment IS 'Length of its attachment with padding, in bytes; null where there is none.';
COMMENT ON COLUMN messages.lease_opened IS 'First view, with an attachment: when the lease began, for it may be prolonged.';

CREATE TABLE attachments (
    room       bytea    NOT NULL,
    id         bytea    NOT NULL CHECK (octet_length(id) = 16),
    author     bytea    NOT NULL CHECK (octet_length(author) = 16),
    prefix     bytea    NOT NULL UNIQUE CHECK (octet_length(prefix) = 16),
    payload    bytea    NOT NULL CHECK (octet_length(payload) = 16),
    padded     integer  NOT NULL CHECK (padded BETWEEN 65536 AND 10485760),
    chunks     smallint NOT NULL CHECK (chunks BETWEEN 1 AND 40),
    landed     bigint   NOT NULL DEFAULT 0 CHECK (landed >= 0 AND landed >> chunks = 0),
    message    bytea    CHECK (octet_length(message) = 16),
    expires_at bigint,
    PRIMARY KEY (room, id),
    CHECK ((message IS NULL) = (expires_at IS NOT NULL)),
    CHECK (message IS NULL OR landed = (1::bigint << chunks) - 1)
);
CREATE UNIQUE INDEX attachments_message ON attachments (room, message) WHERE message IS NOT NULL;
CREATE INDEX attachments_expires_at ON attachments (expires_at) WHERE expires_at IS NOT NULL;
ALTER TABLE attachments
    ALTER COLUMN prefix SET STATISTICS 0,
    ALTER COLUMN payload SET STATISTICS 0;
COMMENT ON TABLE  attachments IS 'Attachments of messages that wait, and of messages that are being written. Their chunks lie where large objects do.';
COMMENT ON COLUMN attachments.room IS 'The room.';
COMMENT ON COLUMN attachments.id IS '16 random bytes chosen by the author''s client.';
COMMENT ON COLUMN attachments.author IS 'The member who sends it.';
COMMENT ON COLUMN attachments.prefix IS '16 random bytes drawn by the server, by which its chunks are called where they lie.';
COMMENT ON COLUMN attachments.payload IS 'The name of the data key in payload_keys that opens all of its chunks; there is no payload.';
COMMENT ON COLUMN attachments.padded IS 'Its length with padding, in bytes.';
COMMENT ON COLUMN attachments.chunks IS 'How many chunks it has.';
COMMENT ON COLUMN attachments.landed IS 'Which of them lie there: bit 0 for the first.';
COMMENT ON COLUMN attachments.message IS 'The message that it belongs to; null until that is posted.';
COMMENT ON COLUMN attachments.expires_at IS 'When it is destroyed unless it was posted before; null once it was.';

CREATE TABLE audience (
    room         bytea    NOT NULL,
    message      bytea    NOT NULL,
    member       bytea    NOT NULL CHECK (octet_length(member) = 16),
    state        smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
    lease_until  bigint,
    lease_ends   smallint NOT NULL DEFAULT 0,
    lease_opened bigint,
    PRIMARY KEY (room, message, member)
);
COMMENT ON TABLE  audience IS 'Everyone policy: who was present when a message was accepted. Who leaves is removed; once nobody is left, the message ends.';
COMMENT ON COLUMN audience.room IS 'The room.';
COMMENT ON COLUMN audience.message IS 'The message.';
COMMENT ON COLUMN audience.member IS 'A member who was present, never the author.';
COMMENT ON COLUMN audience.state IS '0 has not viewed it, 1 acknowledged it, 2 let three leases end.';
COMMENT ON COLUMN audience.lease_until IS 'When this member''s lease ends, if one runs.';
COMMENT ON COLUMN audience.lease_ends IS 'How many of this member''s leases ended without acknowledgement.';
COMMENT ON COLUMN audience.lease_opened IS 'When this member''s lease began, for it may be prolonged.';

CREATE TABLE tombstones (
    tombstone bytea    NOT NULL CHECK (octet_length(tombstone) = 32),
    room      bytea    NOT NULL,
    author    bytea    NOT NULL CHECK (octet_length(author) = 16),
    fate      smallint NOT NULL CHECK (fate BETWEEN 1 AND 4),
    viewing   bytea    CHECK (octet_length(viewing) = 32),
    until     bigint   NOT NULL,
    reader    bytea    CHECK (octet_length(reader) = 16),
    opened    integer,
    ended_at  bigint,
    PRIMARY KEY (room, tombstone),
    CHECK (CASE fate WHEN 1 THEN viewing IS NOT NULL WHEN 4 THEN true ELSE viewing IS NULL END)
);
ALTER TABLE tombstones
    ALTER COLUMN viewing SET STATISTICS 0,
    ALTER COLUMN reader SET STATISTICS 0;
CREATE INDEX tombstones_until ON tombstones (until);
COMMENT ON TABLE  tombstones IS 'Fates of destroyed messages: stops resurrection, lets an author ask.';
COMMENT ON COLUMN tombstones.tombstone IS 'HMAC-SHA-256 of room and message id under index.key.';
COMMENT ON COLUMN tombstones.room IS 'The room; the tombstone ends with it.';
COMMENT ON COLUMN tombstones.author IS 'The member who posted the message.';
COMMENT ON COLUMN tombstones.fate IS '1 viewed, 2 unconfirmed, 3 expired, 4 withdrawn.';
COMMENT ON COLUMN tombstones.viewing IS 'The viewing bytes that proved the view, so that the author can check.';
COMMENT ON COLUMN tombstones.until IS 'When the tombstone is removed.';
COMMENT ON COLUMN tombstones.reader IS 'Who acknowledged last, if anybody did.';
COMMENT ON COLUMN tombstones.opened IS 'How many leases had ever begun; null in those from before that was counted.';
COMMENT ON COLUMN tombstones.ended_at IS 'When the message was destroyed; null in those from before that was noted.';

-- Accounts: who signs in, and by what it stays signed in. In a schema of their own, so that nothing
-- of rooms stands beside anything of an account. Days are since 1970, where a day will do.

CREATE SCHEMA accounts;
COMMENT ON SCHEMA accounts IS 'Accounts and their devices. Nothing here points to a room, nor a room to anything here.';

CREATE TABLE accounts.accounts (
    account     bytea   PRIMARY KEY CHECK (octet_length(account) = 16),
    address     bytea   NOT NULL UNIQUE CHECK (octet_length(address) = 32),
    password    text    CHECK (length(password) BETWEEN 16 AND 255),
    created_day integer NOT NULL,
    reused_at   bigint,
    suspended_day integer
);
COMMENT ON TABLE  accounts.accounts IS 'Accounts. Whoever changes anything of an account locks its row here first.';
COMMENT ON COLUMN accounts.accounts.account IS '16 random bytes drawn by the server.';
COMMENT ON COLUMN accounts.accounts.address IS 'HMAC-SHA-256 of the address under index.key; the address itself stands nowhere.';
COMMENT ON COLUMN accounts.accounts.password IS 'Argon2id in PHC form of the auth key, which clients derive from the password; null where an identity alone signs in.';
COMMENT ON COLUMN accounts.accounts.created_day IS 'When it was made, in days since 1970.';
COMMENT ON COLUMN accounts.accounts.reused_at IS 'When a refresh token was last used that was no longer the present one: the owner is told. Null if never, or if the password was changed since.';
COMMENT ON COLUMN accounts.accounts.suspended_day IS 'When an operator has suspended the account, in days since 1970; null: it is not suspended.';
CREATE INDEX accounts_suspended_day ON accounts.accounts (suspended_day) WHERE suspended_day IS NOT NULL;

CREATE TABLE accounts.sessions (
    sid         bytea   PRIMARY KEY CHECK (octet_length(sid) = 16),
    account     bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    device      bytea   CHECK (octet_length(device) = 16),
    secret      bytea   NOT NULL CHECK (octet_length(secret) = 16),
    counter     integer NOT NULL DEFAULT 0 CHECK (counter >= 0),
    advanced_at bigint  NOT NULL,
    created_day integer NOT NULL,
    seen_day    integer NOT NULL
);
CREATE INDEX sessions_account ON accounts.sessions (account);
CREATE INDEX sessions_seen_day ON accounts.sessions (seen_day);
CREATE INDEX sessions_plain_seen_day ON accounts.sessions (seen_day) WHERE device IS NULL;
COMMENT ON TABLE  accounts.sessions IS 'Who is signed in. A session that has ended has no row.';
COMMENT ON COLUMN accounts.sessions.sid IS '16 random bytes; in access tokens, and at the beginning of refresh tokens.';
COMMENT ON COLUMN accounts.sessions.account IS 'Whose it is.';
COMMENT ON COLUMN accounts.sessions.device IS 'The linked device that proves each refresh with its key; null before linking.';
COMMENT ON COLUMN accounts.sessions.secret IS 'The payload that holds the family secret, of which refresh tokens are made.';
COMMENT ON COLUMN accounts.sessions.counter IS 'Which refresh token is the present one.';
COMMENT ON COLUMN accounts.sessions.advanced_at IS 'When it became that.';
COMMENT ON COLUMN accounts.sessions.created_day IS 'When somebody signed in, in days since 1970.';
COMMENT ON COLUMN accounts.sessions.seen_day IS 'When it was last refreshed, in days since 1970.';

CREATE TABLE accounts.ended_sessions (
    sid      bytea  PRIMARY KEY CHECK (octet_length(sid) = 16),
    ended_at bigint NOT NULL
);
CREATE INDEX ended_sessions_ended_at ON accounts.ended_sessions (ended_at);
COMMENT ON TABLE  accounts.ended_sessions IS 'Sessions that have ended, for as long as an access token of theirs could still be shown.';
COMMENT ON COLUMN accounts.ended_sessions.sid IS 'The session; whose it was stands nowhere any more.';
COMMENT ON COLUMN accounts.ended_sessions.ended_at IS 'When it ended.';

CREATE TABLE accounts.identities (
    identity   bytea   PRIMARY KEY CHECK (octet_length(identity) = 32),
    account    bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    linked_day integer NOT NULL
);
CREATE INDEX identities_account ON accounts.identities (account);
COMMENT ON TABLE  accounts.identities IS 'Identities of others (OpenID Connect) by which an account may be signed in to.';
COMMENT ON COLUMN accounts.identities.identity IS 'HMAC-SHA-256 of issuer and subject under index.key.';
COMMENT ON COLUMN accounts.identities.account IS 'The account that it opens.';
COMMENT ON COLUMN accounts.identities.linked_day IS 'When it was linked, in days since 1970.';

CREATE TABLE accounts.invitations (
    invitation bytea  PRIMARY KEY CHECK (octet_length(invitation) = 32),
    expires_at bigint NOT NULL
);
CREATE INDEX invitations_expires_at ON accounts.invitations (expires_at);
COMMENT ON TABLE  accounts.invitations IS 'Invitations that an operator has made and nobody has used.';
COMMENT ON COLUMN accounts.invitations.invitation IS 'HMAC-SHA-256 of the invitation under index.key.';
COMMENT ON COLUMN accounts.invitations.expires_at IS 'When it is void.';

CREATE TABLE accounts.signing_keys (
    kid        bytea  PRIMARY KEY CHECK (octet_length(kid) = 16),
    public     bytea  NOT NULL CHECK (octet_length(public) = 32),
    private    bytea  NOT NULL CHECK (octet_length(private) = 16),
    created_at bigint NOT NULL
);
COMMENT ON TABLE  accounts.signing_keys IS 'Ed25519 keys that sign access tokens, the same for all hosts.';
COMMENT ON COLUMN accounts.signing_keys.kid IS '16 random bytes by which a token names its key.';
COMMENT ON COLUMN accounts.signing_keys.public IS 'The public key, as it is published.';
COMMENT ON COLUMN accounts.signing_keys.private IS 'The payload that holds the private key.';
COMMENT ON COLUMN accounts.signing_keys.created_at IS 'When it was made. It signs from an hour later on, for 30 days.';

CREATE TABLE schema_migrations (
    number     integer PRIMARY KEY,
    name       text    NOT NULL,
    sha256     text    NOT NULL,
    applied_at bigint  NOT NULL
);
COMMENT ON TABLE  schema_migrations IS 'Which files of sql/migrations have been applied.';
COMMENT ON COLUMN schema_migrations.number IS 'The file''s number.';
COMMENT ON COLUMN schema_migrations.name IS 'The file''s name.';
COMMENT ON COLUMN schema_migrations.sha256 IS 'Of the file as it was applied: history is append-only.';
COMMENT ON COLUMN schema_migrations.applied_at IS 'When.';

-- Devices of accounts: the signed chain that lists them, and what the server keeps for each.
CREATE TABLE accounts.chains (
    chain    bytea   PRIMARY KEY CHECK (octet_length(chain) = 32),
    account  bytea   REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    state    text    NOT NULL CHECK (state IN ('open', 'ended', 'closed')),
    sequence integer NOT NULL CHECK (sequence >= 0),
    head     bytea   NOT NULL CHECK (octet_length(head) = 32),
    recovery bytea   NOT NULL CHECK (octet_length(recovery) = 32),
    ended_at bigint,
    counts_from bigint,
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK (account IS NOT NULL OR state = 'closed')
);
CREATE UNIQUE INDEX chains_one_open ON accounts.chains (account) WHERE state = 'open';
CREATE INDEX chains_account ON accounts.chains (account);
CREATE INDEX chains_counts_from ON accounts.chains (counts_from) WHERE counts_from IS NOT NULL;
COMMENT ON TABLE  accounts.chains IS 'Signed lists of devices. Each account with devices has one that is open.';
COMMENT ON COLUMN accounts.chains.chain IS 'SHA-256 of its first statement.';
COMMENT ON COLUMN accounts.chains.account IS 'Whose it is; null once it is closed.';
COMMENT ON COLUMN accounts.chains.state IS 'open: in force. ended: another took its place, and for 30 days a recovery may undo that. closed: the account is deleted, or a recovery has undone it.';
COMMENT ON COLUMN accounts.chains.sequence IS 'Of its last statement.';
COMMENT ON COLUMN accounts.chains.head IS 'SHA-256 of its last statement.';
COMMENT ON COLUMN accounts.chains.recovery IS 'The public recovery key in force.';
COMMENT ON COLUMN accounts.chains.ended_at IS 'When it ceased to be open; 30 days later it is destroyed, or once no kept record of a conversation names it.';
COMMENT ON COLUMN accounts.chains.counts_from IS 'From when on these 30 days count: since it ended, or later by whole days, as long as a kept record of a conversation names it.';

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

-- Contacts of accounts: who has agreed to hear from whom, and who asks to.
CREATE TABLE accounts.contacts (
    account bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    other   bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    state   text    NOT NULL CHECK (state IN ('accepted', 'denied', 'declined', 'blocked')),
    chain   bytea   CHECK (octet_length(chain) = 32),
    request bytea   CHECK (octet_length(request) = 16),
    day     integer NOT NULL,
    PRIMARY KEY (account, other),
    CHECK (account <> other),
    CHECK ((state = 'accepted') = (chain IS NOT NULL))
);
CREATE INDEX contacts_other ON accounts.contacts (other);
CREATE INDEX contacts_day ON accounts.contacts (day) WHERE state IN ('denied', 'declined');
ALTER TABLE accounts.contacts
    ALTER COLUMN chain SET STATISTICS 0,
    ALTER COLUMN request SET STATISTICS 0;
COMMENT ON TABLE  accounts.contacts IS 'What an account is to another, as the first of them sees it.';
COMMENT ON COLUMN accounts.contacts.account IS 'The account.';
COMMENT ON COLUMN accounts.contacts.other IS 'The other account.';
COMMENT ON COLUMN accounts.contacts.state IS 'accepted: each has agreed to the other, who has such a row too. denied: the other has refused, and wished that to be told. declined: this account has refused the other. blocked: this account wants to hear nothing from the other.';
COMMENT ON COLUMN accounts.contacts.chain IS 'accepted: the other''s list of devices to which was agreed.';
COMMENT ON COLUMN accounts.contacts.request IS 'The request that led to it, if this account had asked.';
COMMENT ON COLUMN accounts.contacts.day IS 'Since when, in days since 1970. Refusals are forgotten after 30 days.';

CREATE TABLE accounts.contact_requests (
    request bytea  PRIMARY KEY CHECK (octet_length(request) = 16),
    account bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    address bytea  NOT NULL CHECK (octet_length(address) = 32),
    own     bytea  CHECK (octet_length(own) = 16),
    at      bigint NOT NULL
);
CREATE INDEX contact_requests_account ON accounts.contact_requests (account);
CREATE INDEX contact_requests_address ON accounts.contact_requests (address, at);
CREATE INDEX contact_requests_at ON accounts.contact_requests (at);
ALTER TABLE accounts.contact_requests
    ALTER COLUMN request SET STATISTICS 0,
    ALTER COLUMN own SET STATISTICS 0;
COMMENT ON TABLE  accounts.contact_requests IS 'Requests to become contacts, which wait for 30 days under an address, whether anybody has it or not.';
COMMENT ON COLUMN accounts.contact_requests.request IS 'Keyed hash of who asks and of the address.';
COMMENT ON COLUMN accounts.contact_requests.account IS 'Who asks.';
COMMENT ON COLUMN accounts.contact_requests.address IS 'Keyed hash of the address that is asked; another than that of an account.';
COMMENT ON COLUMN accounts.contact_requests.own IS 'The address of who asks, sealed like any payload; null once it has been answered.';
COMMENT ON COLUMN accounts.contact_requests.at IS 'When it was made.';

CREATE TABLE accounts.contact_settings (
    account   bytea    PRIMARY KEY REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    findable  boolean  NOT NULL DEFAULT false,
    asked_day integer  NOT NULL DEFAULT 0,
    asked     smallint NOT NULL DEFAULT 0
);
COMMENT ON TABLE  accounts.contact_settings IS 'Whether an account may be asked by its address, and how often it has asked.';
COMMENT ON COLUMN accounts.contact_settings.account IS 'The account.';
COMMENT ON COLUMN accounts.contact_settings.findable IS 'Whether it is told of requests that wait under its address.';
COMMENT ON COLUMN accounts.contact_settings.asked_day IS 'The day on which it asked last, in days since 1970.';
COMMENT ON COLUMN accounts.contact_settings.asked IS 'How often it has asked on that day.';

CREATE TABLE accounts.contact_invitations (
    invitation   bytea  PRIMARY KEY CHECK (octet_length(invitation) = 32),
    account      bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    payload      bytea  NOT NULL CHECK (octet_length(payload) = 16),
    conversation bytea  CHECK (octet_length(conversation) = 16),
    expires_at   bigint NOT NULL,
    redeemer     bytea  REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    redemption   bytea  CHECK (octet_length(redemption) = 16),
    redeemed_at  bigint,
    CHECK ((redeemer IS NULL) = (redemption IS NULL)),
    CHECK ((redeemer IS NULL) = (redeemed_at IS NULL))
);
CREATE INDEX contact_invitations_account ON accounts.contact_invitations (account);
CREATE INDEX contact_invitations_redeemer ON accounts.contact_invitations (redeemer) WHERE redeemer IS NOT NULL;
CREATE INDEX contact_invitations_expires_at ON accounts.contact_invitations (expires_at);
COMMENT ON TABLE  accounts.contact_invitations IS 'Invitations from one person to another, by a link that one of them hands over.';
COMMENT ON COLUMN accounts.contact_invitations.invitation IS 'HMAC-SHA-256 of the invitation''s name under index.key.';
COMMENT ON COLUMN accounts.contact_invitations.account IS 'Who invites.';
COMMENT ON COLUMN accounts.contact_invitations.payload IS 'What the invitation says, encrypted for who has the link, sealed like any payload.';
COMMENT ON COLUMN accounts.contact_invitations.conversation IS 'The conversation that it leads into, if it leads into one.';
COMMENT ON COLUMN accounts.contact_invitations.expires_at IS 'When it is void; once it is redeemed, when that is forgotten.';
COMMENT ON COLUMN accounts.contact_invitations.redeemer IS 'Who has redeemed it.';
COMMENT ON COLUMN accounts.contact_invitations.redemption IS 'Its name, and what the redeemer says of itself, encrypted likewise, sealed like any payload.';
COMMENT ON COLUMN accounts.contact_invitations.redeemed_at IS 'When it was redeemed.';

-- What an identity of others (OpenID Connect) was told to say back counts once.
CREATE TABLE accounts.used_nonces (
    nonce      bytea  PRIMARY KEY CHECK (octet_length(nonce) = 32),
    expires_at bigint NOT NULL
);
CREATE INDEX used_nonces_expires_at ON accounts.used_nonces (expires_at);
COMMENT ON TABLE  accounts.used_nonces IS 'Nonces of ID tokens that were used, for as long as one could be shown again.';
COMMENT ON COLUMN accounts.used_nonces.nonce IS 'What authenticates the nonce; who used it stands nowhere.';
COMMENT ON COLUMN accounts.used_nonces.expires_at IS 'When the nonce is void by itself.';

-- Operators: who runs a deployment signs in at /admin/. In a schema of their own: they are no
-- accounts, and nothing here points to anything of a room or an account.
CREATE SCHEMA operators;
COMMENT ON SCHEMA operators IS 'Who runs this deployment. Nothing here points to a room or an account.';

CREATE TABLE operators.operators (
    name              text   PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    secret            bytea  NOT NULL CHECK (octet_length(secret) = 16),
    step              bigint NOT NULL DEFAULT 0,
    ticket            bytea  UNIQUE CHECK (octet_length(ticket) = 32),
    ticket_expires_at bigint,
    added_day         integer NOT NULL,
    CHECK ((ticket IS NULL) = (ticket_expires_at IS NULL))
);
COMMENT ON TABLE  operators.operators IS 'Operators. Without any there is nothing at /admin/.';
COMMENT ON COLUMN operators.operators.name IS 'As they are called on the command line, chosen there.';
COMMENT ON COLUMN operators.operators.secret IS 'The payload that holds the secret of their one-time codes and, once they have one, their password as Argon2id in PHC form.';
COMMENT ON COLUMN operators.operators.step IS 'The step of the last one-time code that was used: it and those before count no more.';
COMMENT ON COLUMN operators.operators.ticket IS 'SHA-256 of the ticket by which a password is set; null once that was done.';
COMMENT ON COLUMN operators.operators.ticket_expires_at IS 'When the ticket is void.';
COMMENT ON COLUMN operators.operators.added_day IS 'When they were added, in days since 1970.';

CREATE TABLE operators.operator_sessions (
    session      bytea  PRIMARY KEY CHECK (octet_length(session) = 32),
    operator     text   NOT NULL REFERENCES operators.operators (name) ON DELETE CASCADE,
    signed_in_at bigint NOT NULL,
    seen_at      bigint NOT NULL
);
CREATE INDEX operator_sessions_operator ON operators.operator_sessions (operator);
COMMENT ON TABLE  operators.operator_sessions IS 'Operators who are signed in: for 12 hours, and 30 minutes without being used.';
COMMENT ON COLUMN operators.operator_sessions.session IS 'SHA-256 of what the cookie holds.';
COMMENT ON COLUMN operators.operator_sessions.operator IS 'Who it is.';
COMMENT ON COLUMN operators.operator_sessions.signed_in_at IS 'When they signed in.';
COMMENT ON COLUMN operators.operator_sessions.seen_at IS 'When it was last used, to a minute.';

CREATE TABLE operators.audit (
    entry    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator text,
    act      text   NOT NULL CHECK (act IN ('added', 'renewed', 'enrolled', 'signed_in', 'refused', 'signed_out', 'signed_out_everywhere', 'removed', 'dismissed', 'suspended', 'lifted', 'took_down')),
    minute   bigint NOT NULL
);
CREATE UNIQUE INDEX audit_once ON operators.audit (minute, act, operator) NULLS NOT DISTINCT;
COMMENT ON TABLE  operators.audit IS 'Who did what and when, without content: no addresses, and nothing of what was seen. Kept for 400 days.';
COMMENT ON COLUMN operators.audit.entry IS 'In the order in which they were written.';
COMMENT ON COLUMN operators.audit.operator IS 'Who; an operator who was removed is still named. Null for a name that nobody has.';
COMMENT ON COLUMN operators.audit.act IS 'What. refused: a wrong password or one-time code was given.';
COMMENT ON COLUMN operators.audit.minute IS 'When, in minutes since 1970.';

-- ANALYZE keeps samples of what a column holds, and keeps them when the rows are gone. No query
-- looks for accounts by these columns' values, so nothing is sampled of them.
ALTER TABLE accounts.accounts ALTER COLUMN password SET STATISTICS 0;
ALTER TABLE accounts.sessions ALTER COLUMN secret SET STATISTICS 0;
ALTER TABLE accounts.signing_keys
    ALTER COLUMN public SET STATISTICS 0,
    ALTER COLUMN private SET STATISTICS 0;
ALTER TABLE accounts.chains
    ALTER COLUMN head SET STATISTICS 0,
    ALTER COLUMN recovery SET STATISTICS 0;
ALTER TABLE accounts.devices
    ALTER COLUMN key SET STATISTICS 0,
    ALTER COLUMN name SET STATISTICS 0;
ALTER TABLE accounts.sealing_keys ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE accounts.shares ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE accounts.pins ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE accounts.links
    ALTER COLUMN sid SET STATISTICS 0,
    ALTER COLUMN request SET STATISTICS 0,
    ALTER COLUMN digest SET STATISTICS 0,
    ALTER COLUMN answer SET STATISTICS 0,
    ALTER COLUMN device SET STATISTICS 0;
ALTER TABLE accounts.pending
    ALTER COLUMN device SET STATISTICS 0,
    ALTER COLUMN signed SET STATISTICS 0,
    ALTER COLUMN sid SET STATISTICS 0,
    ALTER COLUMN sealing SET STATISTICS 0;
-- Likewise of operators.
ALTER TABLE operators.operators ALTER COLUMN secret SET STATISTICS 0;
ALTER TABLE operators.audit ALTER COLUMN operator SET STATISTICS 0;

-- Conversations: who is in them, their log, what waits in it, and the sealed keys of their epochs.
-- Rows of a conversation are locked by its row here; that of an account, where both are, before it.
CREATE TABLE accounts.conversations (
    conversation  bytea    PRIMARY KEY CHECK (octet_length(conversation) = 16),
    epoch         bigint   NOT NULL CHECK (epoch >= 1),
    record        bytea    NOT NULL CHECK (octet_length(record) = 32),
    record_s      bigint   NOT NULL CHECK (record_s >= 1),
    record_seen   bigint   NOT NULL CHECK (record_seen >= 0),
    timer         integer  NOT NULL CHECK (timer >= 0),
    people        smallint NOT NULL CHECK (people >= 1),
    s             bigint   NOT NULL CHECK (s >= 1),
    log           bytea    NOT NULL CHECK (octet_length(log) = 32),
    began_at      bigint   NOT NULL,
    messages      integer  NOT NULL DEFAULT 0 CHECK (messages >= 0),
    renew_told    integer,
    due           text     CHECK (due IN ('people', 'devices', 'leave')),
    told_device   bytea    CHECK (octet_length(told_device) = 16),
    told_at       bigint,
    tail          bigint   NOT NULL CHECK (tail >= 0),
    kept          bigint   NOT NULL CHECK (kept >= 1),
    waiting       integer  NOT NULL DEFAULT 0 CHECK (waiting >= 0),
    waiting_bytes bigint   NOT NULL DEFAULT 0 CHECK (waiting_bytes >= 0),
    segment       bytea    CHECK (octet_length(segment) = 16),
    segment_hour  integer,
    trimmed_day   integer  NOT NULL,
    CHECK ((segment IS NULL) = (segment_hour IS NULL)),
    CHECK ((told_device IS NULL) = (told_at IS NULL))
) WITH (fillfactor = 60);
CREATE INDEX conversations_trimmed_day ON accounts.conversations (trimmed_day);
ALTER TABLE accounts.conversations
    ALTER COLUMN record SET STATISTICS 0,
    ALTER COLUMN log SET STATISTICS 0,
    ALTER COLUMN told_device SET STATISTICS 0,
    ALTER COLUMN segment SET STATISTICS 0;
COMMENT ON TABLE  accounts.conversations IS 'Conversations of people with accounts.';
COMMENT ON COLUMN accounts.conversations.conversation IS '16 bytes drawn by who has founded it.';
COMMENT ON COLUMN accounts.conversations.epoch IS 'The number of the newest epoch.';
COMMENT ON COLUMN accounts.conversations.record IS 'SHA-256 of the record that has begun it.';
COMMENT ON COLUMN accounts.conversations.record_s IS 'The place of that record in the log.';
COMMENT ON COLUMN accounts.conversations.record_seen IS 'How far its author had read the log.';
COMMENT ON COLUMN accounts.conversations.timer IS 'Seconds after which messages disappear from devices; 0 for never.';
COMMENT ON COLUMN accounts.conversations.people IS 'How many people the record lists.';
COMMENT ON COLUMN accounts.conversations.s IS 'The last place of the log.';
COMMENT ON COLUMN accounts.conversations.log IS 'The hash of the log up to there.';
COMMENT ON COLUMN accounts.conversations.began_at IS 'When the newest epoch began.';
COMMENT ON COLUMN accounts.conversations.messages IS 'How many messages the newest epoch has had.';
COMMENT ON COLUMN accounts.conversations.renew_told IS 'After how many of these somebody was last told to begin another epoch.';
COMMENT ON COLUMN accounts.conversations.due IS 'Why another epoch must begin before anything is sent: people, devices, or leave; null if none must.';
COMMENT ON COLUMN accounts.conversations.told_device IS 'The device that was told so last.';
COMMENT ON COLUMN accounts.conversations.told_at IS 'When it was.';
COMMENT ON COLUMN accounts.conversations.tail IS 'Up to this place all devices had acknowledged when that was last looked at.';
COMMENT ON COLUMN accounts.conversations.kept IS 'The first place of the log that is kept.';
COMMENT ON COLUMN accounts.conversations.waiting IS 'How many messages wait.';
COMMENT ON COLUMN accounts.conversations.waiting_bytes IS 'How many bytes these have.';
COMMENT ON COLUMN accounts.conversations.segment IS 'The segment that the next message is sealed in; null if it begins another.';
COMMENT ON COLUMN accounts.conversations.segment_hour IS 'The hour for which that was made, since 1970.';
COMMENT ON COLUMN accounts.conversations.trimmed_day IS 'The day on which it was last looked at what all devices have acknowledged that were seen lately.';

CREATE TABLE accounts.conversation_people (
    conversation bytea  NOT NULL REFERENCES accounts.conversations (conversation) ON DELETE CASCADE,
    chain        bytea  NOT NULL CHECK (octet_length(chain) = 32),
    account      bytea  REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    admin        boolean NOT NULL,
    since        bigint NOT NULL CHECK (since >= 1),
    first_seen   bigint NOT NULL DEFAULT 0 CHECK (first_seen >= 0),
    added_by     bytea  REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    repairs      smallint NOT NULL DEFAULT 0,
    repairs_day  integer  NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, chain)
);
CREATE INDEX conversation_people_account ON accounts.conversation_people (account, conversation);
CREATE INDEX conversation_people_chain ON accounts.conversation_people (chain);
CREATE INDEX conversation_people_added_by ON accounts.conversation_people (added_by, account) WHERE added_by IS NOT NULL;
COMMENT ON TABLE  accounts.conversation_people IS 'Who is in a conversation. Who has left it has no row.';
COMMENT ON COLUMN accounts.conversation_people.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.conversation_people.chain IS 'The person: a chain.';
COMMENT ON COLUMN accounts.conversation_people.account IS 'The account whose chain in force it is; null where it is none''s.';
COMMENT ON COLUMN accounts.conversation_people.admin IS 'Whether this person is admin.';
COMMENT ON COLUMN accounts.conversation_people.since IS 'The epoch in which this person entered.';
COMMENT ON COLUMN accounts.conversation_people.first_seen IS 'How far the author of that epoch''s record had read the log; what stands up to there is not served to this person.';
COMMENT ON COLUMN accounts.conversation_people.added_by IS 'The account that has brought this person into it, until they have said something there; null also for who asked to come.';
COMMENT ON COLUMN accounts.conversation_people.repairs IS 'How many epochs this person has begun on a day without a reason that the server sees.';
COMMENT ON COLUMN accounts.conversation_people.repairs_day IS 'That day, in days since 1970.';

CREATE TABLE accounts.conversation_devices (
    conversation bytea  NOT NULL REFERENCES accounts.conversations (conversation) ON DELETE CASCADE,
    device       bytea  NOT NULL CHECK (octet_length(device) = 16),
    account      bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    first_s      bigint NOT NULL CHECK (first_s >= 1),
    cursor       bigint NOT NULL,
    hold         bigint NOT NULL,
    repaired_at  bigint,
    PRIMARY KEY (conversation, device)
) WITH (fillfactor = 70);
CREATE INDEX conversation_devices_account ON accounts.conversation_devices (account, device);
COMMENT ON TABLE  accounts.conversation_devices IS 'Devices that a conversation''s newest record lists and that are active still.';
COMMENT ON COLUMN accounts.conversation_devices.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.conversation_devices.device IS 'The device.';
COMMENT ON COLUMN accounts.conversation_devices.account IS 'The account whose device it is.';
COMMENT ON COLUMN accounts.conversation_devices.first_s IS 'The place of the first record that lists it.';
COMMENT ON COLUMN accounts.conversation_devices.cursor IS 'Up to this place it has stored what it read.';
COMMENT ON COLUMN accounts.conversation_devices.hold IS 'From this place on the log is kept for it: its cursor, or before it has acknowledged anything, what its first record had seen.';
COMMENT ON COLUMN accounts.conversation_devices.repaired_at IS 'When it last began an epoch without a reason that the server sees.';

CREATE TABLE accounts.conversation_chains (
    conversation bytea  NOT NULL REFERENCES accounts.conversations (conversation) ON DELETE CASCADE,
    chain        bytea  NOT NULL CHECK (octet_length(chain) = 32),
    first_epoch  bigint NOT NULL CHECK (first_epoch >= 1),
    last_epoch   bigint NOT NULL,
    PRIMARY KEY (conversation, chain),
    CHECK (last_epoch >= first_epoch)
);
CREATE INDEX conversation_chains_chain ON accounts.conversation_chains (chain);
COMMENT ON TABLE  accounts.conversation_chains IS 'Chains that records name which are kept: whoever stands beside one may read it.';
COMMENT ON COLUMN accounts.conversation_chains.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.conversation_chains.chain IS 'The chain.';
COMMENT ON COLUMN accounts.conversation_chains.first_epoch IS 'The first epoch whose record names it.';
COMMENT ON COLUMN accounts.conversation_chains.last_epoch IS 'The last one.';

CREATE TABLE accounts.log_places (
    conversation bytea    NOT NULL,
    s            bigint   NOT NULL CHECK (s >= 1),
    kind         smallint NOT NULL CHECK (kind IN (1, 2)),
    device       bytea    NOT NULL CHECK (octet_length(device) = 16),
    id           bytea    CHECK (octet_length(id) = 16),
    digest       bytea    NOT NULL CHECK (octet_length(digest) = 32),
    hash         bytea    NOT NULL CHECK (octet_length(hash) = 32),
    at           bigint   NOT NULL,
    PRIMARY KEY (conversation, s),
    CHECK ((kind = 2) = (id IS NOT NULL))
);
CREATE UNIQUE INDEX log_places_once ON accounts.log_places (conversation, device, id) WHERE id IS NOT NULL;
ALTER TABLE accounts.log_places
    ALTER COLUMN id SET STATISTICS 0,
    ALTER COLUMN digest SET STATISTICS 0,
    ALTER COLUMN hash SET STATISTICS 0;
COMMENT ON TABLE  accounts.log_places IS 'The logs of conversations: what was written in which order. Rows are never changed.';
COMMENT ON COLUMN accounts.log_places.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.log_places.s IS 'The place, from 1.';
COMMENT ON COLUMN accounts.log_places.kind IS '1: a record. 2: a message.';
COMMENT ON COLUMN accounts.log_places.device IS 'The device that wrote it.';
COMMENT ON COLUMN accounts.log_places.id IS 'Of a message: 16 bytes drawn by its author.';
COMMENT ON COLUMN accounts.log_places.digest IS 'SHA-256 of what was written, which is encrypted.';
COMMENT ON COLUMN accounts.log_places.hash IS 'The hash of the log up to here.';
COMMENT ON COLUMN accounts.log_places.at IS 'When it came.';

CREATE TABLE accounts.entries (
    conversation bytea  NOT NULL,
    s            bigint NOT NULL,
    segment      bytea  NOT NULL CHECK (octet_length(segment) = 16),
    expires_at   bigint NOT NULL,
    sealed       bytea  NOT NULL,
    PRIMARY KEY (conversation, s)
);
CREATE INDEX entries_expires_at ON accounts.entries (expires_at);
ALTER TABLE accounts.entries
    ALTER COLUMN sealed SET STORAGE EXTERNAL,
    ALTER COLUMN segment SET STATISTICS 0,
    ALTER COLUMN sealed SET STATISTICS 0;
COMMENT ON TABLE  accounts.entries IS 'Messages that wait for a device. Rows are never changed.';
COMMENT ON COLUMN accounts.entries.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.entries.s IS 'Its place in the log.';
COMMENT ON COLUMN accounts.entries.segment IS 'The segment whose key it is sealed under.';
COMMENT ON COLUMN accounts.entries.expires_at IS 'When it is destroyed at the latest.';
COMMENT ON COLUMN accounts.entries.sealed IS 'The encrypted message, sealed once more under the key of its segment.';

CREATE TABLE accounts.segments (
    segment      bytea  PRIMARY KEY CHECK (octet_length(segment) = 16),
    conversation bytea  NOT NULL,
    first_s      bigint NOT NULL CHECK (first_s >= 1)
);
CREATE INDEX segments_conversation ON accounts.segments (conversation, first_s);
COMMENT ON TABLE  accounts.segments IS 'The messages of an hour in a conversation, and the key that they are sealed under. It is destroyed with the last of them.';
COMMENT ON COLUMN accounts.segments.segment IS 'The payload that holds the key.';
COMMENT ON COLUMN accounts.segments.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.segments.first_s IS 'The place of its first message.';

CREATE TABLE accounts.records (
    conversation bytea  NOT NULL,
    epoch        bigint NOT NULL CHECK (epoch >= 1),
    record       bytea  NOT NULL CHECK (octet_length(record) = 32),
    s            bigint NOT NULL CHECK (s >= 1),
    log          bytea  NOT NULL CHECK (octet_length(log) = 32),
    at           bigint NOT NULL,
    ended_at     bigint,
    payload      bytea  NOT NULL CHECK (octet_length(payload) = 16),
    boxes        bytea  CHECK (octet_length(boxes) = 16),
    size         integer NOT NULL,
    PRIMARY KEY (conversation, epoch)
);
CREATE UNIQUE INDEX records_s ON accounts.records (conversation, s);
CREATE INDEX records_ended_at ON accounts.records (ended_at) WHERE ended_at IS NOT NULL;
ALTER TABLE accounts.records
    ALTER COLUMN record SET STATISTICS 0,
    ALTER COLUMN log SET STATISTICS 0,
    ALTER COLUMN payload SET STATISTICS 0,
    ALTER COLUMN boxes SET STATISTICS 0;
COMMENT ON TABLE  accounts.records IS 'Records of epochs, the newest of each conversation and those that it came after lately.';
COMMENT ON COLUMN accounts.records.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.records.epoch IS 'The number of its epoch.';
COMMENT ON COLUMN accounts.records.record IS 'SHA-256 of the record.';
COMMENT ON COLUMN accounts.records.s IS 'Its place in the log.';
COMMENT ON COLUMN accounts.records.log IS 'The hash of the log up to there.';
COMMENT ON COLUMN accounts.records.at IS 'When it came.';
COMMENT ON COLUMN accounts.records.ended_at IS 'When the next one came; 30 days later it is destroyed.';
COMMENT ON COLUMN accounts.records.payload IS 'The record, its signature and the hashes of its boxes, sealed like any payload.';
COMMENT ON COLUMN accounts.records.boxes IS 'The payload that holds the key which its boxes are sealed under; null once all of them are gone.';
COMMENT ON COLUMN accounts.records.size IS 'How many bytes the record has, with its signature and the hashes of its boxes.';

CREATE TABLE accounts.boxes (
    conversation bytea  NOT NULL,
    epoch        bigint NOT NULL,
    device       bytea  NOT NULL CHECK (octet_length(device) = 16),
    sealed       bytea  NOT NULL,
    PRIMARY KEY (conversation, epoch, device)
);
CREATE INDEX boxes_device ON accounts.boxes (conversation, device);
ALTER TABLE accounts.boxes
    ALTER COLUMN sealed SET STORAGE EXTERNAL,
    ALTER COLUMN sealed SET STATISTICS 0;
COMMENT ON TABLE  accounts.boxes IS 'The secret of an epoch, encrypted for one device each, until that device has read it.';
COMMENT ON COLUMN accounts.boxes.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.boxes.epoch IS 'The epoch.';
COMMENT ON COLUMN accounts.boxes.device IS 'The device that it is for.';
COMMENT ON COLUMN accounts.boxes.sealed IS 'The box, sealed once more under the key of the boxes of its epoch.';

CREATE TABLE accounts.leaves (
    conversation bytea  NOT NULL REFERENCES accounts.conversations (conversation) ON DELETE CASCADE,
    chain        bytea  NOT NULL CHECK (octet_length(chain) = 32),
    since        bigint NOT NULL CHECK (since >= 1),
    device       bytea  NOT NULL CHECK (octet_length(device) = 16),
    signature    bytea  NOT NULL CHECK (octet_length(signature) = 64),
    PRIMARY KEY (conversation, chain)
);
ALTER TABLE accounts.leaves ALTER COLUMN signature SET STATISTICS 0;
COMMENT ON TABLE  accounts.leaves IS 'Who has left a conversation, until its next record says so.';
COMMENT ON COLUMN accounts.leaves.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.leaves.chain IS 'Who has left.';
COMMENT ON COLUMN accounts.leaves.since IS 'The epoch in which they had entered.';
COMMENT ON COLUMN accounts.leaves.device IS 'The device that has signed it.';
COMMENT ON COLUMN accounts.leaves.signature IS 'Its signature.';

CREATE TABLE accounts.joins (
    conversation bytea  NOT NULL REFERENCES accounts.conversations (conversation) ON DELETE CASCADE,
    account      bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    payload      bytea  NOT NULL CHECK (octet_length(payload) = 16),
    expires_at   bigint NOT NULL,
    PRIMARY KEY (conversation, account)
);
CREATE INDEX joins_account ON accounts.joins (account);
CREATE INDEX joins_expires_at ON accounts.joins (expires_at);
ALTER TABLE accounts.joins ALTER COLUMN payload SET STATISTICS 0;
COMMENT ON TABLE  accounts.joins IS 'Who waits to be added to a conversation by one of its admins, for seven days.';
COMMENT ON COLUMN accounts.joins.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.joins.account IS 'Who waits.';
COMMENT ON COLUMN accounts.joins.payload IS 'What they sent to the one who had invited them, encrypted, sealed like any payload.';
COMMENT ON COLUMN accounts.joins.expires_at IS 'When it is destroyed.';

CREATE TABLE accounts.departures (
    conversation bytea  NOT NULL REFERENCES accounts.conversations (conversation) ON DELETE CASCADE,
    account      bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    left_at      bigint NOT NULL,
    PRIMARY KEY (conversation, account)
);
CREATE INDEX departures_account ON accounts.departures (account);
CREATE INDEX departures_left_at ON accounts.departures (left_at);
COMMENT ON TABLE  accounts.departures IS 'Who has left a conversation within 30 days: nobody brings them back but who asks for it.';
COMMENT ON COLUMN accounts.departures.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.departures.account IS 'Who has left it.';
COMMENT ON COLUMN accounts.departures.left_at IS 'When they did.';

CREATE TABLE accounts.box_budgets (
    account    bytea   PRIMARY KEY REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    day        integer NOT NULL,
    bytes      bigint  NOT NULL,
    free_until bigint
);
COMMENT ON TABLE  accounts.box_budgets IS 'How many bytes of records and boxes an account has posted on a day.';
COMMENT ON COLUMN accounts.box_budgets.account IS 'The account.';
COMMENT ON COLUMN accounts.box_budgets.day IS 'The day, in days since 1970.';
COMMENT ON COLUMN accounts.box_budgets.bytes IS 'How many bytes on that day.';
COMMENT ON COLUMN accounts.box_budgets.free_until IS 'Until when it may post more: it has removed a device, or was recovered.';

-- What an account's older devices hand to one that was linked lately.
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

CREATE TABLE accounts.reports (
    report      bytea   PRIMARY KEY CHECK (octet_length(report) = 16),
    accused     bytea   REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    account     bytea   REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    reason      text    NOT NULL CHECK (reason IN ('spam', 'harassment', 'threat', 'children', 'illegal', 'other')),
    messages    smallint NOT NULL CHECK (messages BETWEEN 0 AND 10),
    size        integer NOT NULL CHECK (size >= 0),
    day         integer NOT NULL,
    payload     bytea   CHECK (octet_length(payload) = 16),
    decision    text    CHECK (decision IN ('dismissed', 'suspended')),
    decided_by  text,
    decided_day integer,
    CHECK ((messages = 0) = (accused IS NULL)),
    CHECK ((payload IS NULL) = (decision IS NOT NULL)),
    CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_day IS NULL))
);
CREATE INDEX reports_accused ON accounts.reports (accused);
CREATE INDEX reports_account ON accounts.reports (account);
CREATE INDEX reports_day ON accounts.reports (day, report);
ALTER TABLE accounts.reports
    ALTER COLUMN report SET STATISTICS 0,
    ALTER COLUMN accused SET STATISTICS 0,
    ALTER COLUMN account SET STATISTICS 0,
    ALTER COLUMN payload SET STATISTICS 0,
    ALTER COLUMN decided_by SET STATISTICS 0;
COMMENT ON TABLE  accounts.reports IS 'Reports that wait for an operator or were decided on; all of a report goes 90 days after it was made.';
COMMENT ON COLUMN accounts.reports.report IS 'A keyed hash of who reports and of the id that their program has drawn.';
COMMENT ON COLUMN accounts.reports.accused IS 'The account that wrote the messages; null for a report from a room, where nobody is known.';
COMMENT ON COLUMN accounts.reports.account IS 'Who reports; null for a report from a room, and once that account is deleted.';
COMMENT ON COLUMN accounts.reports.reason IS 'Why, from a short list.';
COMMENT ON COLUMN accounts.reports.messages IS 'How many messages are shown that the account is proved to have written; 0: the word of who reports is all there is.';
COMMENT ON COLUMN accounts.reports.size IS 'How many bytes the messages and the text have.';
COMMENT ON COLUMN accounts.reports.day IS 'When it was made, in days since 1970.';
COMMENT ON COLUMN accounts.reports.payload IS 'The messages and the text, sealed like any payload; destroyed by the decision.';
COMMENT ON COLUMN accounts.reports.decision IS 'What was decided; null while it waits.';
COMMENT ON COLUMN accounts.reports.decided_by IS 'Which operator has decided.';
COMMENT ON COLUMN accounts.reports.decided_day IS 'When that was, in days since 1970.';

-- Where devices are reached while no page of theirs is open: at the push service of their browser.
CREATE TABLE accounts.push_subscriptions (
    account bytea    NOT NULL,
    device  bytea    NOT NULL,
    sid     bytea    NOT NULL REFERENCES accounts.sessions (sid) ON DELETE CASCADE,
    payload bytea    NOT NULL CHECK (octet_length(payload) = 16),
    due_at  bigint,
    tries   smallint NOT NULL DEFAULT 0 CHECK (tries >= 0),
    told_at bigint,
    told_in bytea    REFERENCES accounts.conversations (conversation) ON DELETE SET NULL,
    told_s  bigint,
    PRIMARY KEY (account, device),
    FOREIGN KEY (account, device) REFERENCES accounts.devices ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX push_subscriptions_sid ON accounts.push_subscriptions (sid);
CREATE INDEX push_subscriptions_due ON accounts.push_subscriptions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX push_subscriptions_told_in ON accounts.push_subscriptions (told_in) WHERE told_in IS NOT NULL;
ALTER TABLE accounts.push_subscriptions ALTER COLUMN payload SET STATISTICS 0;
COMMENT ON TABLE  accounts.push_subscriptions IS 'Devices that want to be told by their browser''s push service that something is new.';
COMMENT ON COLUMN accounts.push_subscriptions.account IS 'The account.';
COMMENT ON COLUMN accounts.push_subscriptions.device IS 'The device.';
COMMENT ON COLUMN accounts.push_subscriptions.sid IS 'The session that asked for it, with which it ends.';
COMMENT ON COLUMN accounts.push_subscriptions.payload IS 'Address and keys of the subscription, sealed like any payload.';
COMMENT ON COLUMN accounts.push_subscriptions.due_at IS 'When a push is to be sent, or sent again if who sends it now dies; null if none is.';
COMMENT ON COLUMN accounts.push_subscriptions.tries IS 'How often that was tried.';
COMMENT ON COLUMN accounts.push_subscriptions.told_at IS 'When one was sent last.';
COMMENT ON COLUMN accounts.push_subscriptions.told_in IS 'The conversation for whose sake; null if it was for none, or that is gone.';
COMMENT ON COLUMN accounts.push_subscriptions.told_s IS 'The last place of its log at that time.';

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
CREATE INDEX files_looked_at ON accounts.files (looked_at) WHERE state <> 3;
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
COMMENT ON COLUMN accounts.files.latest IS 'When it goes at the latest, however often something of it lands: by its time to live, or by the timer of its conversation.';
COMMENT ON COLUMN accounts.files.created_at IS 'When it was made.';
COMMENT ON COLUMN accounts.files.expires_at IS 'When it goes; of one that is being deleted, when it counts no more.';
COMMENT ON COLUMN accounts.files.put_until IS 'Until when an address may be in use by which a segment is stored.';
COMMENT ON COLUMN accounts.files.looked_at IS 'When the store was asked last what has landed.';
COMMENT ON COLUMN accounts.files.broken IS 'Whether an object that had landed was found to be gone, when that was looked at last.';

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
