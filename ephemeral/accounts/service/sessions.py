"""Sessions: opened by whoever signs in, refreshed, proved by a device, listed and ended.

Whatever changes a session locks its account's row first, also a refresh, which knows the session
alone. What is ended is told to all processes once that is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral import metrics
from ephemeral.accounts.rows import account_rows, device_rows, session_rows, suspension_rows
from ephemeral.accounts.rows.account_rows import AccountRow
from ephemeral.accounts.rows.session_rows import SessionRow
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.rules.sessions import (
    DAY_MS,
    DEVICE_DAYS,
    PLAIN_DAYS,
    Outcome,
    RefreshToken,
    SessionView,
    read_refresh_token,
    refresh_token,
    refreshed,
)
from ephemeral.accounts.service.ended import KEPT_MS, EndedSessions
from ephemeral.accounts.service.proofs import Proof, Proofs
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Opened", "Sessions"]

#: More sessions than that nobody has: the oldest without a device end first.
_MOST = 50
_SWEPT = 500


class Opened(NamedTuple):
    """A session with its present refresh token, of which tokens are made.

    `ended`: those that made room for it; `tell_ended` of these after the commit.
    """

    session: Session
    refresh_token: str
    now: int
    ended: Sequence[bytes] = ()


class Sessions:
    """The sessions of all accounts."""

    def __init__(
        self,
        pool: Pool,
        values: SealedValues,
        ended: EndedSessions,
        proofs: Proofs,
        random: Callable[[int], bytes],
    ) -> None:
        self._pool = pool
        self._values = values
        self._ended = ended
        self._proofs = proofs
        self._random = random

    # --- in a transaction of others, in which the account's row is locked ------------------------

    async def open(
        self, connection: Connection, account: bytes, device: bytes | None = None
    ) -> Opened:
        """Another session of an account; as a device's if its key has been proved."""
        ended = await self._make_room(connection, account)
        sid, secret = self._random(16), self._random(32)
        payload = await self._values.store(connection, "family", secret)
        await session_rows.insert(connection, sid, account, device, payload)
        if device is not None:
            await device_rows.seen(connection, account, device)
        now = await clock(connection)
        return Opened(Session(account, sid, device), refresh_token(sid, secret, 0), now, ended)

    async def lock(self, connection: Connection, session: Session) -> AccountRow:
        """Lock a session's account; refuses `session_ended` one that ended since it was let in.

        Checking a password takes a while, in which a device is removed or an account recovered.
        """
        row = await account_rows.lock(connection, session.account)
        if row is None:
            raise Refusal("session_ended")
        await self.still(connection, session)
        return row

    async def still(self, connection: Connection, session: Session) -> None:
        """Refuse `session_ended` a session that has, whose account is locked."""
        refuse(await session_rows.read(connection, session.sid) is None, "session_ended")

    async def bind(self, connection: Connection, sid: bytes, device: bytes) -> bool:
        """A session without a device becomes that device's; False if it can't any more."""
        return await session_rows.bind(connection, sid, device)

    async def end_of_device(
        self, connection: Connection, account: bytes, device: bytes
    ) -> list[bytes]:
        """End all sessions of a device; `tell_ended` of these after the commit."""
        return await self._end(connection, account, lambda one: one.device == device)

    async def end_all(self, connection: Connection, account: bytes) -> list[bytes]:
        """End all sessions of an account; `tell_ended` of these after the commit."""
        return await self._end(connection, account, lambda _: True)

    async def end_others_without_device(
        self, connection: Connection, account: bytes, sid: bytes
    ) -> list[bytes]:
        """End all but this one that no device proves; `tell_ended` of these after the commit."""
        return await self._end(
            connection, account, lambda one: one.device is None and one.sid != sid
        )

    async def end_one(self, connection: Connection, account: bytes, sid: bytes) -> list[bytes]:
        """End one, if it is of this account; `tell_ended` of it after the commit."""
        return await self._end(connection, account, lambda one: one.sid == sid)

    def tell_ended(self, sids: Sequence[bytes]) -> None:
        """To be called after the commit: every process refuses their access tokens."""
        self._ended.tell(sids)

    # --- use cases --------------------------------------------------------------------------------

    async def listed(self, session: Session) -> tuple[list[SessionView], int]:
        """All sessions of an account, and the time."""

        async def work(connection: Connection) -> tuple[list[SessionView], int]:
            listed = await session_rows.of_account(connection, session.account)
            return listed, await clock(connection)

        return await transaction(self._pool, work, read_only=True)

    async def end(self, session: Session, sid: bytes) -> None:
        """End one of one's own sessions; refuses `not_found`."""

        async def work(connection: Connection) -> list[bytes]:
            await account_rows.lock(connection, session.account)
            return await self.end_one(connection, session.account, sid)

        ended = await transaction(self._pool, work)
        self.tell_ended(ended)
        refuse(not ended, "not_found")

    async def log_out(self, session: Session | None, token: str | None) -> None:
        """End the session of an access token, or of a refresh token that is a good one."""
        shown = read_refresh_token(token or "") if session is None else None

        async def work(connection: Connection) -> list[bytes]:
            if shown is not None:
                row, _ = await self._shown(connection, shown)
                refuse(row is None, "session_ended")
                assert row is not None
                return await self.end_one(connection, row.account, row.sid)
            assert session is not None
            await account_rows.lock(connection, session.account)
            return await self.end_one(connection, session.account, session.sid)

        self.tell_ended(await transaction(self._pool, work))

    async def refresh(self, token: str, proof: Proof | None) -> Opened:
        """The successor of a refresh token; refuses `session_ended`, `proof_wrong`, `suspended`.

        One that can't be the present one ends the session, if it is known that it was given out
        once: its owner is told, here and by `me`.
        """
        shown = read_refresh_token(token)

        async def work(connection: Connection) -> tuple[Opened | None, list[bytes]]:
            row, secret = await self._shown(connection, shown)
            now = await clock(connection)
            if row is None or secret is None:
                raise Refusal("session_ended", now=now)
            if row.device is not None:
                key = await device_rows.key(connection, row.account, row.device)
                if key is None:
                    raise Refusal("session_ended", now=now)
                self._proofs.check(key, proof, now)
            # Nothing of the session changes by it: it goes on once that is lifted.
            refuse(await suspension_rows.is_suspended(connection, row.account), "suspended")
            proved = row.device is not None
            outcome = refreshed(row.counter, shown.counter, now - row.since, proved)
            if outcome is Outcome.END:
                metrics.signed("reused")
                await account_rows.note_reuse(connection, row.account)
                return None, await self.end_one(connection, row.account, row.sid)
            counter = row.counter
            if outcome is Outcome.ADVANCE:
                counter += 1
                await session_rows.advance(connection, row.sid)
            if row.device is not None:
                await device_rows.seen(connection, row.account, row.device)
            session = Session(row.account, row.sid, row.device)
            return Opened(session, refresh_token(row.sid, secret, counter), now), []

        opened, ended = await transaction(self._pool, work)
        self.tell_ended(ended)
        if opened is None:
            raise Refusal("session_ended")
        return opened

    async def sweep(self) -> int:
        """End what nobody has refreshed for long, and forget what has ended long enough ago."""

        async def stale(connection: Connection) -> list[bytes]:
            now = await clock(connection)
            await session_rows.forget_ended(connection, now - KEPT_MS)
            today = now // DAY_MS
            return await session_rows.stale(
                connection, today - DEVICE_DAYS, today - PLAIN_DAYS, _SWEPT
            )

        sids = await transaction(self._pool, stale)
        return await self._drop(sids)

    async def drop_dead(self) -> None:
        """End sessions whose family secret is gone, as after a restored backup."""
        await self._drop(await transaction(self._pool, session_rows.without_secret))

    # --- the insides ------------------------------------------------------------------------------

    async def _drop(self, sids: Sequence[bytes]) -> int:
        if sids:

            async def work(connection: Connection) -> None:
                await self._values.destroy(connection, await session_rows.end(connection, sids))

            await transaction(self._pool, work)
            self.tell_ended(sids)
        return len(sids)

    async def _shown(
        self, connection: Connection, shown: RefreshToken
    ) -> tuple[SessionRow | None, bytes | None]:
        """The session of a refresh token, its account locked, and its secret if that made it."""
        row = await session_rows.read(connection, shown.sid)
        if row is None:
            return None, None
        await account_rows.lock(connection, row.account)
        row = await session_rows.read(connection, shown.sid)
        if row is None:
            return None, None
        secret = (await self._values.read(connection, "family", [row.secret])).get(row.secret)
        return (row, secret) if secret is not None and shown.is_of(secret) else (None, None)

    async def _make_room(self, connection: Connection, account: bytes) -> list[bytes]:
        listed = await session_rows.of_account(connection, account)
        if len(listed) < _MOST:
            return []
        # The newest come first; those of devices stay longer.
        last = [one for one in listed if one.device is None] or listed
        sids = [last[-1].sid]
        await self._values.destroy(connection, await session_rows.end(connection, sids))
        return sids

    async def _end(
        self, connection: Connection, account: bytes, which: Callable[[SessionView], bool]
    ) -> list[bytes]:
        listed = await session_rows.of_account(connection, account)
        sids = [one.sid for one in listed if which(one)]
        if sids:
            await self._values.destroy(connection, await session_rows.end(connection, sids))
        return sids
