"""Invitations: an operator hands one out, and one account may be made with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import invitation_rows
from ephemeral.accounts.rules.names import INVITATION_BYTES, invitation_hash
from ephemeral.protocol.encoding import b64encode
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Invitation", "invite"]

#: How long an invitation waits to be used.
WEEK_MS = 7 * 86_400_000


class Invitation(NamedTuple):
    """What is handed out, and until when it is good, in milliseconds since 1970."""

    text: str
    expires_at: int


async def invite(pool: Pool, index_key: bytes, random: Callable[[int], bytes]) -> Invitation:
    """Make an invitation, of which only a keyed hash is kept."""
    drawn = random(INVITATION_BYTES)
    name = invitation_hash(index_key, drawn)
    end = await transaction(
        pool, lambda connection: invitation_rows.insert(connection, name, WEEK_MS)
    )
    return Invitation(b64encode(drawn), end)
