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
