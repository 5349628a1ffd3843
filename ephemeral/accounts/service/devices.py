"""The devices of an account: the first, another, one less, and what they are called.

GENESIS comes from a session that has no device yet, which becomes its device's. ADD and REMOVE come
from a device that has proved its request, and whose owner has given the password again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, chain_rows, device_rows, pending_rows
from ephemeral.accounts.rows.chain_rows import ChainRow
from ephemeral.accounts.rules.nouns import Device, Pending, Posted, Sealing, Session
from ephemeral.accounts.service.contacts import Contacts
from ephemeral.accounts.service.links import Links
from ephemeral.accounts.service.pendings import Pendings
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sealing_keys import check_sealing, split
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.statements import Statements
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.accounts.statements import Signed, StatementType
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Devices", "Listed"]


_OFFERED = {StatementType.ADD, StatementType.REMOVE}


class Listed(NamedTuple):
    """An account's devices, with the statements that say so, if it has any."""

    chain: bytes | None
    statements: Sequence[bytes]
    devices: Sequence[Device]
    pending: Pending | None
    now: int


class Devices:
    """The devices of all accounts."""

    def __init__(
        self,
        pool: Pool,
        watches: Watches,
        statements: Statements,
        values: SealedValues,
        sessions: Sessions,
        links: Links,
        pendings: Pendings,
        contacts: Contacts,
    ) -> None:
        self._pool = pool
        self._watches = watches
        self._statements = statements
        self._values = values
        self._sessions = sessions
        self._links = links
        self._pendings = pendings
        self._contacts = contacts

    async def listed(self, account: bytes) -> Listed:
        """All devices, with their chain, and what waits."""

        async def work(connection: Connection) -> Listed:
            now = await clock(connection)
            waits = await self._pendings.shown(connection, account)
            row = await chain_rows.open_chain(connection, account)
            if row is None:
                return Listed(None, (), (), waits, now)
            signed = await chain_rows.statements(connection, row.chain)
            found = await device_rows.devices(connection, account)
            keys = [one.sealing.payload for one in found if one.sealing is not None]
            names = await self._values.read(connection, "device-name", [one.name for one in found])
            sealed = await self._values.read(connection, "sealing-key", keys)
            devices = []
            for one in found:
                sealing = None
                if one.sealing is not None and one.sealing.payload in sealed:
                    key = split(sealed[one.sealing.payload])
                    sealing = Sealing(one.sealing.number, one.sealing.day, *key)
                devices.append(Device(one.device, names.get(one.name), one.seen_day, sealing))
            return Listed(row.chain, signed, devices, waits, now)

        return await transaction(self._pool, work, read_only=True)

    async def statements(
        self, account: bytes, chain: bytes, after: int | None
    ) -> tuple[list[bytes], int]:
        """What stands in a chain after a place; refuses `not_found`.

        Of this account, of those who have agreed to it, and of whoever a kept record lists beside.
        """

        async def work(connection: Connection) -> tuple[list[bytes], int]:
            row = await chain_rows.owned_chain(connection, account, chain)
            if row is None:
                refuse(not await self._contacts.reads(connection, account, chain), "not_found")
            first = 0 if after is None else after + 1
            return await chain_rows.statements(connection, chain, first), await clock(connection)

        return await transaction(self._pool, work, read_only=True)

    async def first(self, session: Session, signed: Signed, sealing: Sealing) -> Posted:
        """Begin a chain with the session's device, at once where there is none."""
        refuse(signed.statement.type != StatementType.GENESIS, "chain_type")
        account = session.account
        chain = Chain.empty().extend(signed)
        device = chain.devices[0]

        async def work(connection: Connection) -> Posted:
            await self._sessions.lock(connection, session)
            now = await clock(connection)
            row = await chain_rows.open_chain(connection, account)
            if row is not None and row.chain == chain.id:
                return _posted(signed, now)
            refuse(session.device is not None, "conflict")
            check_sealing(sealing, chain.id, device.id, device.key, now)
            if row is not None:
                waits = await self._pendings.begin_genesis(
                    connection, session, signed, device.id, sealing, now
                )
                return _posted(signed, now, waits)
            await self._statements.begin(connection, account, signed)
            stored = await self._statements.seal(connection, sealing)
            await self._statements.add_device(connection, account, chain, stored)
            # The session may have ended since its request was let in.
            bound = await self._sessions.bind(connection, session.sid, device.id)
            refuse(not bound, "session_ended")
            return _posted(signed, now)

        return await self._watches.commit(account, work)

    async def add(
        self, session: Session, signed: Signed, sealing: Sealing, locator: bytes, answer: bytes
    ) -> Posted:
        """Add the device that waits at a locator, and answer it; the password was given again."""
        refuse(signed.statement.type != StatementType.ADD, "chain_type")
        account = session.account

        async def work(connection: Connection, row: ChainRow, now: int) -> None:
            link = await self._links.waiting(connection, session, locator)
            chain = await self._statements.extend(connection, account, row, signed)
            added = chain.devices[-1]
            check_sealing(sealing, chain.id, added.id, added.key, now)
            stored = await self._statements.seal(connection, sealing)
            await self._statements.add_device(connection, account, chain, stored)
            await self._links.settle(connection, link, answer, added.id)
            # Who waits may have signed out meanwhile.
            bound = await self._sessions.bind(connection, link.sid, added.id)
            refuse(not bound, "link_unknown")

        return await self._post(session, signed, work)

    async def remove(self, session: Session, device: bytes, signed: Signed) -> Posted:
        """Remove a device with all that it has here; the password was given again."""
        refuse(signed.statement.type != StatementType.REMOVE, "chain_type")
        refuse(signed.statement.device != device, "chain_device")
        account = session.account
        ended: list[bytes] = []

        async def work(connection: Connection, row: ChainRow, _now: int) -> None:
            await self._statements.extend(connection, account, row, signed)
            ended[:] = await self._sessions.end_of_device(connection, account, device)

        posted = await self._post(session, signed, work)
        self._sessions.tell_ended(ended)
        return posted

    async def offer(self, session: Session, chain: bytes, offered: Sequence[Signed]) -> Posted:
        """Take statements that this chain lacks, as after a restored backup; in order.

        Those that stand there are passed over. Any session of the account may offer them: devices
        have signed them. What begins, recovers or closes an account comes by its own way alone.
        Nobody is asked for the password here, so that only a server that has lost something takes
        any: refuses `conflict`, also a device that would add or remove others without it.
        """
        refuse(any(one.statement.type not in _OFFERED for one in offered), "chain_type")
        account = session.account
        ended: list[bytes] = []

        async def work(connection: Connection) -> Posted:
            ended.clear()
            await account_rows.lock(connection, account)
            now = await clock(connection)
            row, state = await self._statements.in_force(connection, account)
            refuse(row.chain != chain, "not_found")
            has_lost = await self._has_lost(connection, account)
            for signed in offered:
                if await self._statements.repeats(connection, row, signed):
                    continue
                refuse(not has_lost, "conflict")
                state = await self._statements.extend(connection, account, row, signed)
                row = row._replace(sequence=state.sequence, head=state.head)
                if signed.statement.type == StatementType.ADD:
                    added = state.devices[-1]
                    await device_rows.insert(connection, account, added.id, added.key, added.since)
                else:
                    device = signed.statement.device
                    ended.extend(await self._sessions.end_of_device(connection, account, device))
            return Posted(state.sequence, state.head, None, now)

        posted = await self._watches.commit(account, work)
        self._sessions.tell_ended(ended)
        return posted

    async def rename(self, session: Session, device: bytes, name: bytes) -> None:
        """Keep what the owner calls a device; refuses `not_found` where it isn't active."""
        account = session.account

        async def work(connection: Connection) -> None:
            await self._require(connection, session)
            known = await device_rows.key(connection, account, device)
            if known is None:
                raise Refusal("not_found")
            before = await device_rows.name(connection, account, device)
            payload = await self._values.store(connection, "device-name", name)
            await device_rows.set_name(connection, account, device, payload)
            await self._values.destroy(connection, [] if before is None else [before])

        await self._watches.commit(account, work)

    async def refuse_waiting(self, session: Session) -> None:
        """Nothing waits for this account any more; whether anything did or not."""

        async def work(connection: Connection) -> None:
            await self._require(connection, session)
            payloads = await pending_rows.forget(connection, session.account)
            await self._values.destroy(connection, payloads)

        await self._watches.commit(session.account, work)

    async def _has_lost(self, connection: Connection, account: bytes) -> bool:
        """Whether this server was restored, and a device has not come back since.

        Nothing sealed outlives that, and a device that comes back posts its next sealing key: after
        it has given back what it knows.
        """
        keys = [
            None if one.sealing is None else one.sealing.payload
            for one in await device_rows.devices(connection, account)
        ]
        readable = await self._values.read(connection, "sealing-key", keys)
        return any(key not in readable for key in keys)

    async def _post(
        self,
        session: Session,
        signed: Signed,
        work: Callable[[Connection, ChainRow, int], Awaitable[None]],
    ) -> Posted:
        """Put a statement to the chain, or find it there; what `work` does is part of it."""

        async def put(connection: Connection) -> Posted:
            await self._require(connection, session)
            row, _ = await self._statements.in_force(connection, session.account)
            now = await clock(connection)
            if not await self._statements.repeats(connection, row, signed):
                refuse(signed.statement.signer != session.device, "chain_signer")
                await work(connection, row, now)
            return _posted(signed, now)

        return await self._watches.commit(session.account, put)

    async def _require(self, connection: Connection, session: Session) -> None:
        """Lock the account; refuse a device that was removed since its request was let in."""
        assert session.device is not None, "only a device proves what it asks"
        await account_rows.lock(connection, session.account)
        known = await device_rows.key(connection, session.account, session.device)
        refuse(known is None, "device_revoked")


def _posted(signed: Signed, now: int, waits: Pending | None = None) -> Posted:
    return Posted(signed.statement.sequence, signed.statement.hash, waits, now)
