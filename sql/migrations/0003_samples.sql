-- ANALYZE keeps samples of what a column holds, and keeps them when the rows are gone. No query
-- asks for these columns' values, so nothing is sampled of them.

-- To give a column its type again forgets its samples, and how it was stored.
ALTER TABLE payloads ALTER COLUMN body TYPE bytea;
ALTER TABLE payloads
    ALTER COLUMN body SET STORAGE EXTERNAL,
    ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE payload_keys ALTER COLUMN wrapped TYPE bytea;
ALTER TABLE payload_keys ALTER COLUMN wrapped SET STATISTICS 0;
ALTER TABLE messages
    ALTER COLUMN viewing_hash TYPE bytea,
    ALTER COLUMN digest TYPE bytea,
    ALTER COLUMN viewing TYPE bytea;
ALTER TABLE messages
    ALTER COLUMN viewing_hash SET STATISTICS 0,
    ALTER COLUMN digest SET STATISTICS 0,
    ALTER COLUMN viewing SET STATISTICS 0;
ALTER TABLE tombstones ALTER COLUMN viewing TYPE bytea;
ALTER TABLE tombstones ALTER COLUMN viewing SET STATISTICS 0;
ALTER TABLE rooms
    ALTER COLUMN charter TYPE bytea,
    ALTER COLUMN charter_mac TYPE bytea;
ALTER TABLE rooms
    ALTER COLUMN charter SET STATISTICS 0,
    ALTER COLUMN charter_mac SET STATISTICS 0;
