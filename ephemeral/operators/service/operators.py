"""Who is an operator, and who is signed in as one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ephemeral.operators.rows import audit_rows, operator_rows, session_rows
from ephemeral.operators.rules.sign_in import (
    AUDIT_MINUTES,
    IDLE_MS,
    SESSION_MS,
    TICKET_MS,
    TOTP_BYTES,
    is_name,
    is_password,
    step_of,
)
from ephemeral.operators.service import secrets
from ephemeral.operators.service.secrets import Passwords, Secrets
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import connection, transaction

if TYPE_CHECKING:
    from ephemeral.operators.rows.audit_rows import Entry
    from ephemeral.operators.rows.operator_rows import OperatorRow
    from ephemeral.sealing.vault import Vault
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Enrolment", "Operators", "Overview"]

_TOKEN_BYTES = 32
# A session's last use is written down to the minute.
_SEEN_MS = 60_000
_TRAIL = 100

_WRONG = "That is not right. Each one-time code can be used once: wait for the next."
_TICKET = "This ticket is unknown, used, or older than a day."
_LENGTH = "A password has 12 to 256 characters."
_CODE = "That is not the code that the app shows now, or it was used already."


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a ticket opens: whose it is, and the secret to be put into an app."""

    name: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Overview:
    """Of an operator's page: sessions of the same operator, all operators, and the trail."""

    sessions: int
    operators: tuple[OperatorRow, ...]
    trail: tuple[Entry, ...]
    now: int


class Operators:
    """`random` makes so many random bytes."""

    def __init__(self, pool: Pool, vault: Vault, random: Callable[[int], bytes]) -> None:
        self._pool = pool
        self._vault = vault
        self._random = random
        self._passwords = Passwords()

    async def exist(self) -> bool:
        """Whether there are any."""
        async with connection(self._pool) as one:
            return await operator_rows.exists(one)

    # --- on the command line --------------------------------------------------------------------

    async def add(self, name: str, *, again: bool = False) -> str:
        """Gives the ticket by which a new operator sets a password, once, within a day.

        With `again` it is for one who is there: password, codes and sessions of before are void.
        """
        refuse(not is_name(name), "malformed", "A name has 1 to 32 of a-z, 0-9, - and _.")
        ticket = self._random(_TOKEN_BYTES)
        totp = self._random(TOTP_BYTES)

        async def work(one: Connection) -> None:
            row = await operator_rows.read(one, name, lock=True)
            if again and row is None:
                raise Refusal("not_found", f"There is no operator {name}.")
            secret = await secrets.store(one, self._vault, Secrets(totp))
            until = await clock(one) + TICKET_MS
            if again and row is not None:
                await secrets.forget(one, row.secret)
                await session_rows.delete_of(one, name)
                await operator_rows.renew(one, name, secret, _hash(ticket), until)
            elif not await operator_rows.insert(one, name, secret, _hash(ticket), until):
                raise Refusal("conflict", f"There is an operator {name}: --again renews theirs.")
            await audit_rows.note(one, name, "renewed" if again else "added")

        await transaction(self._pool, work)
        return _written(ticket)

    async def remove(self, name: str) -> None:
        """An operator is none any more, at once."""

        async def work(one: Connection) -> None:
            row = await operator_rows.read(one, name, lock=True)
            if row is None:
                raise Refusal("not_found", "There is no operator of that name.")
            await secrets.forget(one, row.secret)
            await operator_rows.delete(one, name)
            await audit_rows.note(one, name, "removed")

        await transaction(self._pool, work)

    async def listed(self) -> tuple[list[OperatorRow], int]:
        """All of them, and the clock."""
        async with connection(self._pool) as one:
            return await operator_rows.listed(one), await clock(one)

    # --- with a ticket --------------------------------------------------------------------------

    async def invited(self, ticket: str) -> Enrolment:
        """What a ticket opens; refuses `unauthorized`."""
        async with connection(self._pool) as one:
            _, enrolment = await self._enrolment(one, ticket)
            return enrolment

    async def enrol(self, ticket: str, password: str, code: str) -> str:
        """Set the password, once the app shows the right code; signs in. Refuses as `invited`."""
        refuse(not is_password(password), "malformed", _LENGTH)
        await self.invited(ticket)
        kept = await self._passwords.hashed(password)
        token = self._random(_TOKEN_BYTES)

        async def work(one: Connection) -> None:
            row, enrolment = await self._enrolment(one, ticket, lock=True)
            step = step_of(enrolment.secret, code, await clock(one), row.step)
            if step is None:
                raise Refusal("malformed", _CODE)
            secret = await secrets.store(one, self._vault, Secrets(enrolment.secret, kept))
            await secrets.forget(one, row.secret)
            await operator_rows.enrol(one, row.name, secret, step)
            await session_rows.insert(one, _hash(token), row.name)
            await audit_rows.note(one, row.name, "enrolled")

        await transaction(self._pool, work)
        return _written(token)

    async def _enrolment(
        self, one: Connection, ticket: str, *, lock: bool = False
    ) -> tuple[OperatorRow, Enrolment]:
        token = _read(ticket)
        row = None if token is None else await operator_rows.by_ticket(one, _hash(token), lock=lock)
        kept = None if row is None else await secrets.recall(one, self._vault, row.secret)
        if row is None or kept is None:
            raise Refusal("unauthorized", _TICKET)
        return row, Enrolment(row.name, kept.totp)

    # --- with a password and a code -------------------------------------------------------------

    async def sign_in(self, name: str, password: str, code: str) -> str:
        """Gives what the cookie holds; refuses `unauthorized`, whatever was wrong."""
        async with connection(self._pool) as one:
            # The database takes no zero bytes, and nobody is called so.
            row = await operator_rows.read(one, name) if is_name(name) else None
            kept = None if row is None else await secrets.recall(one, self._vault, row.secret)
            now = await clock(one)
        right = await self._passwords.are_right("" if kept is None else kept.password, password)
        token = self._random(_TOKEN_BYTES)
        step = None
        if right and row is not None and kept is not None:
            step = step_of(kept.totp, code, now, row.step)

        async def work(one: Connection) -> bool:
            known = None if row is None else row.name
            if row is None or step is None or not await _use(one, row, step):
                # Known or not, something is written: it takes as long.
                await audit_rows.note(one, known, "refused")
                return False
            await session_rows.insert(one, _hash(token), row.name)
            await audit_rows.note(one, row.name, "signed_in")
            return True

        if not await transaction(self._pool, work):
            raise Refusal("unauthorized", _WRONG)
        return _written(token)

    async def signed_in(self, cookie: str) -> str | None:
        """Whose session this is; None if it is none any more. Counts as a use of it."""
        token = _read(cookie)
        if token is None:
            return None
        async with connection(self._pool) as one:
            name = await session_rows.owner(one, SESSION_MS, IDLE_MS, _hash(token))
            if name is not None:
                await session_rows.seen(one, _hash(token), _SEEN_MS)
            return name

    async def sign_out(self, name: str, cookie: str, *, everywhere: bool = False) -> None:
        """End this session, or all of the operator."""
        token = _read(cookie)

        async def work(one: Connection) -> None:
            if everywhere:
                await session_rows.delete_of(one, name)
            elif token is not None:
                await session_rows.delete(one, _hash(token))
            await audit_rows.note(
                one, name, "signed_out_everywhere" if everywhere else "signed_out"
            )

        await transaction(self._pool, work)

    async def overview(self, name: str) -> Overview:
        """What an operator's page shows of operators."""

        async def work(one: Connection) -> Overview:
            return Overview(
                await session_rows.count(one, SESSION_MS, IDLE_MS, name),
                tuple(await operator_rows.listed(one)),
                tuple(await audit_rows.latest(one, _TRAIL)),
                await clock(one),
            )

        return await transaction(self._pool, work, read_only=True)

    async def sweep(self) -> None:
        """Forget sessions that are over, and what the trail keeps no longer."""
        async with connection(self._pool) as one:
            await session_rows.delete_over(one, SESSION_MS, IDLE_MS)
            await audit_rows.delete_old(one, await clock(one) // 60_000 - AUDIT_MINUTES)


async def _use(one: Connection, row: OperatorRow, step: int) -> bool:
    return await operator_rows.use_step(one, row.name, row.secret, step)


def _hash(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _written(token: bytes) -> str:
    return b64encode(token)


def _read(text: str) -> bytes | None:
    """The token that was written so; None for anything else."""
    try:
        return b64decode(text, _TOKEN_BYTES)
    except Refusal:
        return None
