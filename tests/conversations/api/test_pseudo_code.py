"""Whoever does what docs/conversations.md says, section 10, and nothing else, talks with others.

The client is support/people/plain_talker.py, written from its pseudo-code, at a server that runs.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.machines.server import Program
from support.people.account_people import Machine, Refused
from support.people.plain_talker import Person, PlainTalker, Stopped
from support.people.talkers import befriend

from ephemeral.protocol.encoding import b64encode


@pytest.fixture
async def pair(shared_server: Program) -> AsyncIterator[tuple[PlainTalker, PlainTalker]]:
    """Anna and Bert, who are contacts, with a device each."""
    async with Person(shared_server.url) as anna, Person(shared_server.url) as bert:
        for each in (anna, bert):
            await each.found()
        await befriend(anna, bert)
        one, two = talker(anna), talker(bert)
        one.contacts, two.contacts = {two.me}, {one.me}
        yield one, two


def talker(person: Person, at: int = -1) -> PlainTalker:
    made = PlainTalker(person, person.machines[at])
    made.contacts = {b64encode(person.chain.id)}
    return made


def texts(one: PlainTalker, c: str) -> list[str]:
    """What was shown of messages."""
    return [said for _, said in one.kept[c].shown if not said.startswith("epoch")]


async def test_two_talk_and_a_device_that_comes_reads_what_is_said_from_then_on(
    pair: tuple[PlainTalker, PlainTalker],
):
    anna, bert = pair
    c = await anna.found(bert.me)
    await bert.meet(c)
    await anna.send(c, "Hello")
    await bert.send(c, "Hello, Anna")
    await anna.read(c)
    assert texts(anna, c) == texts(bert, c) == ["Hello", "Hello, Anna"]
    # Another device of Bert's: the next sender seals to it, and nobody has to be online for that.
    await bert.person.link(bert.machine)
    tablet = talker(bert.person)
    tablet.contacts = bert.contacts
    await tablet.meet(c)
    assert tablet.kept[c].first is None
    await anna.send(c, "Whom do I tell?")
    assert anna.refused["rekey_required"] == 1
    for one in (bert, tablet):
        await one.read(c)
    assert texts(bert, c)[2:] == texts(tablet, c) == ["Whom do I tell?"]
    await tablet.send(c, "Me")
    await anna.read(c)
    assert texts(anna, c)[-1] == "Me"
    assert anna.kept[c].r["epoch"] == 2


async def test_both_begin_an_epoch_at_once_and_an_answer_is_lost(
    pair: tuple[PlainTalker, PlainTalker],
):
    anna, bert = pair
    c = await bert.found(anna.me)
    await anna.meet(c)
    made = anna.made

    async def overtaken(*given: Any) -> dict[str, Any]:
        """Both have made their record when Bert's comes first."""
        anna.made = made  # type: ignore[method-assign]
        draft = await made(*given)
        await bert.begin(c, timer=60)
        return draft

    anna.made = overtaken  # type: ignore[method-assign]
    await anna.begin(c)
    assert anna.refused["conflict"] == 1
    assert (anna.kept[c].r["epoch"], anna.kept[c].r["timer"]) == (2, 60)
    # A message whose answer is lost, then another epoch: it is found in the log, and stands once.
    with lost_answer(anna, "/message"), pytest.raises(ConnectionError):
        await anna.send(c, "Once")
    await bert.begin(c, timer=61)
    await anna.flush(c)
    # Without another epoch it is posted again, the same bytes, and is answered as at first.
    with lost_answer(anna, "/message"), pytest.raises(ConnectionError):
        await anna.send(c, "Twice posted")
    await anna.flush(c)
    # A record likewise.
    with lost_answer(anna, "/epochs"), pytest.raises(ConnectionError):
        await anna.begin(c)
    draft = anna.kept[c].draft
    assert draft is not None
    again = await anna.ask("POST", f"/chatrooms/{c}/epochs", draft["body"])
    await anna.read(c)
    assert (again["epoch"], again["s"]) == (4, anna.kept[c].s)
    await bert.read(c)
    assert texts(anna, c) == texts(bert, c) == ["Once", "Twice posted"]
    assert anna.kept[c].h == bert.kept[c].h
    assert anna.kept[c].r["epoch"] == 4


class lost_answer:  # noqa: N801 - a context
    """The next answer to a request there doesn't come, though it was taken."""

    def __init__(self, one: PlainTalker, end: str) -> None:
        self.one, self.end, self.lost = one, end, False
        self.ask = one.ask

    def __enter__(self) -> None:
        async def ask(method: str, path: str, body: object = None) -> Any:
            answer = await self.ask(method, path, body)
            if method == "POST" and path.endswith(self.end) and not self.lost:
                self.lost = True
                raise ConnectionError
            return answer

        self.one.ask = ask  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        self.one.ask = self.ask  # type: ignore[method-assign]
        assert self.lost


async def test_who_leaves_who_is_removed_and_the_first_of_the_others_becomes_admin(
    pair: tuple[PlainTalker, PlainTalker], shared_server: Program
):
    anna, bert = pair
    async with Person(shared_server.url) as carl_, Person(shared_server.url) as dora_:
        for each in (carl_, dora_):
            await each.found()
            await befriend(anna.person, each)
        carl, dora = talker(carl_), talker(dora_)
        for one in (carl, dora):
            one.contacts |= {anna.me}
        c = await anna.found(bert.me, carl.me)
        for one in (bert, carl):
            await one.meet(c)
        with pytest.raises(Stopped, match="record_role"):
            await bert.begin(c, remove={carl.me})
        await anna.begin(c, remove={carl.me}, add={dora.me})
        await dora.meet(c)
        await carl.read(c)
        assert carl.kept[c].state == "gone"
        await anna.leave(c)
        await bert.send(c, "She has left")
        await dora.read(c)
        assert texts(dora, c) == ["She has left"]
        [admin] = [one for one in dora.kept[c].r["people"] if one["role"] == "admin"]
        assert admin == dora.kept[c].r["people"][0]
        with pytest.raises(Refused, match="not_found"):
            await anna.ask("GET", f"/chatrooms/{c}")


async def test_who_has_one_device_in_two_accounts_holds_nobody_up(
    pair: tuple[PlainTalker, PlainTalker], shared_server: Program
):
    """2.6: else no record would be right, or none sealed to the right key, until both are gone."""
    anna, bert = pair
    async with Person(shared_server.url) as other, Person(shared_server.url) as carl_:
        for each in (other, carl_):
            await each.found()
            await befriend(anna.person, each)
        twin, carl = talker(other), talker(carl_)
        for one in (twin, carl):
            one.contacts |= {anna.me}
        c = await anna.found(bert.me, twin.me, carl.me)
        await carl.meet(c)
        await shared(bert.person, other)
        await shared(other, bert.person)
        for text in ("Still here", "And again"):
            await anna.send(c, text)
            await carl.read(c)
            # Whichever of the two leaves, the other has the device.
            leaver = bert if text == "Still here" else twin
            await leaver.meet(c)
            await leaver.leave(c)
        await carl.send(c, "Both are gone")
        await anna.read(c)
        assert texts(anna, c) == texts(carl, c) == ["Still here", "And again", "Both are gone"]
        assert len(anna.kept[c].r["people"]) == 2


async def shared(one: Person, other: Person) -> None:
    """Let the first device of one be another's of somebody else, who has its key."""
    machine = Machine(key=one.machines[0].key)
    await other.sign_in(machine)
    locator = await other.deposit(machine)
    signed = other.added(other.machines[0], machine)
    await other.ask(other.machines[0], "POST", "/devices", other.add_body(machine, signed, locator))
    other.read(signed)


async def test_what_is_no_longer_kept_is_a_gap_and_no_end(
    pair: tuple[PlainTalker, PlainTalker],
):
    """7.3. The server says `behind` once, as if it had destroyed what Bert hadn't read."""
    anna, bert = pair
    c = await anna.found(bert.me)
    await bert.meet(c)
    await anna.send(c, "Lost")
    await anna.begin(c)
    await anna.send(c, "Kept")
    ask, said = bert.ask, []

    async def behind(method: str, path: str, body: object = None) -> Any:
        if "/messages" in path and not said:
            said.append(path)
            error = {"code": "behind", "details": {"first": 3}}
            raise Refused(409, error)
        return await ask(method, path, body)

    bert.ask = behind  # type: ignore[method-assign]
    await bert.read(c)
    assert texts(bert, c) == ["gap to 2", "Kept"]
    await bert.send(c, "I'm here again")
    await anna.read(c)
    assert texts(anna, c)[-1] == "I'm here again"


async def test_of_a_log_that_went_another_way_nothing_is_shown(
    pair: tuple[PlainTalker, PlainTalker],
):
    """10.4. It is read in its own order, once it is known from where."""
    anna, bert = pair
    c = await anna.found(bert.me)
    await bert.meet(c)
    for text in ("One", "Two"):
        await anna.send(c, text)
    ask = bert.ask

    async def another(method: str, path: str, body: object = None) -> Any:
        answer = await ask(method, path, body)
        if "/messages" in path:
            answer["hash"] = b64encode(bytes(32))
        return answer

    bert.ask = another  # type: ignore[method-assign]
    with pytest.raises(Stopped, match="went back"):
        await bert.read(c)
    assert texts(bert, c) == []


async def test_a_box_that_does_not_open_is_mended_by_the_next_epoch(
    pair: tuple[PlainTalker, PlainTalker],
):
    """2.5, 4.4: on that device only the author is named, and it begins an epoch itself."""
    anna, bert = pair
    c = await anna.found(bert.me)
    private = dict(bert.person.private)
    (one,) = private
    bert.person.private[one] = type(private[one]).generate(bytes_of)
    k = await bert.meet(c)
    assert k.seed[k.r["R"]] is None
    await anna.send(c, "Who can read this?")
    await bert.read(c)
    assert texts(bert, c) == ["box_broken", "can't be read here"]
    bert.person.private.update(private)
    await bert.send(c, "I can now")
    await anna.read(c)
    assert texts(anna, c) == ["Who can read this?", "I can now"]
    assert anna.kept[c].r["by"] == b64encode(bert.device)


def bytes_of(size: int) -> bytes:
    return b"x" * size
