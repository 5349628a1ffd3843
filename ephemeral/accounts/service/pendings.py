"""What acts only after three days: CLOSE by a device, GENESIS beside a chain in force.

Whoever has stolen a device or a password may ask for either. Every device of the owner sees it and
may refuse it, and the ten words undo it; one thing waits at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.rows import chain_rows, pending_rows
from ephemeral.accounts.rows.pending_rows import PendingRow
from ephemeral.accounts.rules.nouns import GRACE_MS, UNDO_MS, Pending, Sealing, Session
from ephemeral.accounts.service.statements import Statements
from ephemeral.protocol.accounts.statements import NOBODY, Signed, StatementType
from ephemeral.protocol.errors import refuse

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Pendings"]


class Pendings:
    """What waits, of all accounts. Whoever changes it has locked the account's row."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def shown(self, connection: Connection, account: bytes) -> Pending | None:
        """What waits for an account."""
        waits = await pending_rows.pending(connection, account)
        return None if waits is None else _shown(waits)

    async def begin_genesis(
        self,
        connection: Connection,
        session: Session,
        signed: Signed,
        device: bytes,
        sealing: Sealing,
        now: int,
    ) -> Pending:
        """Let another chain wait, or find it waiting; refuses `pending`, and `conflict` for one
        that has been there before, as one that was undone."""
        standing = await self._standing(connection, session.account, "genesis", signed)
        if standing is not None:
            return _shown(standing)
        refuse(await chain_rows.is_known(connection, signed.statement.hash), "conflict")
        stored = await self._statements.seal(connection, sealing)
        row = PendingRow(
            "genesis",
            device,
            signed.encode(),
            now,
            now + GRACE_MS,
            session.sid,
            stored.payload,
            stored.number,
            stored.day,
        )
        await pending_rows.insert(connection, session.account, row)
        return _shown(row)

    async def close(
        self, connection: Connection, account: bytes, signed: Signed, now: int
    ) -> int | None:
        """Close the account's chain: when that will be, or None where it has been done.

        Signed by a device it waits; by the recovery key it acts, and the account is to be deleted
        in the same transaction. Where another chain came before, both wait as long as that one's
        words could undo this: else a thief who knew the password, and had begun another chain,
        would leave nothing to undo. Refuses what the rules do, and `pending`.
        """
        refuse(signed.statement.type != StatementType.CLOSE, "chain_type")
        row, chain = await self._statements.in_force(connection, account)
        by_words = signed.statement.signer == NOBODY
        undone_until = max(
            (
                one.ended_at + UNDO_MS
                for one in await chain_rows.ended(connection, account)
                if one.ended_at is not None
            ),
            default=now,
        )
        if by_words and undone_until <= now:
            await self._statements.extend(connection, account, row, signed)
            return None
        standing = await self._standing(connection, account, "close", signed)
        if standing is not None:
            return standing.due
        chain.extend(signed)
        due = max(undone_until, now if by_words else now + GRACE_MS)
        waits = PendingRow("close", signed.statement.signer, signed.encode(), now, due)
        await pending_rows.insert(connection, account, waits)
        return waits.due

    async def _standing(
        self, connection: Connection, account: bytes, kind: str, signed: Signed
    ) -> PendingRow | None:
        """The same, if it waits already; refuses `pending` where anything else does."""
        standing = await pending_rows.pending(connection, account)
        if standing is None:
            return None
        refuse((standing.kind, standing.signed) != (kind, signed.encode()), "pending")
        return standing


def _shown(row: PendingRow) -> Pending:
    return Pending(row.kind, row.device, row.at, row.due)
