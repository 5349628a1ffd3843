"""The one row that all hosts of a deployment share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection


#: Names the advisory lock under which the row is made: the bytes of "deploy".
_LOCK = int.from_bytes(b"deploy")


async def lock(connection: Connection) -> None:
    """Keep other hosts out until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def read(connection: Connection) -> tuple[int, bytes] | None:
    """Suite and salt, if the deployment has been made."""
    row = await connection.fetchrow("SELECT suite, salt FROM deployment")
    return (row[0], row[1]) if row is not None else None


async def insert(connection: Connection, suite: int, salt: bytes) -> None:
    """Make the deployment."""
    await connection.execute(
        "INSERT INTO deployment (suite, salt, created_at) VALUES ($1, $2, clock_ms())", suite, salt
    )


async def any_room_lives(connection: Connection) -> bool:
    """Whether a change of the key derivation would lock somebody out."""
    found = await connection.fetchval(
        "SELECT true FROM rooms WHERE expires_at > clock_ms() LIMIT 1"
    )
    return found is not None


async def set_suite(connection: Connection, suite: int) -> None:
    """Change the key derivation."""
    await connection.execute("UPDATE deployment SET suite = $1", suite)
