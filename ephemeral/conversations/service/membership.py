"""Leaving a conversation, waiting to be added to one, and ending one for all."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from ephemeral.accounts.doors import Doors
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.conversations.rows import (
    line_rows,
    log_rows,
    member_rows,
    people_rows,
)
from ephemeral.conversations.rows.member_rows import LeaveRow
from ephemeral.conversations.rules import limits
from ephemeral.conversations.rules.log_state import LogState
from ephemeral.conversations.service.asker import Asker
from ephemeral.conversations.service.boxes import Boxes
from ephemeral.conversations.service.destruction import Destruction
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.lines import Lines
from ephemeral.conversations.service.records import Records
from ephemeral.conversations.service.tail import Tail
from ephemeral.protocol.conversations.leaves import verify_leave
from ephemeral.protocol.conversations.records import Leave, key_of
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.conversations.rows.people_rows import PersonRow
    from ephemeral.store.postgres import Connection

__all__ = ["Membership"]

_INVITATION_BYTES, _JOINING_BYTES = 16, 32


class Membership:
    """What people do with their own place in a conversation, and admins with all of it."""

    def __init__(
        self,
        doors: Doors,
        values: SealedValues,
        lines: Lines,
        records: Records,
        boxes: Boxes,
        tail: Tail,
        destruction: Destruction,
        hints: Hints,
    ) -> None:
        self._doors = doors
        self._values = values
        self._lines = lines
        self._records = records
        self._boxes = boxes
        self._tail = tail
        self._destruction = destruction
        self._hints = hints

    async def leave(self, asker: Asker, conversation: bytes, leave: Leave) -> None:
        """Leave, by a signature that whoever writes the next record shows to all.

        Refuses `record_leave` for one that proves nothing to them. With the last person the
        conversation goes.
        """

        async def work(connection: Connection) -> None:
            state, person = await self._locked(connection, asker, conversation)
            record = await self._records.newest(connection, conversation, state.record)
            lines, _ = await self._lines.of(connection, [person.chain])
            named = record.person(person.chain)
            own = (leave.chain, leave.since) == (person.chain, person.since)
            refuse(named is None or not own, "record_leave")
            assert named is not None
            key = key_of(named, leave.device, lines)
            refuse(key is None or not verify_leave(conversation, leave, key), "record_leave")
            row = LeaveRow(leave.chain, leave.since, leave.device, leave.signature)
            await member_rows.insert_leave(connection, conversation, row)
            await people_rows.drop_person(connection, conversation, person.chain)
            now = await clock(connection)
            await member_rows.insert_departure(connection, conversation, asker.account, now)
            if await people_rows.deserted(connection, [conversation], now - limits.RETURN_MS):
                await self._destruction.destroy(connection, conversation)
                self._hints.later(conversation, 0, [asker.account])
                return
            listed = await people_rows.devices_of(connection, conversation)
            gone = [device for device, account in listed.items() if account == asker.account]
            await people_rows.drop_devices(connection, conversation, gone)
            await self._boxes.drop_of(connection, [(conversation, one) for one in gone])
            await people_rows.set_due(connection, "leave", [conversation])
            await self._tail.trim(connection, [conversation], now)
            self._hints.people_later(conversation, [asker.account])

        await self._doors.watches.told(work)

    async def end(self, asker: Asker, conversation: bytes) -> None:
        """Destroy a conversation for all; refuses `not_admin`."""

        async def work(connection: Connection) -> None:
            _, person = await self._locked(connection, asker, conversation)
            refuse(not person.admin, "not_admin")
            await self._destruction.destroy(connection, conversation)

        await self._doors.watches.told(work)

    async def join(
        self, asker: Asker, conversation: bytes, invitation: bytes, sealed: bytes
    ) -> None:
        """Wait to be added by an admin; again replaces what was sent before.

        Refuses `invitation_unknown`, also where there is no such conversation, and `too_many`.
        """

        async def work(connection: Connection) -> None:
            await line_rows.hold(connection, [], asker.account)
            active = await people_rows.is_active(connection, asker.account, asker.device)
            refuse(not active, "device_revoked")
            inviter = None
            if len(invitation) == _INVITATION_BYTES:
                # Before it is looked for the conversation, which is nobody's to find out about.
                inviter = await self._doors.contacts.inviter(
                    connection, asker.account, invitation, conversation
                )
                refuse(inviter is None, "invitation_unknown")
            states, now = await log_rows.lock(connection, [conversation])
            state = states.get(conversation)
            if state is None:
                raise Refusal("invitation_unknown")
            invited = await self._is_invited(connection, state, inviter, invitation)
            refuse(not invited, "invitation_unknown")
            present = await people_rows.person(connection, conversation, asker.account)
            if present is not None:
                return
            payloads = await member_rows.drop_joins(connection, conversation, [asker.account])
            await self._values.destroy(connection, payloads)
            waiting = await member_rows.joins(connection, conversation, now)
            if len(waiting) >= limits.JOINS_MAX:
                raise Refusal("too_many", retry_after=limits.HOUR_MS // 1000)
            content = bytes((len(invitation),)) + invitation + sealed
            payload = await self._values.store(connection, "join", content)
            await member_rows.put_join(
                connection, conversation, asker.account, payload, now + limits.JOIN_MS
            )
            self._hints.people_later(conversation)

        await self._doors.watches.told(work)

    async def destroy_message(self, asker: Asker, conversation: bytes, message: bytes) -> None:
        """Destroy a message of the own account's that waits; refuses `not_found` for any other."""

        async def work(connection: Connection) -> None:
            await self._locked(connection, asker, conversation)
            people = await self._doors.people.now(connection, [asker.account])
            chain = people[asker.account].chain
            own = {one.id for one in (*chain.devices, *chain.removed)}
            found = await log_rows.look(
                connection, (), [(conversation, one, message) for one in sorted(own)], ()
            )
            keys = [(conversation, place.s) for place in found.known.values()]
            refuse(not keys, "not_found")
            await self._tail.destroy(connection, keys)

        await self._doors.watches.told(work)

    async def _locked(
        self, connection: Connection, asker: Asker, conversation: bytes
    ) -> tuple[LogState, PersonRow]:
        """Lock the account and the conversation; refuse whoever isn't in it."""
        await line_rows.hold(connection, [], asker.account)
        active = await people_rows.is_active(connection, asker.account, asker.device)
        refuse(not active, "device_revoked")
        states, _ = await log_rows.lock_as(connection, [(conversation, asker.account)])
        person = await people_rows.person(connection, conversation, asker.account)
        if conversation not in states or person is None:
            raise Refusal("not_found")
        return states[conversation], person

    async def _is_invited(
        self, connection: Connection, state: LogState, inviter: bytes | None, invitation: bytes
    ) -> bool:
        """Whether somebody has redeemed an admin's invitation into it, or has its link."""
        conversation = state.conversation
        if inviter is not None:
            # Anybody can make an invitation that names any conversation.
            by = await people_rows.person(connection, conversation, inviter)
            return by is not None and by.admin
        record = await self._records.newest(connection, conversation, state.record)
        return record.joining is not None and hmac.compare_digest(record.joining, invitation)
