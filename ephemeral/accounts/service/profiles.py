"""An account as its owner's clients ask for it first: what it has, and what they must know of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, chain_rows
from ephemeral.accounts.rules.nouns import Pending
from ephemeral.accounts.service.pendings import Pendings
from ephemeral.protocol.errors import Refusal
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["ChainView", "Profile", "Profiles"]


class ChainView(NamedTuple):
    """The chain in force, to its last statement."""

    chain: bytes
    sequence: int
    head: bytes


class Profile(NamedTuple):
    """An account; times in milliseconds. `ended`: chains that others took the place of.

    `suspended_day`: since when it is suspended, if it is.
    """

    created_day: int
    has_password: bool
    reused_at: int | None
    chain: ChainView | None
    ended: list[tuple[bytes, int]]
    pending: Pending | None
    suspended_day: int | None
    now: int


class Profiles:
    """Reads profiles."""

    def __init__(self, pool: Pool, pendings: Pendings) -> None:
        self._pool = pool
        self._pendings = pendings

    async def of(self, account: bytes) -> Profile:
        """The account as it is; refuses `session_ended` if it is gone."""

        async def work(connection: Connection) -> Profile:
            now = await clock(connection)
            row = await account_rows.read(connection, account)
            if row is None:
                raise Refusal("session_ended", now=now)
            chain = await chain_rows.open_chain(connection, account)
            ended = await chain_rows.ended(connection, account)
            return Profile(
                row.created_day,
                row.password is not None,
                row.reused_at,
                None if chain is None else ChainView(chain.chain, chain.sequence, chain.head),
                [(one.chain, one.ended_at or 0) for one in ended],
                await self._pendings.shown(connection, account),
                row.suspended_day,
                now,
            )

        return await transaction(self._pool, work, read_only=True)
