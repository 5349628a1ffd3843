"""What accounts share with everything else of this deployment: its salt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection


async def salt(connection: Connection) -> bytes | None:
    """The public salt of the deployment's key derivation, once it has been made."""
    found: bytes | None = await connection.fetchval("SELECT salt FROM deployment")
    return found
