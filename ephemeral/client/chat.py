"""`join`: a conversation with a person in front of it."""

import asyncio
import os
from contextlib import aclosing, suppress
from dataclasses import dataclass

from ephemeral.client.announcing import Announcer
from ephemeral.client.chat_commands import HELP, Command, chosen_view, is_message, parse_command
from ephemeral.client.chat_files import ChatFiles
from ephemeral.client.chat_lines import (
    card_body,
    card_title,
    event_line,
    quote_author,
    status_line,
    who,
    who_is_here,
    would_end_room,
)
from ephemeral.client.context import Context, Keeping
from ephemeral.client.conversation import Conversation, Offline, Told, now_ms
from ephemeral.client.entry import Entry
from ephemeral.client.exits import ClientError, Exit, ended_error
from ephemeral.client.faces import Face, Plain, Terminal
from ephemeral.client.line_editor import Changed, EndOfInput, Escape, Key, Line, Redraw, Scroll
from ephemeral.client.room_commands import make_room
from ephemeral.client.sending import text_content
from ephemeral.protocol.charter import Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.quotes import Quote, excerpt
from ephemeral.protocol.session_events import (
    Card,
    Ended,
    Refused,
    Settled,
    Typing,
    Unreadable,
    Waiting,
    Welcome,
)

__all__ = ["chat", "new_chat"]

_DEFAULT_VIEW = 30
_AHEAD = 64


async def new_chat(context: Context) -> Exit:
    """Make a room, print its code, and stay in it."""
    code, link, _, _ = await make_room(context)
    await context.put(code)
    if context.args.link:
        await context.put(link)
    context.typed = code
    return await chat(context)


async def chat(context: Context) -> Exit:
    """Talk in a room until one leaves it or it ends."""
    async with context.entry(patience=context.args.timeout) as entry:
        with context.keeping(entry) as keeping:
            session = entry.session(keeping.seat, context.random, context.args.name)
            keeping.save()
            talk = Conversation(entry.server, session, chance=context.chance, patience=None)
            face: Face = Plain(context.stdin, context.output)
            if context.output.is_terminal() and os.isatty(context.stdin):
                face = Terminal(context.stdin, context.output, context.heed)
            async with talk:
                talking = _Chat(context, entry, talk, face, keeping)
                face.start()
                try:
                    result = await talking.run()
                finally:
                    face.stop()
                    keeping.save(session)
                    if keeping.file is None or talking.gave_up_seat:
                        await talk.leave()
                if talking.gave_up_seat and keeping.file is not None:
                    keeping.file.remove()
                return result


@dataclass(slots=True)
class _Reading:
    """The message on the screen. `until`: when it goes, monotonic; None: when it is closed."""

    card: Card
    until: float | None


class _Chat:
    def __init__(
        self, context: Context, entry: Entry, talk: Conversation, face: Face, keeping: Keeping
    ) -> None:
        self._context = context
        self._keeps_seat = keeping.file is not None
        self._files = ChatFiles(context, entry, keeping.seat, talk, face.log)
        self._charter = entry.charter
        self._talk = talk
        self._session = talk.session
        self._face = face
        # Whoever has something for a full one waits for a place, in turn: neither a server that
        # never ends nor a text that is pasted keeps the other out.
        self._queue: asyncio.Queue[Key | Told | Exception | None] = asyncio.Queue(_AHEAD)
        self._announcer = Announcer(face.log, context.clock)
        self._numbers: dict[bytes, int] = {}
        self._opening: bytes | None = None
        self._inside = asyncio.Event()
        self._skip: set[bytes] = set()
        self._reading: _Reading | None = None
        self._quotable: Quote | None = None  # Of what was read last: what `/reply` repeats.
        self._offline = ""
        self._view: int | None = None
        self._tells_typing: bool = not context.args.no_typing
        self._quitting = False
        self._warned = False
        self._destroying = False
        self.gave_up_seat = False

    # --- the loop -----------------------------------------------------------------------------

    async def run(self) -> Exit:
        """Until the end of the conversation."""
        tasks = [
            asyncio.create_task(self._watch_keys()),
            asyncio.create_task(self._watch_events()),
            asyncio.create_task(self._watch_time()),
        ]
        try:
            while True:
                item = await self._queue.get()
                if isinstance(item, Ended):
                    return await self._ended(item)
                if isinstance(item, Exception):
                    raise item
                await self._handle(item)
                self._describe()
                self._talk.push()
                if self._quitting and not self._unsent() and self._opening is None:
                    return Exit.OK
        finally:
            await self._files.stop()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _watch_keys(self) -> None:
        if isinstance(self._face, Plain):  # A pipe has its lines before it is known what waits.
            await self._inside.wait()
        async with aclosing(self._face.keys()) as keys:
            async for key in keys:
                await self._queue.put(key)

    async def _watch_events(self) -> None:
        try:
            while True:
                await self._queue.put(await self._talk.next())
        except (ClientError, Refusal) as error:
            await self._queue.put(error)

    async def _watch_time(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            if self._reading is not None or self._announcer.is_behind:
                await self._queue.put(None)

    async def _handle(self, item: Key | Told | None) -> None:
        match item:
            case None:
                await self._close_in_time()
                await self._announcer.catch_up()
            case Line(text=text):
                self._session.type(False, now_ms())
                await self._line(text)
            case Changed(text=text):
                if self._tells_typing:
                    self._session.type(is_message(text), now_ms())
            case Scroll(by=by):
                self._face.scroll(by)
            case Escape():
                await self._close()
            case EndOfInput():
                await self._quit()
            case Redraw():
                self._face.redraw()
            case _:
                await self._event(item)

    def _describe(self) -> None:
        """The countdown, and what there is to know at this moment."""
        foot = ""
        if self._reading is not None:
            foot = "Enter closes it"
            if self._reading.until is not None:
                left = max(0, round(self._reading.until - self._context.clock()))
                foot = f"gone in {left} s · {foot}"
        waiting, files = len(self._waiting()), len(self._files.waiting())
        self._face.describe(foot, status_line(self._session, self._offline, waiting, files))

    # --- what the person enters ---------------------------------------------------------------

    async def _line(self, text: str) -> None:
        command = parse_command(text)
        if isinstance(command, Command):
            await self._command(command)
        elif command:
            await self._send(command)
        elif self._reading is not None:
            await self._close()
        else:
            await self._open_next()

    async def _send(self, text: str, quote: Quote | None = None) -> None:
        try:
            written = self._session.post(text_content(text, self._view, quote), now_ms())
        except Refusal as refusal:
            await self._face.log(f"Not sent: {refusal.message}")
            return
        self._numbers[written.id] = len(self._numbers) + 1
        # The text itself would stay in the terminal's history, so only its number is said.
        quoting = "" if quote is None else f", quoting {quote_author(self._session, quote)}"
        await self._face.log(f"You: message {self._numbers[written.id]} is being sent{quoting}")

    async def _reply(self, text: str) -> None:
        if not text.strip():
            await self._face.log("/reply takes the text of your answer.")
        elif self._quotable is None:
            await self._face.log("You have read no text here that could be quoted.")
        else:
            await self._send(text, self._quotable)

    async def _command(self, command: Command) -> None:
        match command.name:
            case "open":
                await self._open_next()
            case "close":
                await self._close()
            case "save":
                await self._files.ask(command.argument)
            case "reply":
                await self._reply(command.argument)
            case "view":
                await self._choose_view(command.argument)
            case "who":
                for line in who_is_here(self._session, self._charter):
                    await self._face.log(line)
            case "lock" | "unlock":
                self._session.lock(command.name == "lock", now_ms())
            case "typing":
                self._tells_typing = command.argument.strip().lower() != "off"
                self._session.type(False, now_ms())
            case "destroy":
                self._destroying = True
                self._session.destroy(now_ms())
            case "leave":
                await self._quit(leave=True)
            case "quit":
                await self._quit()
            case "help":
                for line in HELP:
                    await self._face.log(line)
            case _:
                await self._face.log(f"There is no command /{command.name}. /help lists them.")

    async def _choose_view(self, argument: str) -> None:
        try:
            self._view = chosen_view(argument)
        except ValueError:
            await self._face.log("/view takes 5 to 300 seconds, or close, or default.")

    async def _quit(self, *, leave: bool = False) -> None:
        unsent = self._unsent()
        if (leave or not self._keeps_seat) and not self._warned and would_end_room(self._session):
            self._warned = True
            await self._face.log(
                "You are the last one here and the room is locked: leaving ends it, with all that "
                "waits in it. Once more leaves."
            )
            return
        self.gave_up_seat = leave
        if self._quitting and unsent:
            raise ClientError(Exit.NETWORK, "unsent", f"{unsent} messages were never sent.")
        self._quitting = True
        if unsent:
            await self._face.log(f"{unsent} messages are not yet sent; once more drops them.")

    def _unsent(self) -> int:
        return sum(written.state == "sending" for written in self._session.outbox)

    # --- reading ------------------------------------------------------------------------------

    def _waiting(self) -> list[bytes]:
        waiting = self._session.state.waiting(self._session.member)
        return [one.id for one in waiting if one.id not in self._skip and one.attachment is None]

    async def _open_next(self) -> None:
        await self._close()
        waiting = self._waiting()
        if not waiting:
            await self._face.log("No message waits.")
        elif self._opening is None:
            self._opening = waiting[0]
            self._session.open(waiting[0], now_ms())

    async def _show(self, card: Card) -> None:
        await self._close()
        self._opening = None
        self._skip.add(card.id)
        try:
            await self._face.show(card_title(self._session, card), card_body(self._session, card))
        except ClientError:
            self._session.release(card.id, now_ms())
            self._talk.push()
            raise
        self._session.acknowledge(card.id, now_ms())
        seconds: object = _DEFAULT_VIEW
        self._quotable = None
        # What other types have under these names is anything at all.
        if card.content["type"] == "text":
            seconds = card.content.get("view", _DEFAULT_VIEW)
            self._quotable = Quote(excerpt(str(card.content["text"])), card.author)
        keep = not isinstance(seconds, int) or seconds == 0
        until = None if keep else self._context.clock() + float(str(seconds))
        self._reading = _Reading(card, until)

    async def _close_in_time(self) -> None:
        until = None if self._reading is None else self._reading.until
        if until is not None and self._context.clock() >= until:
            await self._close()

    async def _close(self) -> None:
        if self._reading is not None:
            card, self._reading = self._reading.card, None
            self._face.hide()
            await self._face.log(f"A message from {who(self._session, card.author)} is gone.")

    # --- what happens -------------------------------------------------------------------------

    async def _event(self, event: Told) -> None:
        match event:
            case Offline(why=why):
                self._offline = f"{why} Trying again"
                return
            case Welcome(again=again):
                self._offline = ""
                if not again:
                    await self._greet()
                self._inside.set()
                return
            case Waiting(notice=notice):
                self._skip.discard(notice.id)
            case Card(id=self._files.asked):
                self._files.begin(event)
                return
            case Card():
                await self._show(event)
                return
            case Unreadable(id=message) | Refused(action="open", id=message):
                self._files.refused(message)
                self._skip.add(message)
                self._opening = None
            case Refused(action="leave" | "destroy"):
                self._destroying = False
            case Settled(id=message, state="room_ended"):
                return
            case Typing():
                return
        line = event_line(self._session, self._numbers, event)
        if line is None:
            return
        if isinstance(event, (Refused, Unreadable)) or (
            isinstance(event, Settled) and event.state not in {"stored", "opened"}
        ):
            # An answer, or a fate: it comes once for each thing that this person did.
            await self._face.log(line)
        else:
            await self._announcer.tell(line)

    async def _greet(self) -> None:
        room = self._session.state.room
        if room is None:
            return
        policy = "one member has" if self._charter.policy == Policy.FIRST_VIEW else "everyone has"
        await self._face.log(
            f"You are in. {room.seats_taken} of {self._charter.seats} seats taken, {room.joins} "
            f"join{'s' * (room.joins != 1)} so far. A message is destroyed once {policy} read it. "
            "/help lists commands."
        )

    async def _ended(self, ended: Ended) -> Exit:
        if ended.reason == "left" or (ended.reason == "destroyed" and self._destroying):
            self.gave_up_seat = True
            with suppress(ClientError):
                end = "The room is destroyed." if self._destroying else "You have left."
                await self._face.log(end)
            return Exit.OK
        raise ended_error(ended)
