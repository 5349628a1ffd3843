"""Reports: taken from whoever makes them, shown to operators, and decided on once.

What is shown is sealed by the second layer, and destroyed in the transaction that decides. Where
there are accounts, a report names the one who is proved to have written the messages; nobody is
told whether that is an account's still, or what has become of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ephemeral.operators.rows import audit_rows, report_rows
from ephemeral.operators.rules import reports as rules
from ephemeral.operators.rules.reports import Decision, Evidence, Report
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.reports import Reason
from ephemeral.sealing import payload_rows
from ephemeral.sealing.fingerprints import keyed, sized
from ephemeral.sealing.seals import KeyringUnusable, SealBroken
from ephemeral.store.clock import clock
from ephemeral.store.postgres import connection, transaction

if TYPE_CHECKING:
    from ephemeral.accounts.doors import Doors
    from ephemeral.sealing.vault import Vault
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["AccountReport", "Overview", "Reports", "RoomReport", "SignedContent"]

T = TypeVar("T")

_NAME = b"ephemeral/v1/server/report\0"
_NAME_BYTES = 16
_NOBODY = bytes(16)
_DAY_MS = 86_400_000
_HOUR_SECONDS = 3600
#: So many are listed; those that wait come first.
_LISTED = 200

_DECIDED = "This report was decided on already."
_GONE = "There is no such report: it was about an account that is gone, or is older than 90 days."


class SignedContent(NamedTuple):
    """A message as its reader has it: what stood in the clear before it, what it says, and the
    signature of both."""

    ad: bytes
    content: bytes
    signature: bytes


class RoomReport(NamedTuple):
    """A report from a room: the word of whoever makes it."""

    id: bytes
    reason: Reason
    text: str


class AccountReport(NamedTuple):
    """A report of an account, about messages of one other in one conversation."""

    id: bytes
    reason: Reason
    text: str
    messages: Sequence[SignedContent]


class Overview(NamedTuple):
    """Reports that wait, then those that were decided; suspended accounts, and since when."""

    reports: list[Report]
    suspended: list[tuple[bytes, int]]


class Reports:
    """All reports. `doors` are those of accounts, where there are any.

    A listener of accounts' hooks.
    """

    def __init__(self, pool: Pool, vault: Vault, index_key: bytes, doors: Doors | None) -> None:
        self._pool = pool
        self._vault = vault
        self._index_key = index_key
        self._doors = doors
        if doors is not None:
            doors.hooks.subscribe(self)

    # --- those who report -------------------------------------------------------------------------

    async def of_room(self, report: RoomReport) -> int:
        """Take one; the same id again changes nothing. Gives the time. Refuses `too_many`."""
        evidence = Evidence(report.text, ())

        async def work(connection: Connection) -> int:
            return await self._take(connection, None, None, report.id, report.reason, evidence)

        return await transaction(self._pool, work)

    async def of_account(self, account: bytes, report: AccountReport) -> int:
        """Take one; the same id again changes nothing. Gives the time.

        Refuses `report_unproven` unless one person has signed all of it, somebody else, in a
        conversation that lists both in a record that is kept; and `too_many`, `storage_full`.
        """
        evidence = Evidence(report.text, tuple(one.content for one in report.messages))

        async def work(connection: Connection) -> int:
            name = self._name(account, report.id)
            if await report_rows.exists(connection, name):
                return await clock(connection)
            accused = await self._author(connection, account, report.messages)
            here = await report_rows.hold_accounts(connection, [account, accused or account])
            refuse(account not in here, "session_ended")
            if accused not in here:
                # It was an account's, which has been deleted: there is nothing to be decided.
                return await clock(connection)
            return await self._take(
                connection, account, accused, report.id, report.reason, evidence
            )

        return await transaction(self._pool, work)

    async def _author(
        self, connection: Connection, account: bytes, messages: Sequence[SignedContent]
    ) -> bytes | None:
        """The account that all messages are of; None if it is gone."""
        witness = None if self._doors is None else self._doors.hooks.witness
        authors = set()
        for one in messages:
            author = None
            if witness is not None:
                author = await witness.author(connection, account, *one)
            if author is None:
                raise Refusal("report_unproven")
            authors.add(author)
        refuse(len(authors) != 1, "report_unproven")
        [(_, accused)] = authors
        return accused

    async def _take(
        self,
        connection: Connection,
        account: bytes | None,
        accused: bytes | None,
        id_: bytes,
        reason: Reason,
        evidence: Evidence,
    ) -> int:
        name = self._name(account, id_)
        await report_rows.lock_waiting(connection)
        now = await clock(connection)
        if await report_rows.exists(connection, name):
            return now
        waiting = await report_rows.waiting(connection, account)
        most = rules.NOBODYS_MAX if account is None else rules.REPORTER_MAX
        if waiting.own >= most:
            raise Refusal("too_many", retry_after=_HOUR_SECONDS)
        full = waiting.size + evidence.size > rules.WAITING_BYTES
        if full or waiting.all >= rules.WAITING_MAX:
            raise Refusal("storage_full", retry_after=_HOUR_SECONDS)
        sealed = rules.encode_evidence(evidence)
        payload = await self._vault.store(connection, "report", sealed)
        messages, day = len(evidence.contents), now // _DAY_MS
        await report_rows.insert(
            connection,
            Report(name, accused, account, reason, messages, evidence.size, day, payload),
        )
        return now

    def _name(self, account: bytes | None, id_: bytes) -> bytes:
        """What a report is called: nobody can take the name of another's."""
        fields = sized("account", account or _NOBODY, 16) + sized("id", id_, 16)
        return keyed(self._index_key, _NAME, fields)[:_NAME_BYTES]

    # --- operators --------------------------------------------------------------------------------

    async def overview(self) -> Overview:
        """What there is to be seen and to be decided."""

        async def work(connection: Connection) -> Overview:
            doors = self._doors
            suspended = [] if doors is None else await doors.suspensions.listed(connection)
            return Overview(await report_rows.listed(connection, _LISTED), suspended)

        return await transaction(self._pool, work, read_only=True)

    async def waiting(self) -> int:
        """How many wait."""
        async with connection(self._pool) as one:
            return (await report_rows.waiting(one, None)).all

    async def read(self, report: bytes) -> tuple[Report, Evidence | None]:
        """One of them, and what it shows while it waits; refuses `not_found`."""

        async def work(connection: Connection) -> tuple[Report, Evidence | None]:
            row = await report_rows.read(connection, report)
            if row is None:
                raise Refusal("not_found", _GONE)
            return row, await self._evidence(connection, row.payload)

        return await transaction(self._pool, work, read_only=True)

    async def decide(self, operator: str, report: bytes, decision: Decision) -> None:
        """Decide on it, and destroy what it shows, in one. Refuses `not_found`, `conflict`."""

        async def work(connection: Connection) -> None:
            row = await report_rows.read(connection, report)
            if row is None:
                raise Refusal("not_found", _GONE)
            refuse(row.decision is not None, "conflict", _DECIDED)
            # The account is locked before its reports, as by whoever deletes it.
            if decision == "suspended":
                refuse(row.accused is None, "malformed", "Nobody is known whom to suspend.")
                assert row.accused is not None
                assert self._doors is not None, "or the report would name no account"
                if not await self._doors.suspensions.suspend(connection, row.accused):
                    raise Refusal("not_found", _GONE)
            payload = await report_rows.decide(connection, report, decision, operator)
            if payload is None:
                raise Refusal("conflict", _DECIDED)
            await payload_rows.delete_payloads(connection, [payload])
            await audit_rows.note(connection, operator, decision)

        await self._told(work)

    async def lift(self, operator: str, account: bytes) -> None:
        """An account is suspended no more; refuses `not_found`."""
        doors = self._doors
        if doors is None:
            raise Refusal("not_found")

        async def work(connection: Connection) -> None:
            if not await doors.suspensions.lift(connection, account):
                raise Refusal("not_found", "This account is not suspended.")
            await audit_rows.note(connection, operator, "lifted")

        await self._told(work)

    async def sweep(self) -> None:
        """Destroy what is too old."""

        async def work(connection: Connection) -> None:
            today = await clock(connection) // _DAY_MS
            gone = await report_rows.delete_old(connection, today - rules.KEPT_DAYS)
            await payload_rows.delete_payloads(connection, gone)

        await transaction(self._pool, work)

    async def _evidence(self, connection: Connection, payload: bytes | None) -> Evidence | None:
        if payload is None:
            return None
        row = (await self._vault.sealed(connection, [payload])).get(payload)
        try:
            return row and rules.decode_evidence(self._vault.unseal(row, "report"))
        except (SealBroken, KeyringUnusable):
            # Of a database that was set back.
            return None

    async def _told(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """In a transaction, after which processes are told which accounts are suspended."""
        if self._doors is None:
            return await transaction(self._pool, work)
        return await self._doors.watches.told(work)

    # --- accounts' hooks --------------------------------------------------------------------------

    async def on_chain_changed(
        self, connection: Connection, account: bytes, before: object, after: object
    ) -> None:
        """Nothing here is about devices."""

    async def on_account_deleted(self, connection: Connection, account: bytes) -> None:
        """What was reported about it goes with it; what it has reported names it no more."""
        gone = await report_rows.drop_of(connection, account)
        await payload_rows.delete_payloads(connection, gone)

    async def lists_beside(self, connection: Connection, account: bytes, chain: bytes) -> bool:  # noqa: ARG002
        """Nothing here lists anybody."""
        return False
