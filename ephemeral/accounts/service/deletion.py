"""Deleting an account: one transaction, after which nothing in the database leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, chain_rows
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.departures import forget
from ephemeral.accounts.service.hooks import Hooks
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.pendings import Pendings
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.errors import refuse
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.protocol.accounts.chain import Signed
    from ephemeral.store.postgres import Connection

__all__ = ["Deleted", "Deletion"]


class Deleted(NamedTuple):
    """Whether an account is gone, or else when it will be; times in milliseconds."""

    due: int | None
    now: int


class Deletion:
    """Ends accounts."""

    def __init__(
        self,
        watches: Watches,
        hooks: Hooks,
        values: SealedValues,
        sessions: Sessions,
        passwords: Passwords,
        pendings: Pendings,
    ) -> None:
        self._watches = watches
        self._hooks = hooks
        self._values = values
        self._sessions = sessions
        self._passwords = passwords
        self._pendings = pendings

    async def delete(self, connection: Connection, account: bytes) -> list[bytes]:
        """Remove every row and payload of an account, which is locked.

        Gives the sessions that have ended, to be told after the commit.
        """
        ended = await self._sessions.end_all(connection, account)
        await self._hooks.account_deleted(connection, account)
        await forget(connection, self._values, account)
        await account_rows.delete(connection, account)
        return ended

    async def ask(self, session: Session, auth_key: bytes, signed: Signed | None) -> Deleted:
        """What an owner asks for: at once without devices, and else by a CLOSE of their chain.

        Refuses `password_wrong`, `close_needed` where devices are linked and nothing is signed,
        and what the chain refuses.
        """
        await self._passwords.check(auth_key, session.account)

        async def work(connection: Connection) -> tuple[Deleted, list[bytes]]:
            await self._sessions.lock(connection, session)
            now = await clock(connection)
            due = None
            chain = await chain_rows.open_chain(connection, session.account)
            refuse(chain is not None and signed is None, "close_needed")
            if signed is not None:
                due = await self._pendings.close(connection, session.account, signed, now)
            if due is not None:
                return Deleted(due, now), []
            return Deleted(None, now), await self.delete(connection, session.account)

        deleted, ended = await self._watches.commit(session.account, work)
        self._sessions.tell_ended(ended)
        return deleted
