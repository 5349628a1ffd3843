"""Everybody has a moment once in a round, however many there are, until it is removed."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from support.machines.raw_line import RawLine, frame_of
from support.machines.server import Program
from support.people.raw_client import Client

from ephemeral.edge.pulse import Pulse

Serve = Callable[..., Program]


class Heart:
    """Counts its beats."""

    def __init__(self, told: "Told") -> None:
        self.told = told

    def beat(self) -> None:
        self.told[self] += 1
        self.told.news.set()


class Told(Counter[Heart]):
    """How often each has beaten."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not enough():
                self.news.clear()
                await self.news.wait()


async def test_each_beats_once_in_a_round_and_none_after_it_was_removed():
    pulse, told = Pulse(0.4), Told()
    hearts = [Heart(told) for _ in range(1_000)]
    for heart in hearts:
        pulse.add(heart)
    await told.until(lambda: all(told[heart] > 1 for heart in hearts))
    # Nobody is passed over while another has two moments more.
    assert max(told.values()) - min(told[heart] for heart in hearts) <= 1
    for heart in hearts[1:]:
        pulse.remove(heart)
    told.clear()
    await told.until(lambda: told[hearts[0]] > 1)
    assert set(told) == {hearts[0]}
    pulse.remove(hearts[0])
    pulse.remove(hearts[0])
    assert len(pulse) == 0


async def test_a_pulse_without_anybody_wakes_nobody_and_goes_on_when_somebody_comes():
    loop = asyncio.get_running_loop()
    pulse, told = Pulse(0.2), Told()
    heart = Heart(told)
    pulse.add(heart)
    pulse.remove(heart)
    timers: list[object] = []
    later = loop.call_later
    loop.call_later = lambda *given: timers.append(given) or later(*given)  # type: ignore[method-assign]
    try:
        await asyncio.sleep(0.05)
        assert timers == [timers[0]], "the sleep's own"
        pulse.add(heart)
        await told.until(lambda: told[heart] > 0)
    finally:
        loop.call_later = later  # type: ignore[method-assign]
        pulse.remove(heart)


async def test_one_that_removes_others_in_its_moment_disturbs_nobody():
    pulse, told = Pulse(0.2), Told()

    class Ender(Heart):
        def beat(self) -> None:
            super().beat()
            pulse.remove(self)

    enders = [Ender(told) for _ in range(1_000)]
    for ender in enders:
        pulse.add(ender)
    await told.until(lambda: len(pulse) == 0)
    assert told == Counter(enders)


async def test_a_peer_that_answers_pings_stays_and_one_that_does_not_is_cut_off(serve: Serve):
    server = serve(PING_SECONDS=1)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room(seats=4)
        watcher, mute, dripping = [await room.member() for _ in range(3)]
        async with watcher.line() as line:
            lines = []
            for member in (mute, dripping):
                raw = RawLine(room.ws_url)
                await raw.open()
                await raw.hello(room, member.token)
                lines.append(raw)
            half = asyncio.create_task(drip(lines[1]))
            # The library behind `line` answers pings; of the raw ones nobody reads.
            gone = {member.id for member in (mute, dripping)}
            async with asyncio.timeout(30):
                while gone:
                    event = await line.event("presence")
                    if not event["present"]:
                        gone.remove(event["member"])
            half.cancel()
            assert (await line.ask("ping"))["type"] == "ok"
            for raw in lines:
                raw.writer.close()


async def drip(raw: RawLine) -> None:
    """Send a frame that never ends, slowly."""
    raw.writer.write(b"\x81\xfe\x7f\xff\0\0\0\0")
    with suppress(OSError):
        while True:
            raw.writer.write(b" ")
            await asyncio.sleep(0.1)


async def test_pongs_that_nobody_asked_for_are_no_fault_and_too_long_ones_are(client: Client):
    room = await client.room()
    member = await room.member()
    raw = RawLine(room.ws_url)
    await raw.open()
    await raw.hello(room, member.token)
    raw.writer.write(b"\x8a\x80\0\0\0\0" + b"\x8a\xfd\0\0\0\0" + bytes(125))
    raw.writer.write(frame_of(b'[{"type":"ping","ref":1}]'))
    await raw.until({1})
    raw.writer.write(b"\x8a\xfe\0\x7e\0\0\0\0" + bytes(126))
    assert await raw.end() == 1002
    raw.writer.close()
