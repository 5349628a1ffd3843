"""A device that dies anywhere, and a line that loses or repeats answers: nothing is lost, and
nothing said twice."""

import contextlib
from collections.abc import Callable

import pytest
from support.people.correspondents import Ask, Device, refusals, texts

from ephemeral.client.exits import unreachable
from ephemeral.protocol.errors import Refusal


class DeathError(Exception):
    """A process ended here."""


class Dying:
    """Dies at the nth point that it comes to, and tells at which."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.died = ""

    def __call__(self, point: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.died = point
            raise DeathError(point)


async def until_alive(device: Device, at: int, act) -> str:
    """Do something on a device that dies at a point; where, or nothing if it lived."""
    dying = Dying(at)
    with contextlib.suppress(DeathError):
        async with device.open(dying) as talk:
            await act(talk)
    return dying.died


async def everywhere(device: Device, act, after) -> list[str]:
    """Do something again and again, dying one point later each time; the points."""
    points = []
    at = 1
    while point := await until_alive(device, at, act(at)):
        points.append(point)
        await after(at)
        at += 1
    await after(at)
    return points


async def test_who_dies_while_sending_has_sent_it_once(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
    await bob.hears()

    def act(at: int) -> Callable:
        async def say(talk):
            await talk.text(conversation, f"text {at}")

        return say

    said = []

    async def after(at: int) -> None:
        await ada.hears()
        heard = await bob.hears()
        assert refusals(heard) == []
        # Before it was on the disk, it was never said.
        assert texts(heard) == [f"text {at}"] or at == 1
        said.append(at)

    points = await everywhere(ada, act, after)
    assert points == [
        "write:outbox", "written:outbox", "write:entry", "written:entry",
        "ask:post", "asked:post", "write:sent", "written:sent",
    ]  # fmt: skip


async def test_who_dies_while_beginning_an_epoch_goes_on_all_the_same(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
    await bob.hears()

    def act(at: int) -> Callable:
        async def set_timer(talk):
            await talk.timer(conversation, at)

        return set_timer

    async def after(at: int) -> None:
        await ada.says(conversation, f"after {at}")
        heard = await bob.hears()
        assert texts(heard) == [f"after {at}"]
        assert refusals(heard) == []
        await ada.hears()

    points = await everywhere(ada, act, after)
    assert {"write:draft", "written:draft", "ask:epoch", "asked:epoch", "write:page",
            "written:page"} <= set(points)  # fmt: skip


async def test_who_dies_while_reading_reads_it_again_and_shows_it_once(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
    await bob.hears()
    shown = []

    def act(_at: int) -> Callable:
        async def read(talk):
            await talk.sync()
            news = talk.news()
            shown.extend(texts(news))
            await talk.taken(news)

        return read

    async def after(at: int) -> None:
        await ada.says(conversation, f"text {at + 1}")

    await ada.says(conversation, "text 1")
    points = await everywhere(bob, act, after)
    assert "written:taken" in points
    assert "asked:ack" in points
    # What was shown, and not yet forgotten when it died, is shown again; nothing is left out.
    every = [f"text {at}" for at in range(1, len(points) + 2)]
    assert list(dict.fromkeys(shown)) == every


def losing(lost: Callable[[str, str], bool], *, before: bool) -> Callable[[Ask], Ask]:
    """A line on which some requests, or their answers, are lost."""

    def around(ask: Ask) -> Ask:
        async def asked(method, path, *rest, **more):
            loses = lost(method, path)
            if loses and before:
                raise unreachable("lost")
            answer = await ask(method, path, *rest, **more)
            if loses:
                raise unreachable("lost")
            return answer

        return asked

    return around


@pytest.mark.parametrize("before", [True, False])
async def test_a_lost_line_repeats_nothing_and_loses_nothing(
    ada: Device, bob: Device, before: bool
):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
    ada.around = losing(lambda method, _: method == "POST", before=before)
    for what in ("one", "two"):
        with contextlib.suppress(Exception):
            await ada.says(conversation, what)
    ada.around = None
    await ada.says(conversation, "three")
    heard = await bob.hears()
    assert texts(heard) == ["one", "two", "three"]
    assert refusals(heard) == []


async def test_an_epoch_between_a_lost_answer_and_the_next_attempt(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.role(conversation, bob.chain, "admin")
    await bob.hears()
    ada.around = losing(lambda _, path: path.endswith("/message"), before=False)
    with contextlib.suppress(Exception):
        await ada.says(conversation, "accepted")
    ada.around = losing(lambda _, path: path.endswith("/message"), before=True)
    with contextlib.suppress(Exception):
        await ada.says(conversation, "not accepted")
    ada.around = None
    async with bob.open() as talk:
        await talk.timer(conversation, 60)
    await ada.says(conversation, "last")
    heard = await bob.hears()
    assert texts(heard) == ["accepted", "not accepted", "last"]
    assert refusals(heard) == []


async def test_every_request_twice_is_as_once(ada: Device, bob: Device):
    def around(ask: Ask) -> Ask:
        async def asked(*parts, **more):
            await ask(*parts, **more)
            return await ask(*parts, **more)

        return asked

    ada.around = around
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.text(conversation, "one")
        await talk.timer(conversation, 60)
        await talk.text(conversation, "two")
    assert await bob.texts() == ["one", "two"]
    async with ada.open() as talk:
        with contextlib.suppress(Refusal):
            await talk.leave(conversation)
        assert talk.known()[0].state == "left"


async def test_who_dies_while_founding_finds_it_or_founds_another(ada: Device, bob: Device):
    async with ada.open() as talk:
        await talk.end(await talk.found([bob.chain]))

    def act(_at: int) -> Callable:
        async def found(talk):
            await talk.found([bob.chain])

        return found

    async def after(at: int) -> None:
        await ada.hears()
        async with ada.open() as talk:
            known = [one for one in talk.known() if one.state == "following"]
            for one in known:
                await talk.text(one.id, f"here {at}")
                await talk.end(one.id)
        heard = await bob.hears()
        assert texts(heard) in ([], [f"here {at}"])
        assert set(refusals(heard)) <= {"not_member"}

    points = await everywhere(ada, act, after)
    assert {"write:draft", "written:draft", "ask:found", "asked:found"} <= set(points)
