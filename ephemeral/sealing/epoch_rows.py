"""SQL for the table ``epochs``, for the index key's fingerprint, and for the loss of keys."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

# "ephemkey", read as a number: any fixed one does that no other lock of the program uses.
_KEYRING_LOCK = int.from_bytes(b"ephemkey")


State = Literal["current", "retiring", "destroyed"]


class EpochRow(NamedTuple):
    """An epoch as the database knows it: ``fingerprint`` has 8 bytes, ``created_at`` is in ms.

    ``current`` wraps what is written now. ``retiring`` wraps what has survived so far.
    ``destroyed`` wraps nothing any more, and its key file is gone or must go.
    """

    id: int
    fingerprint: bytes
    state: State
    created_at: int


class Survivor(NamedTuple):
    """A wrapped data key, by the id of its payload."""

    payload: bytes
    wrapped: bytes


async def lock_keyring(connection: "Connection") -> None:
    """Keep other makers of keys away until the transaction ends.

    The lock on ``KEYRING_DIR`` does the same where its file system knows such locks; whoever
    takes both takes that one first.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _KEYRING_LOCK)


async def index_fingerprint(connection: "Connection") -> bytes | None:
    """The fingerprint of the index key, None before the first start has made it."""
    value: bytes | None = await connection.fetchval("SELECT index_fingerprint FROM keyring")
    return value


async def set_index_fingerprint(connection: "Connection", fingerprint: bytes) -> None:
    """Record the index key, once: there must be none yet."""
    await connection.execute("INSERT INTO keyring (index_fingerprint) VALUES ($1)", fingerprint)


async def all_epochs(connection: "Connection") -> list[EpochRow]:
    """Every epoch, oldest first."""
    rows = await connection.fetch(
        "SELECT id, fingerprint, state, created_at FROM epochs ORDER BY id"
    )
    return [EpochRow(*row) for row in rows]


async def current_epoch(connection: "Connection") -> EpochRow | None:
    """The epoch that wraps what is written now."""
    row = await connection.fetchrow(
        "SELECT id, fingerprint, state, created_at FROM epochs WHERE state = 'current'"
    )
    return None if row is None else EpochRow(*row)


async def hold_current_epoch(connection: "Connection", epoch: int) -> bool:
    """Keep an epoch current until the transaction ends; False if it no longer is.

    Each transaction that inserts wrapped keys calls this, after it has locked its rooms and before
    it inserts: retiring an epoch locks its row for update, so that it waits for inserts under way
    and later ones see here that they are late.
    """
    value = await connection.fetchval(
        "SELECT true FROM epochs WHERE id = $1 AND state = 'current' FOR SHARE", epoch
    )
    return value is not None


async def next_epoch_id(connection: "Connection") -> int:
    """An id that no epoch has or will get: the key file needs it before the row exists.

    Called outside a transaction, so that it is on the disk when this returns: after a crash the
    database still knows that it has given the id out (``last_epoch_id``).
    """
    value: int = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('epochs', 'id'))")
    return value


async def last_epoch_id(connection: "Connection") -> int:
    """The highest id given out so far, or a little more after a crash; 0 if none was."""
    value: int = await connection.fetchval(
        """
        SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('epochs', 'id')::regclass), 0)
        """
    )
    return value


async def retire_current_epoch(connection: "Connection") -> None:
    """Let the current epoch, if there is one, wrap nothing new; waits for inserts under way."""
    await connection.execute("UPDATE epochs SET state = 'retiring' WHERE state = 'current'")


async def insert_current_epoch(connection: "Connection", epoch: int, fingerprint: bytes) -> None:
    """Add the current epoch; another current one makes this fail by its unique index."""
    await connection.execute(
        """
        INSERT INTO epochs (id, fingerprint, state, created_at) OVERRIDING SYSTEM VALUE
        VALUES ($1, $2, 'current', clock_ms())
        """,
        epoch,
        fingerprint,
    )


async def lock_epochs(connection: "Connection", epochs: list[int]) -> None:
    """Wait for inserts under these epochs and keep new ones out until the transaction ends."""
    await connection.execute(
        "SELECT FROM epochs WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE", epochs
    )


async def lock_survivors(
    connection: "Connection", epoch: int, after: bytes, limit: int
) -> list[Survivor]:
    """Lock the next keys wrapped by an epoch, in the order of their payloads.

    Keys that somebody is destroying are left out: waiting for them would slow requests down, and
    could lock up with one that destroys several.
    """
    rows = await connection.fetch(
        """
        SELECT payload, wrapped FROM payload_keys WHERE epoch = $1 AND payload > $2
        ORDER BY payload LIMIT $3 FOR UPDATE SKIP LOCKED
        """,
        epoch,
        after,
        limit,
    )
    return [Survivor(*row) for row in rows]


async def rewrap(connection: "Connection", epoch: int, survivors: Sequence[Survivor]) -> None:
    """Replace wrapped keys, which are locked, by those under the epoch, which is held."""
    await connection.execute(
        """
        UPDATE payload_keys SET epoch = $1, wrapped = q.wrapped
        FROM unnest($2::bytea[], $3::bytea[]) AS q (payload, wrapped)
        WHERE payload_keys.payload = q.payload
        """,
        epoch,
        [survivor.payload for survivor in survivors],
        [survivor.wrapped for survivor in survivors],
    )


async def destroy_epoch(connection: "Connection", epoch: int) -> bool:
    """Record that a retiring epoch, which is locked, wraps nothing; False if it still does.

    Once that is committed its key file is to be removed, and then its row.
    """
    value = await connection.fetchval(
        """
        UPDATE epochs SET state = 'destroyed' WHERE id = $1 AND state = 'retiring'
           AND NOT EXISTS (SELECT FROM payload_keys WHERE payload_keys.epoch = $1)
        RETURNING true
        """,
        epoch,
    )
    return value is not None


async def forget_epoch(connection: "Connection", epoch: int) -> None:
    """Remove the row of a destroyed epoch whose key file is gone."""
    await connection.execute("DELETE FROM epochs WHERE id = $1 AND state = 'destroyed'", epoch)


async def count_payloads(connection: "Connection", epochs: list[int]) -> int:
    """How many stored payloads only these epochs' keys can open."""
    value: int = await connection.fetchval(
        "SELECT count(*) FROM payload_keys WHERE epoch = ANY($1::bigint[])", epochs
    )
    return value


async def delete_epochs(connection: "Connection", epochs: list[int]) -> None:
    """Remove epochs on which no payload depends; those on which one does stay."""
    await connection.execute(
        """
        DELETE FROM epochs WHERE id = ANY($1::bigint[])
           AND NOT EXISTS (SELECT FROM payload_keys WHERE payload_keys.epoch = epochs.id)
        """,
        epochs,
    )


async def lock_rooms_of_epochs(connection: "Connection", epochs: list[int]) -> None:
    """Lock, in the order of their names, the rooms with payloads under these epochs.

    What processes remember of them is out of date from here on.
    """
    await connection.execute(
        """
        WITH locked AS (
        SELECT room FROM rooms
        WHERE room IN (
            SELECT messages.room
            FROM payload_keys JOIN messages ON messages.payload = payload_keys.payload
            WHERE payload_keys.epoch = ANY($1::bigint[])
            UNION ALL
            SELECT seats.room
            FROM payload_keys JOIN seats
                ON payload_keys.payload IN (seats.profile, seats.resume_key)
            WHERE payload_keys.epoch = ANY($1::bigint[])
            UNION ALL
            SELECT attachments.room
            FROM payload_keys JOIN attachments ON attachments.payload = payload_keys.payload
            WHERE payload_keys.epoch = ANY($1::bigint[])
        )
        ORDER BY room
        FOR UPDATE
        )
        UPDATE rooms SET version = DEFAULT FROM locked WHERE rooms.room = locked.room
        """,
        epochs,
    )


async def destroy_unreadable(connection: "Connection", epochs: list[int]) -> int:
    """Destroy all payloads under these epochs with what points to them; says how many.

    Messages go without a tombstone, and with their attachments: they met no fate, and an author who
    still has one may post it again. Seats stay, without the profile or the chance to resume that
    has been lost.
    """
    value: int = await connection.fetchval(
        """
        WITH unreadable AS (
            SELECT payload FROM payload_keys WHERE epoch = ANY($1::bigint[])
        ), unreadable_messages AS (
            DELETE FROM messages
            WHERE payload IN (SELECT payload FROM unreadable)
               OR attachment IS NOT NULL AND (room, id) IN (
                  SELECT room, message FROM attachments JOIN unreadable USING (payload))
            RETURNING room, id, payload
        ), unreadable_attachments AS (
            DELETE FROM attachments
            WHERE payload IN (SELECT payload FROM unreadable)
               OR (room, message) IN (SELECT room, id FROM unreadable_messages)
            RETURNING prefix, payload
        ), purged AS (
            INSERT INTO purges (prefix, kind) SELECT prefix, 'a' FROM unreadable_attachments
        ), lost AS MATERIALIZED (
            SELECT payload FROM unreadable
            UNION SELECT payload FROM unreadable_messages
            UNION SELECT payload FROM unreadable_attachments
        ), audiences AS (
            DELETE FROM audience USING unreadable_messages AS m
            WHERE audience.room = m.room AND audience.message = m.id
        ), impaired_seats AS (
            UPDATE seats SET
                profile = CASE WHEN profile NOT IN (SELECT payload FROM lost) THEN profile END,
                resume_key =
                    CASE WHEN resume_key NOT IN (SELECT payload FROM lost) THEN resume_key END,
                resume_hash =
                    CASE WHEN resume_key NOT IN (SELECT payload FROM lost) THEN resume_hash END
            WHERE profile IN (SELECT payload FROM lost)
               OR resume_key IN (SELECT payload FROM lost)
        ), destroyed AS (
            DELETE FROM payload_keys USING lost WHERE payload_keys.payload = lost.payload
            RETURNING true
        ), bodies AS (
            DELETE FROM payloads USING lost WHERE payloads.id = lost.payload
        )
        SELECT count(*) FROM destroyed
        """,
        epochs,
    )
    return value
