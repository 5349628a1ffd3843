-- A seat keeps the generation of its sockets, so that a hello that comes late closes nothing newer;
-- and one whose tab was closed is held for seconds, not for the grace.
ALTER TABLE seats
    ADD COLUMN generation bigint NOT NULL DEFAULT 0,
    ADD COLUMN closed_tab boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN seats.member IS 'Names the member in this room only: 16 bytes that client and server derive from its token.';
COMMENT ON COLUMN seats.generation IS 'The highest that a hello of this seat has named; a lower one is late.';
COMMENT ON COLUMN seats.closed_tab IS 'The last socket was closed with its tab: the seat is held for 5 seconds from seen_at.';
