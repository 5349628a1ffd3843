-- A lease that is given back ends without being counted: who gives one back is remembered, so that
-- the same member can't take it again before others could. And authors learn more of what became
-- of their messages: how often they were opened, who read them last, when they ended.
ALTER TABLE messages
    ADD COLUMN leases    integer NOT NULL DEFAULT 1,
    ADD COLUMN returns   integer NOT NULL DEFAULT 0,
    ADD COLUMN returners bytea,
    ADD COLUMN reader    bytea CHECK (octet_length(reader) = 16);
-- What waits already may have been opened: it must never be shown as unopened.
ALTER TABLE messages ALTER COLUMN leases SET DEFAULT 0;
ALTER TABLE messages
    ALTER COLUMN returners SET STATISTICS 0,
    ALTER COLUMN reader SET STATISTICS 0;
COMMENT ON COLUMN messages.everyone IS 'True where the members in audience decide; false: first view destroys.';
COMMENT ON COLUMN messages.leases IS 'How many leases have ever begun, of all members.';
COMMENT ON COLUMN messages.returns IS 'How many of them were given back: by release, leaving, or the loss of the seat.';
COMMENT ON COLUMN messages.returners IS 'First view: members who gave it back, 16 bytes and the time in 8 each, as long as that may keep somebody from taking it again.';
COMMENT ON COLUMN messages.reader IS 'Everyone: who acknowledged last.';
COMMENT ON TABLE audience IS 'Everyone policy: who was present when a message was accepted. Who leaves is removed; once nobody is left, the message ends.';

ALTER TABLE tombstones
    DROP CONSTRAINT tombstones_fate_check,
    DROP CONSTRAINT tombstones_check,
    ADD COLUMN reader   bytea CHECK (octet_length(reader) = 16),
    ADD COLUMN opened   integer,
    ADD COLUMN ended_at bigint;
ALTER TABLE tombstones
    ADD CHECK (fate BETWEEN 1 AND 4),
    ADD CHECK (CASE fate WHEN 1 THEN viewing IS NOT NULL WHEN 4 THEN true ELSE viewing IS NULL END);
ALTER TABLE tombstones ALTER COLUMN reader SET STATISTICS 0;
COMMENT ON COLUMN tombstones.fate IS '1 viewed, 2 unconfirmed, 3 expired, 4 withdrawn.';
COMMENT ON COLUMN tombstones.reader IS 'Who acknowledged last, if anybody did.';
COMMENT ON COLUMN tombstones.opened IS 'How many leases had ever begun; null in those from before that was counted.';
COMMENT ON COLUMN tombstones.ended_at IS 'When the message was destroyed; null in those from before that was noted.';
