"""Recovery: the ten words undo whatever a thief has done with a device and a password.

Nothing here needs a session: the signature of the recovery key is the proof. Until it has been
seen, every answer is the same `not_found`, whether there is such an account or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import (
    account_rows,
    chain_rows,
    device_rows,
    link_rows,
    pending_rows,
    share_rows,
)
from ephemeral.accounts.rows.chain_rows import ChainRow
from ephemeral.accounts.rules.names import address_hash
from ephemeral.accounts.rules.nouns import UNDO_MS, Sealing
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.pins import DevicePins, Pins
from ephemeral.accounts.service.proofs import Proof, Proofs
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sealing_keys import check_sealing
from ephemeral.accounts.service.sessions import Opened, Sessions
from ephemeral.accounts.service.statements import Statements
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.accounts.signing import verify
from ephemeral.protocol.accounts.statements import Signed, StatementType
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Begun", "Recovery"]


class Begun(NamedTuple):
    """What whoever has the words is told: the account, its chain, and what its devices pinned."""

    account: bytes
    statements: list[bytes]
    pins: list[DevicePins]
    now: int


class Recovery:
    """The recovery of all accounts."""

    def __init__(
        self,
        pool: Pool,
        watches: Watches,
        statements: Statements,
        values: SealedValues,
        sessions: Sessions,
        passwords: Passwords,
        proofs: Proofs,
        pins: Pins,
        index_key: bytes,
    ) -> None:
        self._pool = pool
        self._watches = watches
        self._statements = statements
        self._values = values
        self._sessions = sessions
        self._passwords = passwords
        self._proofs = proofs
        self._pins = pins
        self._index_key = index_key

    async def begin(self, address: str, recovery: bytes, proof: Proof) -> Begun:
        """The chain of an address with this recovery key, which has made the proof.

        Refuses `proof_wrong`, whatever the address, and `not_found`.
        """

        async def work(connection: Connection) -> Begun:
            self._proofs.check(recovery, proof, await clock(connection))
            account, row = await self._found(connection, address, recovery)
            statements = await chain_rows.statements(connection, row.chain)
            pins = await self._pins.of_chain(connection, row.chain)
            return Begun(account, statements, pins, await clock(connection))

        return await transaction(self._pool, work, read_only=True)

    async def recover(
        self, address: str, signed: Signed, auth_key: bytes, sealing: Sealing
    ) -> Opened:
        """Empty the chain, add one device, set the password, end all else; opens its session.

        Refuses `not_found`, the rules' codes, `conflict`, `sealing_key`. The same again opens
        another session, for whoever has the password that was set.
        """
        refuse(signed.statement.type != StatementType.RECOVER, "chain_type")
        account, repeated = await self._verified(address, signed)
        if repeated:
            await self._passwords.check(auth_key, account)
            return await self._sign_in_again(account, signed)
        password = await self._passwords.hashed(auth_key)
        ended: list[bytes] = []

        async def work(connection: Connection) -> Opened:
            await account_rows.lock(connection, account)
            # It may have changed while the password was hashed.
            row = await self._recoverable(connection, account, signed)
            if row is None:
                raise Refusal("not_found")
            now = await clock(connection)
            refuse(await self._statements.repeats(connection, row, signed), "conflict")
            ended[:] = await self._sessions.end_all(connection, account)
            await self._clear(connection, account, row)
            chain = await self._statements.extend(connection, account, row, signed)
            added = chain.devices[0]
            check_sealing(sealing, chain.id, added.id, added.key, now)
            stored = await self._statements.seal(connection, sealing)
            await self._statements.add_device(connection, account, chain, stored)
            await account_rows.set_password(connection, account, password)
            await account_rows.forget_identities(connection, account)
            return await self._sessions.open(connection, account, added.id)

        opened = await self._watches.commit(account, work)
        self._sessions.tell_ended(ended)
        return opened

    async def _verified(self, address: str, signed: Signed) -> tuple[bytes, bool]:
        """The account that a statement is of, and whether it stands in its chain already.

        Refuses `not_found` where it isn't signed by the recovery key in force.
        """

        async def work(connection: Connection) -> tuple[bytes, bool]:
            account = await account_rows.at(connection, address_hash(self._index_key, address))
            # Looked for also where there is no account, so that both take as long.
            name = bytes(16) if account is None else account.account
            row = await self._recoverable(connection, name, signed)
            if account is None or row is None:
                raise Refusal("not_found")
            if signed.statement.sequence <= row.sequence:
                standing = await chain_rows.statements(
                    connection, row.chain, signed.statement.sequence, 1
                )
                if standing == [signed.encode()]:
                    return account.account, True
            proved = verify(row.recovery, "chain", signed.statement.encode(), signed.signature)
            refuse(not proved, "not_found")
            # Another statement came first: the words are right, and the chain is to be read anew.
            refuse(signed.statement.sequence <= row.sequence, "conflict")
            return account.account, False

        return await transaction(self._pool, work, read_only=True)

    async def _recoverable(
        self, connection: Connection, account: bytes, signed: Signed
    ) -> ChainRow | None:
        """The chain that a statement names, in force or ended so lately that this undoes it."""
        row = await chain_rows.owned_chain(connection, account, signed.statement.chain)
        if row is None or row.state == "open":
            return row
        since = await clock(connection) - UNDO_MS
        ended_at = row.ended_at or 0
        return row if row.state == "ended" and ended_at > since else None

    async def _clear(self, connection: Connection, account: bytes, row: ChainRow) -> None:
        """What whoever was in before had begun, and another chain that stands in the way."""
        payloads = await link_rows.forget_all(connection, account)
        payloads += await pending_rows.forget(connection, account)
        await self._values.destroy(connection, payloads)
        if row.state != "ended":
            return
        standing, undone = await chain_rows.open_chain(connection, account), None
        if standing is not None:
            undone = await self._statements.chain(connection, standing)
            devices = [one.device for one in await device_rows.devices(connection, account)]
            await self._statements.remove_devices(connection, account, standing.chain, devices)
        await self._statements.reopen(connection, account, row, undone)

    async def _sign_in_again(self, account: bytes, signed: Signed) -> Opened:
        device = signed.statement.device

        async def work(connection: Connection) -> Opened:
            await account_rows.lock(connection, account)
            known = await device_rows.key(connection, account, device)
            refuse(known is None, "device_revoked")
            # Whose answer was lost has stored nothing yet. One that has proves itself by its key.
            name = await device_rows.name(connection, account, device)
            has_come = name is not None or await share_rows.shares(connection, account, device)
            refuse(bool(has_come), "conflict")
            return await self._sessions.open(connection, account, device)

        opened = await transaction(self._pool, work)
        self._sessions.tell_ended(opened.ended)
        return opened

    async def _found(
        self, connection: Connection, address: str, recovery: bytes
    ) -> tuple[bytes, ChainRow]:
        account = await account_rows.at(connection, address_hash(self._index_key, address))
        since = await clock(connection) - UNDO_MS
        # Looked for also where there is no account, so that both take as long.
        name = bytes(16) if account is None else account.account
        row = await chain_rows.chain_of_recovery(connection, name, recovery, since)
        if account is None or row is None:
            raise Refusal("not_found")
        return account.account, row
