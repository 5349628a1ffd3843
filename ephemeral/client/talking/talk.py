"""`chat with`: talking in one conversation by lines. The account stays free for others."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

from ephemeral.client.context import Context
from ephemeral.client.conversations.engine import Known
from ephemeral.client.exits import ClientError, Exit
from ephemeral.client.faces import Face, Plain, Terminal
from ephemeral.client.files.registered import note
from ephemeral.client.line_editor import EndOfInput, Line
from ephemeral.client.output import is_terminal
from ephemeral.client.talking.here import FOLLOWED, Here, here
from ephemeral.client.talking.inbox import is_own, is_passing, learn
from ephemeral.client.talking.joining import let_in
from ephemeral.client.talking.lines import lines_of
from ephemeral.client.talking.mentions import mentioning
from ephemeral.client.talking.presence import WhoIsHere, shows
from ephemeral.client.talking.saying import introduce, send
from ephemeral.client.talking.waiting import Waiting
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import Json

__all__ = ["talk"]

_ROUND_SECONDS = 25.0
_AGAIN_SECONDS = 2.0
_HELP = "Type and press Enter to send; Ctrl-J begins another line. /quit ends."


async def talk(context: Context) -> Exit:
    """Read what comes in one conversation, and write lines into it."""
    async with here(context) as place:
        await place.sync()
        known = await place.conversation_with(context.args.where)
        place.require_followed(known)
        title = place.title(known)
        other = known.direct if place.is_direct(known) else None
    return await _Talk(context, _face(context), known.id, other, title).run()


def _face(context: Context) -> Face:
    if context.output.is_terminal() and is_terminal(context.stdin):
        return Terminal(context.stdin, context.output, context.heed)
    return Plain(context.stdin, context.output)


class _Talk:
    """One conversation, before a person. A round at a time holds the account.

    With one person, `other`, there may be two, if both began one at once: both are read, and both
    sides write into the same of them.
    """

    def __init__(
        self,
        context: Context,
        face: Face,
        conversation: bytes,
        other: bytes | None,
        title: str,
    ) -> None:
        self._said: list[str] = []
        self._refused = set[bytes]()
        self._context = replace(context, tell=self._said.append)
        self._face = face
        self._conversation = conversation
        self._other = other
        self._title = title
        self._turn = asyncio.Lock()
        self._away = False
        self._who = WhoIsHere()
        # Of the other one.
        self._account: str | None = None

    async def run(self) -> Exit:
        """Until the input ends."""
        face = self._face
        face.start()
        try:
            face.describe("", self._title)
            if isinstance(face, Terminal):
                await face.log(f"{self._title}. {_HELP}")
            await self._until_either()
        finally:
            face.stop()
        return Exit.OK

    async def _until_either(self) -> None:
        """Until the input ends, or nothing more can come."""
        both = {asyncio.create_task(self._write()), asyncio.create_task(self._listen())}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _write(self) -> None:
        async with aclosing(self._face.keys()) as keys:
            async for key in keys:
                if isinstance(key, EndOfInput):
                    return
                if isinstance(key, Line) and key.text.strip():
                    if key.text.strip() in {"/quit", "/q"}:
                        return
                    await self._send(key.text)

    async def _send(self, text: str) -> None:
        try:
            async with self._turn, here(self._context) as place:
                into = self._found(place)[0]
                await introduce(place, into)
                await send(place, into.id, "text", mentioning(place, into, text))
                if isinstance(self._face, Terminal):
                    for line in text.split("\n"):
                        await self._face.log(f"you: {line}")
                await self._show(place)
        except (ClientError, Refusal) as error:
            # Who has a terminal sees it and may say it again; a program goes by the exit code.
            if not isinstance(self._face, Terminal):
                raise
            await self._explain(error)

    async def _listen(self) -> None:
        async with Waiting(self._hear) as waiting:
            while True:
                try:
                    async with self._turn, here(self._context) as place:
                        await place.engine.sync()
                        # As the other devices have it by now.
                        await waiting.meet(place.account, here=shows(place.engine))
                        self._meet_other(place)
                        await let_in(place, self._refused)
                        new = await self._show(place)
                    self._away = False
                except (ClientError, Refusal) as error:
                    if not is_passing(error):
                        raise
                    if not self._away:
                        await self._explain(error)
                    self._away = True
                    await asyncio.sleep(_AGAIN_SECONDS)
                    continue
                await waiting.until_new(_ROUND_SECONDS, was_new=new)

    def _meet_other(self, place: Here) -> None:
        person = None if self._other is None else place.person(self._other)
        account = None if person is None else person.account
        self._account = None if account is None else b64encode(account)

    def _hear(self, event: Json) -> None:
        """Say whether the other one is here."""
        if self._who.hear(event):
            is_here = self._account in self._who.accounts
            self._face.describe("", f"{self._title}, here now" if is_here else self._title)

    def _found(self, place: Here) -> list[Known]:
        """What is talked in, that into which is written first."""
        found = [
            one
            for one in place.engine.known()
            if one.state == FOLLOWED and place.is_direct(one) and one.direct == self._other
        ]
        return (self._other and found) or [place.known(self._conversation)]

    async def _show(self, place: Here) -> bool:
        """Show what is new here; whether anything was."""
        new = False
        for known in self._found(place):
            found = place.engine.news(known.id)
            new = new or bool(found)
            await learn(place, found)
            await note(place, found)
            for one in found:
                if is_own(place, one) or place.is_hidden(known, one.chain):
                    continue
                for line in lines_of(place, known, one):
                    await self._face.log(line)
            await place.engine.taken(found)
        while self._said:
            await self._face.log(f"ephemeral: {self._said.pop(0)}")
        place.require_followed(self._found(place)[0])
        return new

    async def _explain(self, error: ClientError | Refusal) -> None:
        await self._face.log(f"ephemeral: {error.message}")
