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
    repairs       smallint NOT NULL DEFAULT 0,
    repairs_day   integer  NOT NULL DEFAULT 0,
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
COMMENT ON COLUMN accounts.conversations.repairs IS 'How many epochs were begun on a day without a reason that the server sees.';
COMMENT ON COLUMN accounts.conversations.repairs_day IS 'That day, in days since 1970.';
COMMENT ON COLUMN accounts.conversations.trimmed_day IS 'The day on which it was last looked at what all devices have acknowledged that were seen lately.';

CREATE TABLE accounts.conversation_people (
    conversation bytea  NOT NULL REFERENCES accounts.conversations (conversation) ON DELETE CASCADE,
    chain        bytea  NOT NULL CHECK (octet_length(chain) = 32),
    account      bytea  REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    admin        boolean NOT NULL,
    since        bigint NOT NULL CHECK (since >= 1),
    first_seen   bigint NOT NULL DEFAULT 0 CHECK (first_seen >= 0),
    PRIMARY KEY (conversation, chain)
);
CREATE INDEX conversation_people_account ON accounts.conversation_people (account, conversation);
CREATE INDEX conversation_people_chain ON accounts.conversation_people (chain);
COMMENT ON TABLE  accounts.conversation_people IS 'Who is in a conversation. Who has left it has no row.';
COMMENT ON COLUMN accounts.conversation_people.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.conversation_people.chain IS 'The person: a chain.';
COMMENT ON COLUMN accounts.conversation_people.account IS 'The account whose chain in force it is; null where it is none''s.';
COMMENT ON COLUMN accounts.conversation_people.admin IS 'Whether this person is admin.';
COMMENT ON COLUMN accounts.conversation_people.since IS 'The epoch in which this person entered.';
COMMENT ON COLUMN accounts.conversation_people.first_seen IS 'How far the author of that epoch''s record had read the log; what stands up to there is not served to this person.';

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
