-- A message of a room may have an attachment: chunks beside the database, under a data key that stands here.
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

ALTER TABLE messages
    ADD COLUMN attachment   integer,
    ADD COLUMN lease_opened bigint;
COMMENT ON COLUMN messages.attachment IS 'Length of its attachment with padding, in bytes; null where there is none.';
COMMENT ON COLUMN messages.lease_opened IS 'First view, with an attachment: when the lease began, for it may be prolonged.';

ALTER TABLE audience ADD COLUMN lease_opened bigint;
COMMENT ON COLUMN audience.lease_opened IS 'When this member''s lease began, for it may be prolonged.';
