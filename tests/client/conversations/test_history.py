"""History for a new device: what was not shown on the old one is shown on the new one, once,
whoever dies in between; and a server, or somebody else's chunk, changes nothing of it."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from support.people.correspondents import Ask, Device, refusals, texts
from test_dying import DeathError

from ephemeral.client.accounts.kept_history import DAY_MS, Promise
from ephemeral.protocol.encoding import b64decode, b64encode


class Halfway:
    """Dies where it comes to this point of handing over, or of fetching."""

    def __init__(self, point: str) -> None:
        self.point = f"{point}:history"
        self.died = False

    def __call__(self, point: str) -> None:
        if point == self.point:
            self.died = True
            raise DeathError(point)


async def let_in(one: Device, folder: Path, since: int | None = 0) -> Device:
    """A new device, which is promised what came since then."""
    async with one.file() as account:
        pinned = dict(account.kept.conversations)
    return await one.another(folder, pinned, since)


async def catches_up(one: Device) -> None:
    """Read all that is new, without showing it."""
    async with one.open() as talk:
        await talk.sync()


async def told(ada: Device, bob: Device, *said: str) -> bytes:
    """Bob says something to Ada, which she has not seen yet."""
    async with bob.open() as talk:
        conversation = await talk.found([ada.chain])
        for one in said:
            await talk.text(conversation, one)
    await catches_up(ada)
    return conversation


async def hears_all(old: Device, new: Device) -> list[str]:
    """What is new on a new device, once both were online in turn."""
    heard = []
    for one in (old, new, old, new):
        await catches_up(one)
        if one is new:
            heard += await new.hears()
    assert refusals(heard) == []
    return texts(heard)


async def waits(one: Device) -> list[tuple[bool, bool, dict[str, object]]]:
    """What a device still has to hand over or to fetch, and what of keys all devices are told."""
    async with one.open() as talk:
        kept = talk._account.kept
        return [(bool(kept.histories), kept.history is not None, talk.register("history"))]


async def test_what_was_not_shown_is_handed_over_as_it_is_now(
    ada: Device, bob: Device, tmp_path: Path
):
    conversation = await told(ada, bob, "one", "two", "three", "four")
    async with ada.open() as talk:
        ids = [(one.device, one.id) for one in talk.news(conversation) if one.content is not None]
    async with bob.open() as talk:
        await talk.edit(conversation, ids[1], "two, corrected")
        await talk.delete(conversation, ids[2])
        await talk.react(conversation, ids[3], "👍")
    await catches_up(ada)
    phone = await let_in(ada, tmp_path / "phone")
    assert await hears_all(ada, phone) == ["one", "two, corrected", "four"]
    # It goes on as if it had been there, and neither keeps anything for it.
    await bob.says(conversation, "five")
    async with bob.open() as talk:
        await talk.edit(conversation, ids[0], "one, corrected")
    heard = await phone.hears()
    assert texts(heard) == ["five", "one, corrected"]
    assert heard[-1].details["counts"] is True
    await catches_up(ada)
    assert await waits(ada) == [(False, False, {})] == await waits(phone)
    # The old device shows them all the same.
    assert texts(await ada.hears())[:4] == ["one", "two", "three", "four"]


async def test_what_was_handed_over_and_what_came_before_it_arrived_are_handed_on(
    ada: Device, bob: Device, tmp_path: Path
):
    conversation = await told(ada, bob, "one", "two")
    phone = await let_in(ada, tmp_path / "phone")
    # This is read first, and stands behind what is handed over.
    await bob.says(conversation, "later")
    for one in (phone, ada, phone):
        await catches_up(one)
    tablet = await let_in(phone, tmp_path / "tablet")
    # It goes on from a chunk to the next by the place of the last line in it.
    assert await hears_all(phone, tablet) == ["one", "two", "later"]


async def test_only_what_came_since_the_day_that_was_chosen(
    ada: Device, bob: Device, tmp_path: Path
):
    conversation = await told(ada, bob, "long ago")
    async with ada.open() as talk:
        [line] = [one for one in talk.news(conversation) if one.content is not None]
    await bob.says(conversation, "lately")
    await catches_up(ada)
    phone = await let_in(ada, tmp_path / "phone", line.at + 1)
    assert await hears_all(ada, phone) == ["lately"]
    tablet = await let_in(ada, tmp_path / "tablet", None)
    assert await hears_all(ada, tablet) == []


async def test_more_than_one_chunk_comes_whole_whoever_dies(
    ada: Device, bob: Device, tmp_path: Path
):
    """At each point of either side, in turn."""
    said = [f"{n} " + "x" * 20_000 for n in range(4)]
    conversation = await told(ada, bob, *said)
    phone = await let_in(ada, tmp_path / "phone")
    await catches_up(phone)
    # What is said now is read before what was said then comes.
    await bob.says(conversation, "later")
    await catches_up(phone)
    for one, points in (
        (ada, ("write", "written", "ask", "asked")),
        (phone, ("write", "written", "taken")),
    ):
        for point in points:
            dying = Halfway(point)
            with contextlib.suppress(DeathError):
                async with one.open(dying) as talk:
                    await talk.sync()
            assert dying.died
    assert await hears_all(ada, phone) == [*said, "later"]
    assert await hears_all(ada, phone) == []
    assert await waits(ada) == [(False, False, {})] == await waits(phone)


class Between:
    """A server that shows other chunks than were handed over."""

    def __init__(self, change: Any) -> None:
        self.change = change

    def __call__(self, ask: Ask) -> Ask:
        async def asked(method: str, path: str, *rest: Any, **named: Any) -> Any:
            answer = await ask(method, path, *rest, **named)
            if method == "GET" and "/history/" in path:
                return answer | {"chunk": b64encode(self.change(b64decode(answer["chunk"])))}
            return answer

        return asked


@pytest.mark.parametrize(
    "change",
    [
        lambda chunk: chunk[:-1] + bytes([chunk[-1] ^ 1]),
        lambda chunk: b"\0" + chunk[1:],
        lambda _: b"\1" + bytes(1_200),
        lambda _: b"\7",
    ],
    ids=["a bit", "not the last", "of somebody else", "nothing"],
)
async def test_a_chunk_that_another_one_made_ends_it_and_nothing_is_shown(
    ada: Device, bob: Device, tmp_path: Path, change: Any
):
    conversation = await told(ada, bob, "secret")
    phone = await let_in(ada, tmp_path / "phone")
    phone.around = Between(change)
    assert await hears_all(ada, phone) == []
    phone.around = None
    assert await hears_all(ada, phone) == []
    assert (await waits(phone))[0][1:] == (False, {})
    await bob.says(conversation, "and on")
    assert texts(await phone.hears()) == ["and on"]


async def test_a_removed_device_is_handed_nothing_more(ada: Device, bob: Device, tmp_path: Path):
    await told(ada, bob, "one")
    phone = await let_in(ada, tmp_path / "phone")
    # One that is not there yet may come, as long as its link is good.
    async with ada.file() as account:
        [promise] = account.kept.histories.values()
        account.kept.histories[bytes(16)] = Promise(0, promise.at)
        account.kept.histories[bytes(15) + b"1"] = Promise(0, promise.at - 900_001)
        account.save()
    await ada.revoke(phone.id)
    await catches_up(ada)
    async with ada.file() as account:
        assert set(account.kept.histories) == {bytes(16)}


async def test_what_never_comes_is_waited_for_a_day(ada: Device, bob: Device, tmp_path: Path):
    await told(ada, bob, "one")
    phone = await let_in(ada, tmp_path / "phone")
    await catches_up(phone)
    assert (await waits(phone))[0][1]
    async with phone.file() as account:
        assert account.kept.history is not None
        account.kept.history.until -= DAY_MS
        account.save()
    await catches_up(phone)
    assert not (await waits(phone))[0][1]
    # What comes after that is left where it is.
    await catches_up(ada)
    assert texts(await phone.hears()) == []
