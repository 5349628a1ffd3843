"""Files of others in a conversation: announced as such, and saved when the person says so."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from ephemeral.client.attaching import Download
from ephemeral.client.chat_lines import who
from ephemeral.client.context import Context
from ephemeral.client.conversation import Conversation, now_ms
from ephemeral.client.entry import Entry
from ephemeral.client.exits import ClientError
from ephemeral.client.saving import checked_folder, save
from ephemeral.client.seat_file import Seat
from ephemeral.protocol.attachments import FILE
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.session_events import Card

__all__ = ["ChatFiles"]


class ChatFiles:
    """Saves one at a time, beside the conversation."""

    def __init__(
        self,
        context: Context,
        entry: Entry,
        seat: Seat,
        talk: Conversation,
        log: Callable[[str], Awaitable[None]],
    ) -> None:
        self._context = context
        self._entry = entry
        self._seat = seat
        self._talk = talk
        self._session = talk.session
        self._log = log
        self._folder = Path()
        self._failed: set[bytes] = set()
        self._saved: set[bytes] = set()
        self._task: asyncio.Task[None] | None = None
        # What was fetched last, by its message: what of it was verified is not fetched again.
        self._begun: tuple[bytes, Download] | None = None
        self._again = False
        #: The message whose file was asked for.
        self.asked: bytes | None = None

    def waiting(self) -> list[bytes]:
        """Messages with files, oldest first; those that couldn't be saved come last."""
        waiting = self._session.state.waiting(self._session.member)
        found = [
            one.id for one in waiting if one.attachment is not None and one.id not in self._saved
        ]
        return sorted(found, key=lambda one: one in self._failed)

    async def ask(self, argument: str) -> None:
        """`/save`: open the oldest, for a folder."""
        waiting = self.waiting()
        if self.asked is not None:
            await self._log("A file is being saved; wait until it is.")
        elif not waiting:
            await self._log("No file waits.")
        else:
            try:
                self._folder = checked_folder(Path(argument.strip() or "."))
            except ClientError as error:
                await self._log(error.message)
                return
            self.asked = waiting[0]
            self._again = False
            self._session.open(waiting[0], now_ms(), attachment=True)

    def refused(self, message: bytes) -> None:
        """It was not opened, or is not readable."""
        if message == self.asked:
            self._failed.add(message)
            self.asked = None

    def begin(self, card: Card) -> None:
        """It was opened: fetch and save it."""
        self._task = asyncio.create_task(self._save(card))

    async def _save(self, card: Card) -> None:
        notice = self._session.state.notices.get(card.id)
        asked = None
        try:
            if card.content["type"] != FILE:
                raise Refusal("content_field", "This message has a file and doesn't say which.")
            padded = None if notice is None else notice.attachment
            if self._begun is None or self._begun[0] != card.id:
                self._begun = card.id, Download(self._session, card, padded)
            download = self._begun[1]
            data = await download.fetch(self._context, self._entry, self._seat)
            path = await asyncio.to_thread(save, self._folder, download.file.name, data)
        except (Refusal, ClientError) as error:
            if error.code == "lease_lost" and not self._again:
                # A slow line. Once is enough: the third lease that ends destroys the message.
                self._again = True
                asked = card.id
                self._session.open(card.id, now_ms(), attachment=True)
                return
            if error.code != "lease_lost":
                self._begun = None
            self._session.release(card.id, now_ms())
            self._failed.add(card.id)
            await self._log(f"{error.message} The message was given back.")
        except asyncio.CancelledError:
            self._session.release(card.id, now_ms())
            raise
        else:
            self._begun = None
            self._session.acknowledge(card.id, now_ms())
            self._saved.add(card.id)
            await self._log(f"The file from {who(self._session, card.author)} is saved: {path}")
        finally:
            self.asked = asked
            self._talk.push()

    async def stop(self) -> None:
        """Give back what isn't saved yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
