"""`pipe`: files and lines of standard input are sent, received messages become lines of standard
output."""

import asyncio
from collections.abc import Sequence

from ephemeral.client.attaching import Prepared, attach, prepared
from ephemeral.client.context import Context
from ephemeral.client.conversation import Conversation, Offline, Slower, Told, now_ms
from ephemeral.client.entry import Entry
from ephemeral.client.exits import ClientError, Exit, ended_error
from ephemeral.client.lines import lines
from ephemeral.client.reading import FILE_WAITS, card_json, quote_line
from ephemeral.client.safe_text import neutralise
from ephemeral.client.seat_file import Seat
from ephemeral.client.sending import text_content
from ephemeral.protocol.encoding import b64encode, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.quotes import quote_in
from ephemeral.protocol.session_events import (
    Card,
    Ended,
    Refused,
    Settled,
    Unreadable,
    Waiting,
    Welcome,
)

__all__ = ["pipe"]

_ENDS_OF_ROOM = {"destroyed", "expired"}


async def pipe(context: Context) -> Exit:
    """Send what comes in and write what is received, to the end of the input or of the room."""
    # Before anything is asked of the server: whoever has to decide is told at once.
    files = [
        prepared(path, keep_metadata=context.args.keep_metadata) for path in context.args.file or ()
    ]
    async with context.entry(patience=context.args.timeout) as entry:
        with context.keeping(entry) as keeping:
            session = entry.session(keeping.seat, context.random, context.args.name)
            keeping.save()
            talk = Conversation(entry.server, session, chance=context.chance, patience=None)
            async with talk:
                try:
                    return await _Pipe(context, talk, entry, keeping.seat).run(files)
                finally:
                    keeping.save(session)
                    if keeping.file is None:
                        await talk.leave()


class _Pipe:
    def __init__(self, context: Context, talk: Conversation, entry: Entry, seat: Seat) -> None:
        self._context = context
        self._entry = entry
        self._seat = seat
        self._inside = asyncio.Event()
        self._told_of_files = False
        self._talk = talk
        self._session = talk.session
        self._opening: bytes | None = None
        self._skip: set[bytes] = set()
        # Given back, these wait again at once; to ask for them again would never end.
        self._unreadable: set[bytes] = set()
        self._input_ended = False
        self._finished = asyncio.Event()
        self._result = Exit.OK

    async def run(self, files: Sequence[Prepared]) -> Exit:
        """Both directions at once; the first fault ends both."""
        tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(self._send(files)),
            asyncio.create_task(self._receive()),
        ]
        end = asyncio.create_task(self._finished.wait())
        try:
            while not end.done():
                done, _ = await asyncio.wait([*tasks, end], return_when=asyncio.FIRST_COMPLETED)
                for task in [one for one in tasks if one in done]:
                    await task
                    tasks.remove(task)
        finally:
            for task in tasks:
                task.cancel()
            end.cancel()
            await asyncio.wait([*tasks, end])
        return self._result

    async def _send(self, files: Sequence[Prepared]) -> None:
        """The files, then the input; one after the other, as they shall be read."""
        if files:
            await self._inside.wait()
        for file in files:
            await self._send_file(file)
        await self._send_input()

    async def _send_file(self, file: Prepared) -> None:
        context = self._context
        written = await attach(
            context, self._entry, self._seat, self._session, file, context.args.view
        )
        self._talk.push()
        if context.wants_json:
            told = {"id": b64encode(written.id), "size": len(file.data), "cleaned": file.cleaned}
            await context.put_json({"event": "file"} | told)
        elif not file.cleaned:
            context.reassure("The file was sent as it is: nothing was removed from it.")

    async def _send_input(self) -> None:
        async for line in lines(self._context.stdin):
            if line.strip():
                try:
                    self._session.post(self._content(line), now_ms())
                except (Refusal, ValueError):
                    self._context.say("A line could not be sent: it is no text, or too long.")
                    self._result = Exit.USAGE
                self._talk.push()
        self._input_ended = True
        self._look_whether_done()

    def _content(self, line: bytes) -> dict[str, object]:
        """A line is a text; with --json, a string or an object with `text`, `view` and `quote`."""
        if not self._context.wants_json:
            return text_content(line.decode("utf-8"), self._context.args.view)
        value = parse_json(line)
        if isinstance(value, str):
            return text_content(value, self._context.args.view)
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            raise ValueError
        fields = ("text", "view", "quote")
        return {"type": "text"} | {key: value[key] for key in fields if key in value}

    async def _receive(self) -> None:
        while not self._finished.is_set():
            event = await self._talk.next()
            if isinstance(event, Ended):
                if event.reason not in _ENDS_OF_ROOM:
                    raise ended_error(event)
                self._context.say("The room has ended.")
                self._finished.set()
            else:
                await self._handle(event)
                self._open_next()
                self._look_whether_done()

    def _look_whether_done(self) -> None:
        unsent = any(written.state == "sending" for written in self._session.outbox)
        if self._input_ended and not self._context.args.follow and not unsent:
            self._finished.set()

    async def _handle(self, event: Told) -> None:
        match event:
            case Slower(why=why):
                self._context.say(why)
            case Offline(why=why):
                self._context.say(f"{why} Trying again.")
            case Welcome():
                self._inside.set()
            case Waiting(notice=notice):
                self._skip.discard(notice.id)
            case Card():
                await self._show(event)
                self._opening = None
            case Unreadable(id=message):
                self._context.say("A message could not be decrypted; it was given back.")
                self._result = Exit.REFUSED
                self._unreadable.add(message)
                self._opening = None
            case Refused(action="post", kept=False, refusal=refusal):
                self._context.say(refusal.message)
                self._result = Exit.REFUSED
            case Refused(action="open", id=message):
                self._skip.add(message)
                self._opening = None
            case Settled(id=message, state=state) if self._context.wants_json:
                await self._context.put_json(
                    {"event": "receipt", "id": b64encode(message), "state": state}
                )

    def _open_next(self) -> None:
        """One message at a time, the oldest first."""
        if self._opening is not None:
            return
        for notice in self._session.state.waiting(self._session.member):
            if notice.attachment is not None:
                # A line can't be a file. Opened all the same, it would be destroyed unseen.
                if not self._told_of_files:
                    self._context.say(FILE_WAITS)
                self._told_of_files = True
            elif notice.id not in self._skip | self._unreadable:
                self._opening = notice.id
                self._session.open(notice.id, now_ms())
                self._talk.push()
                return

    async def _show(self, card: Card) -> None:
        try:
            if self._context.wants_json:
                await self._context.put_json({"event": "message"} | card_json(card, self._session))
            elif isinstance(text := card.content.get("text"), str):
                if (quote := quote_in(card.content)) is not None:
                    self._context.say(quote_line(self._session, quote))
                shown = neutralise(text) if self._context.output.is_terminal() else text
                await self._context.put(shown)
        except ClientError:
            self._session.release(card.id, now_ms())
            self._talk.push()
            raise
        self._skip.add(card.id)
        self._session.acknowledge(card.id, now_ms())
        self._talk.push()
