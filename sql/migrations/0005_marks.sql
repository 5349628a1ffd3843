-- A number that only rises, here and in a file beside the keys. A database that knows a lower one
-- than the file was set back: what has been destroyed since is there again, and must not be served.
ALTER TABLE keyring
    ADD COLUMN mark      bigint NOT NULL DEFAULT 0,
    ADD COLUMN marked_at bigint;
COMMENT ON COLUMN keyring.mark IS 'Raised once a second while a server runs, then written beside the keys: a lower one than there tells that the database was set back.';
COMMENT ON COLUMN keyring.marked_at IS 'The clock when the mark was raised, by which a wrong clock is noticed; null before the first.';
