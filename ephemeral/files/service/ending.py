"""The end of files, whatever it comes by: what is told of one is destroyed at once, and what is
stored of it is deleted, as often as somebody could still store some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.doors import Asker, ConversationDoors
from ephemeral.files.rows import file_rows, quota_rows
from ephemeral.files.rows.quota_rows import Quota
from ephemeral.files.rules.file import File, State
from ephemeral.files.rules.limits import RELEASE_MS, SKEW_MS, Limits
from ephemeral.files.service.access import unknown
from ephemeral.store.clock import clock
from ephemeral.store.objects.purge_rows import insert_purge

if TYPE_CHECKING:
    from ephemeral.protocol.accounts.chain import Chain
    from ephemeral.store.postgres import Connection

__all__ = ["Ending"]


class Ending:
    """Ends files; listens to accounts and conversations that go."""

    def __init__(self, doors: Doors, conversations: ConversationDoors, limits: Limits) -> None:
        self._doors = doors
        self._limits = limits
        self._conversations = conversations

    async def delete(self, asker: Asker, id_: bytes) -> None:
        """As who has uploaded it; again changes nothing as long as anything of it is known.

        Refuses `file_unknown`.
        """

        async def work(connection: Connection) -> None:
            file = await file_rows.read(connection, id_)
            if file is None or file.account != asker.account:
                unknown()
            await self._end_one(connection, id_)

        await self._doors.watches.told(work)

    async def take_down(self, connection: Connection, id_: bytes) -> bool:
        """Whoever has uploaded it, in a transaction that `Watches.told` runs; False if it isn't
        there."""
        file = await file_rows.read(connection, id_)
        if file is None or not file.is_living:
            return False
        await self._end_one(connection, id_)
        return True

    async def _end_one(self, connection: Connection, id_: bytes) -> None:
        file = await file_rows.lock(connection, id_)
        if file is None or not file.is_living:
            return
        now = await clock(connection)
        [until] = await self.end(connection, [file], now)
        if until <= now:
            await self.release(connection, [file])

    async def end(self, connection: Connection, files: Sequence[File], now: int) -> list[int]:
        """These are there for nobody any more; they are living, and locked. Gives until when each
        counts."""
        await self._doors.values.destroy(
            connection, [one.payload for one in files if one.payload is not None]
        )
        # One that is later was written down while a clock was ahead.
        last = now + self._limits.span_ms + SKEW_MS
        put_until = [min(one.put_until, last) for one in files]
        for one, ends in zip(files, put_until, strict=True):
            await insert_purge(connection, "f", one.prefix, ends)
        until = [max(now, ends + RELEASE_MS) for ends in put_until]
        await file_rows.mark_deleting(connection, [one.id for one in files], until)
        for one in files:
            if one.conversation is not None:
                self._conversations.insiders.file_changed(one.conversation, one.id, None, None)
        return until

    async def release(self, connection: Connection, files: Sequence[File]) -> None:
        """These count no more: nobody can store any of them."""
        await file_rows.delete(connection, [one.id for one in files])
        freed: dict[bytes, Quota] = defaultdict(lambda: Quota(0, 0))
        for one in files:
            if one.account is not None:
                before = freed[one.account]
                freed[one.account] = Quota(before.bytes + one.padded, before.files + 1)
        await quota_rows.give_back(connection, freed)
        await quota_rows.fill_stock(connection, -sum(one.padded for one in files))

    async def sweep(self, connection: Connection, now: int, most: int) -> int:
        """End and release what is due; how many. In a transaction that `Watches.told` runs."""
        due = await file_rows.due(connection, now, most)
        await self.end(connection, [one for one in due if one.is_living], now)
        done = [one for one in due if one.state == State.DELETING]
        if done:
            await self.release(connection, done)
        return len(due)

    # --- accounts' hooks --------------------------------------------------------------------------

    async def on_chain_changed(
        self, connection: Connection, account: bytes, before: Chain | None, after: Chain
    ) -> None:
        """A device that is gone asks for nothing more; files are the account's."""

    async def on_account_deleted(self, connection: Connection, account: bytes) -> None:
        """Its files go with it."""
        await self._end_all(connection, await file_rows.living_of_account(connection, account))

    async def lists_beside(self, connection: Connection, account: bytes, chain: bytes) -> bool:  # noqa: ARG002
        """Nothing here lists anybody."""
        return False

    # --- conversations' ---------------------------------------------------------------------------

    async def on_conversation_ended(self, connection: Connection, conversation: bytes) -> None:
        """Its files go with it."""
        found = await file_rows.living_of_conversation(connection, conversation)
        await self._end_all(connection, found)

    async def _end_all(self, connection: Connection, files: Sequence[File]) -> None:
        if files:
            await self.end(connection, files, await clock(connection))
