"""Whether a request comes from the device that it is said to come from.

A proof is one device's signature over one request: audience, method, path, the token that is shown
with it, and the time. It is good for a minute, and proves nothing for any other request. Within
that minute it may be shown again, by whoever has read the request in full, token and all: TLS keeps
it from others, and what a repeated request does is what the first one did (each that changes
something is idempotent, or counted by a number). So no list of proofs that were seen is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import device_rows, session_rows
from ephemeral.protocol.accounts import proofs
from ephemeral.protocol.errors import Refusal
from ephemeral.store.postgres import connection, statement, transaction

if TYPE_CHECKING:
    from ephemeral.accounts.rules.nouns import Session
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Proof", "Proofs"]

#: How far the time of a proof may be from the database's.
WINDOW_MS = 60_000


class Proof(NamedTuple):
    """What a request was proved with, and of which request that is to be."""

    text: str
    method: str
    path: str
    token: str


class Proofs:
    """Checks proofs for an audience, by the database's clock."""

    def __init__(self, pool: Pool, audience: str) -> None:
        self._pool = pool
        self._audience = audience

    def check(self, key: bytes, proof: Proof | None, now: int) -> None:
        """Refuse `proof_wrong`, with the time, unless a device's key made this proof just now."""
        if proof is None or not self._is_right(key, proof, now):
            raise Refusal("proof_wrong", now=now)

    async def check_session(self, session: Session, proof: Proof | None) -> None:
        """The same by the session's device.

        Refuses `session_ended` where there is none, and `device_revoked` where it was removed.
        """
        account, device = session.account, session.device

        async def prover(connection: Connection) -> tuple[tuple[bytes, bytes] | None, int]:
            return await session_rows.prover(connection, session.sid)

        # With nearly every request: one statement, without a transaction around it. After a
        # conflict it is asked again as others are.
        read = await statement(self._pool, prover)
        found, now = await transaction(self._pool, prover) if read is None else read
        if found is None or found[0] != device:
            was_removed = False
            if found is None and device is not None:
                async with connection(self._pool) as single:
                    was_removed = await device_rows.was_removed(single, account, device)
            raise Refusal("device_revoked" if was_removed else "session_ended", now=now)
        self.check(found[1], proof, now)

    def _is_right(self, key: bytes, proof: Proof, now: int) -> bool:
        try:
            read = proofs.read_proof(proof.text)
        except Refusal:
            return False
        if abs(now - read.time) > WINDOW_MS:
            return False
        return proofs.verify_proof(key, read, self._audience, proof.method, proof.path, proof.token)
