-- The keyring is there before any wing is: what it must remember of itself stands in a table of its
-- own, and not beside what rooms have in common.
CREATE TABLE keyring (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    index_fingerprint bytea   NOT NULL CHECK (octet_length(index_fingerprint) = 8)
);
COMMENT ON TABLE  keyring IS 'What all hosts know of the keys outside the database. One row, made by the first start.';
COMMENT ON COLUMN keyring.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN keyring.index_fingerprint IS 'Fingerprint of index.key; a host with another key refuses to start.';

INSERT INTO keyring (index_fingerprint)
SELECT index_fingerprint FROM deployment WHERE index_fingerprint IS NOT NULL;

ALTER TABLE deployment DROP COLUMN index_fingerprint;
COMMENT ON TABLE deployment IS 'What all rooms of this deployment have in common. One row, made by the first start.';
