"""People who do anything at any moment, and what befalls them: for random histories of talk.

Each act is one command of a device. Its process may die at any write or request, a request or its
answer may be lost or come twice, and others may act while it waits for an answer. All is drawn from
one generator, so a history is known by its number.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from support.people.correspondents import Ask, Device, Person
from support.people.village import DAY, HOUR, Village

from ephemeral.client.conversations.engine import Conversations
from ephemeral.client.conversations.news import News
from ephemeral.client.exits import ClientError, unreachable
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

DEVICES_MAX, CONVERSATIONS_MAX = 6, 3
#: What the person who acts may be told: that it isn't theirs to do, or not there any more.
TOLD = {
    "not_admin", "not_member", "conversation_unknown", "contact_needed", "consent_needed",
    "not_found", "removed", "left", "record_admin", "conflict", "unavailable", "not_compared",
}  # fmt: skip
#: What a device that was removed hears.
OUT = {"session_ended", "device_revoked", "unauthorized", "device_required", "token_wrong"}


class DeathError(Exception):
    """A process ended here."""


class Fault(NamedTuple):
    """What befalls an act, and at which point or request."""

    kind: str = ""
    at: int = 0


NONE = Fault()


@dataclass
class Said:
    """Something that was to be said. `accepted`: it was on the disk, so it will be said; `stored`:
    the server has answered; `refused`: whoever said it was told that it isn't sent."""

    text: str
    conversation: bytes
    by: "Actor"
    era: int
    accepted: bool = False
    stored: bool = False
    refused: bool = False
    deleted: bool = False


class Seen(NamedTuple):
    """A line that a device was shown, and which server showed it: 0, or after it was set back."""

    line: News
    era: int


@dataclass
class Actor:
    """A device, and all that it was shown, by the lines' numbers."""

    name: str
    device: Device
    seen: dict[int, Seen] = field(default_factory=dict)
    #: Whether its person's devices had told each other something before it came.
    late: bool = False
    busy: bool = False
    revoked: bool = False
    #: Conversations that this device had to give up at some time: what waited is gone with them.
    broken: set[bytes] = field(default_factory=set)

    @property
    def person(self) -> Person:
        return self.device.person


class Gossip:
    """One history: `number` is what it is drawn from."""

    def __init__(self, number: int, village: Village) -> None:
        self.number = number
        self.draw = random.Random(number)
        self.village = village
        self.actors: list[Actor] = []
        self.conversations: list[bytes] = []
        self.said: list[Said] = []
        self.story: list[str] = []
        #: How long it took, in ms, and whether messages were ever to disappear.
        self.passed = 0
        self.timed = False
        self.era = 0
        #: Whether what happens now will be forgotten by the server: devices neither come nor go.
        self.lost = False
        #: Conversations that lists nobody's device who is left: nobody can go on there.
        self.dead: set[bytes] = set()
        #: Whose devices have told each other something.
        self.noted: set[str] = set()

    # --- who is there -----------------------------------------------------------------------------

    async def begin(self) -> None:
        """Two to four people who know each other, with up to six devices."""
        for name in ("ada", "bob", "eve", "dan")[: self.draw.choice([2, 2, 3, 3, 3, 4])]:
            folder = self.village.folder / f"{self.number}-{name}"
            house = self.village.house
            url = f"http://ephemeral.test{house.base}"
            device = Device(url, folder, way=house.api._transport)
            device.ahead = house.clock.ahead / 1000
            self.village.devices.append(device)
            self.actors.append(Actor(name, await device.register()))
        for n, one in enumerate(self.actors):
            for other in self.actors[:n]:
                await other.device.befriend(one.device)
        for _ in range(self.draw.choice([0, 0, 1, 2])):
            await self._link(self._any())
        await self._found(self.actors[0], NONE)

    def _any(self) -> Actor:
        return self.draw.choice(self._free())

    def _free(self) -> list[Actor]:
        return [one for one in self.actors if not one.busy and not one.revoked]

    def others_of(self, actor: Actor) -> list[Actor]:
        return [
            one
            for one in self.actors
            if one is not actor and one.person is actor.person and not one.revoked
        ]

    # --- what happens -----------------------------------------------------------------------------

    async def step(self, depth: int = 0) -> None:
        """One act of somebody, with what befalls it."""
        draw = self.draw
        actor = self._any()
        act = draw.choices(list(_ACTS), weights=list(_ACTS.values()))[0]
        if act in {"link", "revoke", "passes"}:
            if not self.lost and (depth == 0 or act == "revoke"):
                await getattr(self, f"_{act}")(actor)
            return
        kinds = ["", "", "", "dies", "dies", "lost", "unanswered", "fails", "twice"]
        if depth < 2 and len(self._free()) > 1:
            kinds += ["between"] * 3
        kind = draw.choice(kinds)
        await getattr(self, f"_{act}")(actor, Fault(kind, draw.randint(1, 10)))

    async def act(
        self,
        actor: Actor,
        fault: Fault,
        what: str,
        work: Callable[[Conversations], Awaitable[Any]],
    ) -> tuple[str, list[str]]:
        """Do something on a device. How it ended, as a code ("" if well), and by which points."""
        points: list[str] = []
        line = len(self.story)
        self.story.append(f"{actor.name}: {what} {fault.kind} {fault.at if fault.kind else ''}")

        def crash(point: str) -> None:
            points.append(point)
            if fault.kind == "dies" and len(points) == fault.at:
                raise DeathError(point)

        actor.busy = True
        actor.device.around = self._around(fault)
        ended = ""
        try:
            async with actor.device.open(crash) as talk:
                try:
                    await work(talk)
                finally:
                    self.look(actor, talk)
        except DeathError as death:
            ended = f"died at {death}"
        except ClientError as error:
            ended = error.code or "failed"
            if fault.kind not in {"lost", "unanswered"} and not actor.revoked:
                raise
        except Refusal as refusal:
            ended = refusal.code
            if not (actor.revoked or ended in TOLD or ended == "server_back"):
                raise
        finally:
            actor.busy, actor.device.around = False, None
            self.story[line] += f" -> {ended or 'done'}"
        return ended, points

    def _around(self, fault: Fault) -> Callable[[Ask], Ask]:
        def around(ask: Ask) -> Ask:
            asked_so_far = 0

            async def asked(method: str, path: str, *rest: Any, **more: Any) -> Any:
                nonlocal asked_so_far
                asked_so_far += 1
                here = asked_so_far == fault.at
                if here and fault.kind == "lost":
                    raise unreachable("lost")
                if here and fault.kind == "between":
                    for _ in range(self.draw.randint(1, 3) if self._free() else 0):
                        await self.step(depth=1 + sum(one.busy for one in self.actors) // 2)
                answer = await ask(method, path, *rest, **more)
                if here and fault.kind == "unanswered":
                    raise unreachable("lost")
                if here and fault.kind == "fails":
                    raise Refusal("unavailable")
                if fault.kind == "twice" and method != "GET":
                    answer = await ask(method, path, *rest, **more)
                return answer

            return asked

        return around

    def look(self, actor: Actor, talk: Conversations) -> None:
        """What a device shows now. A line that was shown before is the same as before."""
        for line in talk.news():
            before = actor.seen.setdefault(line.number, Seen(line, self.era)).line
            assert before == line, (before, line)
            if line.code in {"not_member", "server_back"}:
                actor.broken.add(line.conversation)
        for known in talk.known():
            if known.state != "following":
                actor.broken.add(known.id)

    # --- acts -------------------------------------------------------------------------------------

    async def say(self, actor: Actor, fault: Fault, conversation: bytes) -> None:
        """Say something that nobody has said before."""
        text = f"{len(self.said)} by {actor.name}"
        said = Said(text, conversation, actor, self.era)
        self.said.append(said)
        of = self._message_of(conversation)
        kind = self.draw.choice(["text"] * 4 + ["edit", "reaction"]) if of else "text"

        async def work(talk: Conversations) -> None:
            if kind == "edit":
                await talk.edit(conversation, of, text)
            elif kind == "reaction":
                await talk.react(conversation, of, text)
            else:
                await talk.text(conversation, text)

        place = self.conversations.index(conversation)
        ended, points = await self.act(actor, fault, f"{kind} {text!r} in {place}", work)
        # Whoever dies when it was refused, before it was told so, hasn't been told that it waits.
        said.accepted = "written:outbox" in points and "written:drop" not in points
        said.stored = not ended
        said.refused = ended in TOLD - {"unavailable"} and fault.kind in {"", "between"}
        said.accepted &= ended not in TOLD - {"unavailable"}

    def _message_of(self, conversation: bytes) -> Any:
        """A message that somebody has been shown."""
        found = [
            (seen.line.device, seen.line.id)
            for one in self.actors
            for seen in one.seen.values()
            if seen.line.conversation == conversation and seen.line.kind == "message"
        ]
        return self.draw.choice(found[-5:]) if found else None

    async def _say(self, actor: Actor, fault: Fault) -> None:
        await self.say(actor, fault, self.draw.choice(self.conversations))

    async def hear(self, actor: Actor) -> None:
        """Read all that is new, and be shown it."""
        await self._hear(actor, NONE)

    async def _hear(self, actor: Actor, fault: Fault) -> None:
        async def work(talk: Conversations) -> None:
            await talk.sync()
            self.look(actor, talk)
            await talk.taken(talk.news())

        await self.act(actor, fault, "hears", work)

    async def _looks(self, actor: Actor, fault: Fault) -> None:
        await self.act(actor, fault, "looks", lambda talk: talk.sync())

    async def _found(self, actor: Actor, fault: Fault) -> None:
        if len(self.conversations) == CONVERSATIONS_MAX:
            return
        people = {
            one.device.chain: self.draw.choice(["member", "admin"])
            for one in self.actors
            if one.person is not actor.person and self.draw.random() < 0.8
        }

        async def work(talk: Conversations) -> None:
            self.conversations.append(await talk.found(people))

        await self.act(actor, fault, f"founds with {len(people)}", work)
        if not self.conversations:
            await self._found(actor, NONE)

    async def repair(self, actor: Actor, conversation: bytes) -> None:
        """Go on with the same people in another conversation, which can be done."""

        async def work(talk: Conversations) -> None:
            self.conversations.append(await talk.repair(conversation))

        place = self.conversations.index(conversation)
        ended, _ = await self.act(actor, NONE, f"repairs {place}", work)
        assert ended == "", ended

    async def _changes(self, actor: Actor, fault: Fault, what: str, of: str = "") -> None:
        conversation = self.draw.choice(self.conversations)
        other = self.draw.choice([one for one in self.actors if one.person is not actor.person])
        chain, value = other.device.chain, self.draw.choice(["member", "admin"])
        works: dict[str, Callable[[Conversations], Awaitable[Any]]] = {
            "add": lambda talk: talk.add(conversation, [chain]),
            "remove": lambda talk: talk.remove(conversation, [chain]),
            "role": lambda talk: talk.role(conversation, chain, value),
            "timer": lambda talk: talk.timer(conversation, self.draw.choice([0, 60, 7200])),
            "leave": lambda talk: talk.leave(conversation),
            "end": lambda talk: talk.end(conversation),
        }
        place = self.conversations.index(conversation)
        self.timed |= what == "timer"
        if what == "leave":
            actor.broken.add(conversation)
        await self.act(actor, fault, f"{what} {of or other.name} in {place}", works[what])

    async def _add(self, actor: Actor, fault: Fault) -> None:
        await self._changes(actor, fault, "add")

    async def _remove(self, actor: Actor, fault: Fault) -> None:
        await self._changes(actor, fault, "remove")

    async def _role(self, actor: Actor, fault: Fault) -> None:
        await self._changes(actor, fault, "role")

    async def _timer(self, actor: Actor, fault: Fault) -> None:
        await self._changes(actor, fault, "timer", "it")

    async def _leave(self, actor: Actor, fault: Fault) -> None:
        await self._changes(actor, fault, "leave", "it")

    async def _end(self, actor: Actor, fault: Fault) -> None:
        await self._changes(actor, fault, "end", "it")

    async def _note(self, actor: Actor, fault: Fault) -> None:
        """Something that all devices of a person know."""
        self.noted.add(actor.person.address)
        key, value = self.draw.choice("abc"), self.draw.choice([None, self.draw.randint(0, 99)])
        await self.act(
            actor, fault, f"notes {key} {value}",
            lambda talk: talk.set_register("settings", key, value),
        )  # fmt: skip

    async def _delete(self, actor: Actor, fault: Fault) -> None:
        mine = [one for one in self.said if one.by.person is actor.person]
        seen = {
            str(one.line.content.body.get("text")): one.line
            for one in actor.seen.values()
            if one.line.content is not None
        }
        found = [one for one in mine if one.text in seen]
        if not found:
            return
        one = self.draw.choice(found)
        line = seen[one.text]
        assert line.device is not None
        assert line.id is not None
        of = (line.device, line.id)
        one.deleted = True
        await self.act(
            actor, fault, f"deletes {one.text!r}", lambda talk: talk.delete(one.conversation, of)
        )

    async def _link(self, actor: Actor) -> None:
        alive = [one for one in self.actors if not one.revoked]
        if len(alive) == DEVICES_MAX:
            return
        name = f"{actor.name}+{len(self.actors)}"
        async with actor.device.file() as file:
            pinned = dict(file.kept.conversations)
        folder: Path = self.village.folder / f"{self.number}-{name}"
        device = await actor.device.another(folder, pinned)
        self.village.devices.append(device)
        late = actor.person.address in self.noted
        self.actors.append(Actor(name, device, late=late))
        self.story.append(f"{actor.name}: links {name}")

    async def _revoke(self, actor: Actor) -> None:
        others = self.others_of(actor)
        if not others:
            return
        other = self.draw.choice(others)
        other.revoked = True
        await actor.device.revoke(other.device.id)
        self.village.devices.remove(other.device)
        self.story.append(f"{actor.name}: revokes {other.name}")

    async def _passes(self, _actor: Actor) -> None:
        if any(one.busy for one in self.actors):
            return
        span = self.draw.choice([1_000, HOUR, 21 * HOUR, DAY + HOUR])
        self.passed += span
        await self.village.passes(span)
        self.story.append(f"{span // 1000} s pass")

    def name_of(self, chain: bytes | None) -> str:
        found = [one.name for one in self.actors if one.device.chain == chain]
        return found[0] if found else b64encode(chain or b"")


_ACTS = {
    "say": 30, "hear": 20, "looks": 6, "add": 6, "remove": 4, "role": 4, "timer": 4, "leave": 2,
    "found": 3, "end": 1, "note": 3, "delete": 3, "link": 2, "revoke": 2, "passes": 4,
}  # fmt: skip
