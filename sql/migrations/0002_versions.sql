-- What a process remembers of a room is true while the room's version stands; leases end by
-- the room; and so a message's lease is written without touching an index.

ALTER TABLE rooms
    ADD COLUMN version bigint NOT NULL DEFAULT (random() * 9007199254740991)::bigint,
    ADD COLUMN lease_due bigint;
COMMENT ON COLUMN rooms.version IS 'Drawn anew with every change in the room, by whoever holds its lock: what a process remembers of the room is true while this is the same.';
COMMENT ON COLUMN rooms.lease_due IS 'No lease in the room ends before this; null when none runs.';

UPDATE rooms SET lease_due = (
    SELECT min(lease_until) FROM (
        SELECT lease_until FROM messages WHERE messages.room = rooms.room
        UNION ALL SELECT lease_until FROM audience WHERE audience.room = rooms.room
    ) AS running
);
CREATE INDEX rooms_lease_due ON rooms (lease_due) WHERE lease_due IS NOT NULL;
DROP INDEX messages_lease_until;
DROP INDEX audience_lease_until;

-- A new version of a row finds room in its page, and then no index is written.
ALTER TABLE rooms SET (fillfactor = 50);
ALTER TABLE messages SET (fillfactor = 70);

-- One index for finding a tombstone and for ending all of a room's.
ALTER TABLE tombstones DROP CONSTRAINT tombstones_pkey, ADD PRIMARY KEY (room, tombstone);
DROP INDEX tombstones_room;
