"""`read`: waiting messages, each acknowledged only when its output was flushed, or what is attached
to it saved."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from ephemeral.client.attaching import Download
from ephemeral.client.chat_lines import quote_author
from ephemeral.client.context import Context, Keeping
from ephemeral.client.conversation import Conversation, Offline, Slower, now_ms
from ephemeral.client.entry import Entry
from ephemeral.client.exits import ClientError, Exit, ended_error, usage
from ephemeral.client.safe_text import neutralise, neutralise_line
from ephemeral.client.saving import checked_folder, save
from ephemeral.protocol.attachments import FILE
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE
from ephemeral.protocol.quotes import Quote, quote_in
from ephemeral.protocol.session import Session
from ephemeral.protocol.session_events import (
    Acknowledged,
    Card,
    Ended,
    Event,
    Refused,
    Released,
    Unreadable,
    Waiting,
    Welcome,
)

__all__ = ["FILE_WAITS", "card_json", "message_id", "quote_line", "read"]

FILE_WAITS = "A message with a file waits: `ephemeral read --save FOLDER` saves it."

_RELEASE_SECONDS = 3.0
# It was shown, and it is destroyed, though not by this acknowledgement.
_GONE = {"message_gone", "message_unknown"}
_ENDS_OF_ROOM = {"destroyed", "expired"}


def message_id(text: str) -> bytes:
    """The id of a message as `--id` takes it."""
    try:
        return b64decode(text, ID_SIZE)
    except Refusal:
        raise usage("A message's id is 22 characters of base64url.") from None


def card_json(card: Card, session: Session) -> dict[str, object]:
    """A message that was opened, for programs."""
    return {
        "id": b64encode(card.id),
        "author": b64encode(card.author),
        "name": session.state.name(card.author),
        "counter": card.counter,
        "skipped": card.skipped,
        "repeated": card.repeated,
        "posted_at": card.posted_at,
        "expires_at": card.expires_at,
        "content": card.content,
    }


def quote_line(session: Session, quote: Quote) -> str:
    """What a message quotes, on a line of its own, beside the exact bytes of its text."""
    return neutralise_line(f"The next message quotes {quote_author(session, quote)}: {quote.text}")


async def read(context: Context) -> Exit:
    """Read what waits and write it to standard output."""
    args = context.args
    patience = None if args.follow else args.timeout
    if args.save is not None:
        checked_folder(args.save)
    async with context.entry(patience=args.timeout) as entry:
        with context.keeping(entry) as keeping:
            session = entry.session(keeping.seat, context.random, args.name)
            keeping.save()
            talk = Conversation(entry.server, session, chance=context.chance, patience=patience)
            async with talk:
                reader = _Reader(context, talk, keeping, entry)
                try:
                    return await reader.run()
                finally:
                    if keeping.file is None:
                        await talk.leave()


class _RoomEndedError(Exception):
    """There will be no more messages."""


class _Reader:
    def __init__(
        self, context: Context, talk: Conversation, keeping: Keeping, entry: Entry
    ) -> None:
        self._context = context
        self._entry = entry
        self._folder: Path | None = context.args.save
        self._talk = talk
        self._session = talk.session
        self._keeping = keeping
        self._several: bool = context.args.all or context.args.follow
        self._skip: set[bytes] = set()
        # Given back, these wait again at once; to ask for them again would never end.
        self._unreadable: set[bytes] = set()
        self._count = 0
        self._failure: Refusal | None = None

    async def run(self) -> Exit:
        """Read what the arguments ask for."""
        try:
            await self._until(lambda event: isinstance(event, Welcome))
            if (message := self._context.args.id) is not None:
                if self._has_file(message) and self._folder is None:
                    raise usage("That message has a file: say --save FOLDER.")
                await self._read(message)
            else:
                await self._read_what_waits()
        except _RoomEndedError:
            self._context.say("The room has ended.")
        if self._failure is not None:
            raise self._failure
        if self._count:
            return Exit.OK
        notices = self._session.state.notices.values()
        if self._folder is None and any(map(self._has_file, self._session.state.notices)):
            self._context.say(FILE_WAITS)
        elif any(notice.author != self._session.member for notice in notices):
            self._context.say("Messages wait, and none of them is for you to read at this moment.")
        else:
            self._context.say("No message waits.")
        return Exit.NOTHING

    async def _read_what_waits(self) -> None:
        args = self._context.args
        until = None if args.follow else asyncio.get_running_loop().time() + args.wait
        while True:
            message = self._next()
            if message is not None:
                await self._read(message)
                if self._count and not self._several:
                    return
            elif self._count and not args.follow:
                return
            else:
                try:
                    async with asyncio.timeout_at(until):
                        await self._until(lambda event: isinstance(event, (Waiting, Welcome)))
                except TimeoutError:
                    return

    def _next(self) -> bytes | None:
        """The message that has waited longest, of those that are not to be skipped."""
        for notice in self._session.state.waiting(self._session.member):
            readable = notice.attachment is None or self._folder is not None
            if readable and notice.id not in self._skip | self._unreadable:
                return notice.id
        return None

    def _has_file(self, message: bytes) -> bool:
        notice = self._session.state.notices.get(message)
        return notice is not None and notice.attachment is not None

    async def _until(self, wanted: Callable[[Event], bool]) -> Event:
        """The next event that is wanted."""
        while True:
            event = await self._talk.next()
            if isinstance(event, Offline):
                self._context.say(f"{event.why} Trying again.")
                continue
            if isinstance(event, Slower):
                self._context.say(event.why)
                continue
            if isinstance(event, Waiting):
                self._skip.discard(event.notice.id)
            if isinstance(event, Ended):
                if event.reason in _ENDS_OF_ROOM:
                    raise _RoomEndedError
                raise ended_error(event)
            if wanted(event):
                return event

    async def _read(self, message: bytes) -> None:
        """Open one message, write it, acknowledge it. What can't be read is skipped from now on."""
        event = await self._opened(message)
        if isinstance(event, Card):
            await self._show(event)
            return
        self._skip.add(message)
        if isinstance(event, Unreadable):
            self._unreadable.add(message)
            self._failure = event.refusal
            self._context.say("A message could not be decrypted; it was given back.")
        elif isinstance(event, Refused) and self._context.args.id is not None:
            raise event.refusal

    async def _opened(self, message: bytes) -> Event:
        """What asking for the lease is answered with, in the end."""
        while True:
            # Said only where it can be saved: what couldn't be shown would be destroyed unseen.
            self._session.open(message, now_ms(), attachment=self._folder is not None)
            self._talk.push()
            event = await self._until(lambda event: _is_answer(event, message, "open"))
            pause = self._pause(event)
            if pause is None:
                return event
            await asyncio.sleep(pause)

    def _pause(self, event: Event) -> float | None:
        """How long to wait with what was asked for too fast, if that is to be waited for."""
        if not isinstance(event, Refused) or event.refusal.code != "too_many":
            return None
        pause = float(event.refusal.retry_after or 1)
        args = self._context.args
        return pause if args.follow or pause <= args.timeout else None

    async def _show(self, card: Card) -> None:
        try:
            await self._write(card)
        except (ClientError, asyncio.CancelledError):
            await self._give_back(card.id)
            raise
        except Refusal as refusal:
            await self._give_back(card.id)
            self._skip.add(card.id)
            self._unreadable.add(card.id)
            self._failure = refusal
            self._context.say(f"{refusal.message} The message was given back.")
            return
        self._skip.add(card.id)
        self._session.acknowledge(card.id, now_ms())
        self._talk.push()
        self._count += 1
        self._keeping.save(self._session)
        event = await self._until(lambda event: _is_answer(event, card.id, "ack"))
        if isinstance(event, Refused) and event.refusal.code not in _GONE:
            raise event.refusal

    async def _write(self, card: Card) -> None:
        context = self._context
        if card.skipped:
            context.say(f"{card.skipped} earlier messages of this author were not for you to see.")
        if card.repeated:
            context.say("A message with this number was read before. Be careful with it.")
        if card.content["type"] == FILE and self._folder is not None:
            await self._save(card, self._folder)
            return
        if context.wants_json:
            await context.put_json(card_json(card, self._session))
            return
        if (quote := quote_in(card.content)) is not None:
            context.say(quote_line(self._session, quote))
        kind, text = card.content["type"], card.content.get("text")
        if kind != "text" or not isinstance(text, str):
            context.say(f"A message of a kind that is not known here: {neutralise_line(str(kind))}")
            return
        if context.output.is_terminal():
            await context.put(neutralise(text))
        else:
            await context.output.write(text.encode() + self._delimiter(text))

    async def _save(self, card: Card, folder: Path) -> None:
        """The whole file is verified and on the disk when this returns."""
        context, seat = self._context, self._keeping.seat
        notice = self._session.state.notices.get(card.id)
        download = Download(self._session, card, None if notice is None else notice.attachment)
        try:
            data = await download.fetch(context, self._entry, seat)
        except Refusal as refusal:
            # A slow line may have lost the lease. What was verified is not fetched again; and
            # once is enough: the third lease that ends destroys the message.
            if refusal.code != "lease_lost" or not isinstance(await self._opened(card.id), Card):
                raise
            data = await download.fetch(context, self._entry, seat)
        path = await asyncio.to_thread(save, folder, download.file.name, data)
        if context.wants_json:
            told = card_json(card, self._session) | {"content": download.shown(card.content)}
            await context.put_json(told | {"saved": str(path)})
        else:
            context.say(f"A file is saved: {neutralise_line(str(path))}")

    def _delimiter(self, text: str) -> bytes:
        """Nothing after a single message: its bytes are exact. Something between several."""
        if self._context.args.null:
            return b"\0"
        return b"\n" if self._several and not text.endswith("\n") else b""

    async def _give_back(self, message: bytes) -> None:
        """Release what was not shown, if the server can be told."""
        self._session.release(message, now_ms())
        self._talk.push()
        with contextlib.suppress(TimeoutError, ClientError, _RoomEndedError):
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._until(lambda event: _is_answer(event, message, "release"))


def _is_answer(event: Event, message: bytes, action: str) -> bool:
    match event:
        case Card(id=found) | Unreadable(id=found):
            return found == message and action == "open"
        case Acknowledged(id=found):
            return found == message and action == "ack"
        case Released(id=found):
            return found == message and action == "release"
        case Refused(action=asked, id=found, kept=False):
            return found == message and asked == action
    return False
