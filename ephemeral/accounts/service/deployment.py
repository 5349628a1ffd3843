"""What all hosts agree on without a word: the audience of tokens and proofs, from the salt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.rows import deployment_rows
from ephemeral.protocol.accounts.proofs import audience
from ephemeral.store.postgres import transaction
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["read_audience"]


async def read_audience(pool: Pool) -> str:
    """The audience of this deployment, which rooms have made; raises StartError."""
    salt = await transaction(pool, deployment_rows.salt)
    if salt is None:
        raise StartError("The deployment has no salt yet: accounts open after rooms.")
    return audience(salt)
