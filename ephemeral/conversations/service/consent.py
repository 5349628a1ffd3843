"""Who may be brought into a conversation: nobody who hasn't agreed, and nobody into too many.

Whoever asks to come has agreed to that one conversation. A contact has agreed to hear from who adds
them, which isn't to be brought into any number of conversations, or back into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.rows import member_rows, people_rows, record_rows
from ephemeral.conversations.rules import limits
from ephemeral.conversations.service.asker import Asker
from ephemeral.protocol.conversations.records import Record
from ephemeral.protocol.errors import refuse

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Consent"]


class Consent:
    """Looks at whoever comes into a conversation. Their accounts, and the budget of who adds them,
    are locked: what is counted here stays so."""

    def __init__(self, doors: Doors) -> None:
        self._contacts = doors.contacts

    async def to_founding(
        self,
        connection: Connection,
        asker: Asker,
        record: Record,
        accounts: Mapping[bytes, bytes | None],
    ) -> set[bytes]:
        """Those accounts that the founder brings. Refuses `contact_needed`, `consent_needed`,
        `conversations_full`."""
        others = {chain: one for chain, one in accounts.items() if one != asker.account}
        known = await self._known(connection, asker, record)
        strangers = [one for chain, one in others.items() if chain not in known]
        await self._require_contacts(connection, asker.account, strangers, set())
        brought = {one for one in others.values() if one is not None}
        await self._require_bearable(connection, asker.account, record.conversation, brought)
        await self._require_room(connection, accounts.values())
        return brought

    async def to_coming(
        self,
        connection: Connection,
        asker: Asker,
        conversation: bytes,
        accounts: Iterable[bytes | None],
        now: int,
    ) -> set[bytes]:
        """The same of those who come into one that is there: whoever waits to be added has asked
        for it, and isn't brought."""
        come = set(accounts)
        if not come:
            return set()
        waiting = {one.account for one in await member_rows.joins(connection, conversation, now)}
        strangers = come - {asker.account}
        await self._require_contacts(connection, asker.account, strangers, waiting)
        brought = {one for one in strangers if one is not None} - waiting
        await self._require_bearable(connection, asker.account, conversation, brought)
        await self._require_room(connection, come)
        return brought

    async def _known(
        self, connection: Connection, asker: Asker, record: Record
    ) -> Mapping[bytes, object]:
        """The people with whom another conversation goes on, who have agreed before."""
        if record.continues is None:
            return {}
        conversation, name = record.continues
        was = await people_rows.people(connection, conversation)
        kept = await record_rows.with_hash(connection, conversation, name)
        # Nobody follows a member there, who would only use up what its people may be in.
        admin = any(one.admin and one.account == asker.account for one in was.values())
        return was if kept is not None and admin else {}

    async def _require_contacts(
        self,
        connection: Connection,
        account: bytes,
        strangers: Iterable[bytes | None],
        waiting: set[bytes],
    ) -> None:
        """Refuse `contact_needed` for whoever has agreed neither to the author nor to come."""
        asked = set(strangers)
        refuse(None in asked, "contact_needed")
        missing = {one for one in asked if one is not None} - waiting
        if missing:
            agreed = await self._contacts.accepted(connection, account, sorted(missing))
            refuse(bool(missing - agreed), "contact_needed")

    async def _require_bearable(
        self, connection: Connection, author: bytes, conversation: bytes, brought: set[bytes]
    ) -> None:
        """Refuse `consent_needed` for whoever has left, or was brought by this author into many
        in which they have said nothing."""
        if not brought:
            return
        who = sorted(brought)
        left = await member_rows.departed(connection, conversation, who)
        refuse(left, "consent_needed")
        most = limits.UNANSWERED_MAX
        refuse(await people_rows.unanswered(connection, author, who, most), "consent_needed")

    async def _require_room(self, connection: Connection, accounts: Iterable[bytes | None]) -> None:
        """Refuse `conversations_full` if somebody who comes is in too many."""
        come = sorted({one for one in accounts if one is not None})
        full = await people_rows.full(connection, come, limits.CONVERSATIONS_MAX)
        refuse(full, "conversations_full")
