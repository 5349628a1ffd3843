"""The short way of whole text frames agrees with the long way, however the bytes come in."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from support.machines.raw_line import RawLine, frame_of
from support.people.raw_client import Client, Room, text
from websockets.frames import Opcode

from ephemeral.protocol.limits import FRAME_MAX


@pytest.fixture
async def room(client: Client) -> Room:
    return await client.room(seats=5)


@asynccontextmanager
async def raw_line(room: Room) -> AsyncIterator[RawLine]:
    """A raw socket of a member, welcomed."""
    member = await room.member()
    line = RawLine(room.ws_url)
    await line.open()
    try:
        await line.hello(room, member.token)
        yield line
    finally:
        line.writer.close()
        with suppress(OSError):
            await line.writer.wait_closed()


def ping(ref: int, size: int = 0) -> bytes:
    return json.dumps([{"type": "ping", "ref": ref}]).encode().ljust(size)


def stream(numbers: random.Random) -> tuple[bytes, set[int], int]:
    """Frames of all sizes and kinds in one run of bytes; the refs and the pings in it."""
    pieces, pongs = [], 0
    refs = set(range(1, 60))
    for ref in sorted(refs):
        data = ping(ref, numbers.choice([0, 0, 125, 126, 127, 1000, 65535, 65536, FRAME_MAX]))
        if numbers.random() < 0.3:
            pieces.append(frame_of(b"beat", Opcode.PING))
            pongs += 1
        if numbers.random() < 0.3:
            cut = numbers.randrange(len(data) + 1)
            pieces.append(frame_of(data[:cut], fin=False))
            pieces.append(frame_of(b"between", Opcode.PING))
            pongs += 1
            pieces.append(frame_of(data[cut:], Opcode.CONT))
        else:
            pieces.append(frame_of(data))
    return b"".join(pieces), refs, pongs


@pytest.mark.parametrize("seed", range(6))
async def test_frames_are_understood_however_they_are_cut(room: Room, seed: int):
    numbers = random.Random(seed)
    data, refs, pongs = stream(numbers)
    longest = [1, 7, 200, 5_000, 100_000, len(data)][seed]
    async with raw_line(room) as line:
        at = 0
        # Byte by byte only as far as it stays quick.
        while at < len(data):
            size = numbers.randint(1, longest) if at < 20_000 else 50_000
            line.writer.write(data[at : at + size])
            await line.writer.drain()
            at += size
        await line.until(refs)
        answers = [frame["ref"] for frame in line.frames if frame.get("ref") in refs]
        assert answers == sorted(refs)
        line.writer.write(frame_of(ping(1000)))
        await line.until({1000})
        assert len(line.pongs) == pongs


async def test_a_frame_behind_one_that_is_awaited_waits_its_turn(room: Room):
    async with raw_line(room) as line:
        lock = json.dumps([{"type": "lock", "ref": 1, "locked": True}]).encode()
        unlock = json.dumps([{"type": "lock", "ref": 2, "locked": False}]).encode()
        bad = json.dumps([{"type": "open", "ref": 3, "id": text(16)}]).encode()
        run = [lock, ping(4), bad, unlock, ping(5)]
        line.writer.write(b"".join(map(frame_of, run)))
        await line.until({1, 2, 3, 4, 5})
        order = [frame["ref"] for frame in line.frames if frame.get("ref")]
        assert order.index(1) < order.index(4) < order.index(2) < order.index(5)
        assert order.index(3) < order.index(5)
        assert [one["locked"] for one in line.frames if "locked" in one] == [True, False]


UNMASKED = frame_of(ping(1), mask=False)
RESERVED = b"\xc1" + frame_of(ping(1))[1:]
UNKNOWN = b"\x83" + frame_of(ping(1))[1:]
LONG_PING = b"\x89" + frame_of(b"x" * 126)[1:]
CUT_PING = b"\x09" + frame_of(b"x")[1:]


BROKEN = {
    "not masked": (UNMASKED, 1002),
    "not masked, cut": (UNMASKED[:2], 1002),
    "a reserved bit": (RESERVED, 1002),
    "an unknown opcode": (UNKNOWN, 1002),
    "a long control frame": (LONG_PING, 1002),
    "a control frame in pieces": (CUT_PING, 1002),
    "an end without a beginning": (frame_of(b"end", Opcode.CONT), 1002),
    "a beginning without an end": (frame_of(b"a", fin=False) + frame_of(ping(1)), 1002),
    "the head of a frame over the limit": (frame_of(b"x" * (FRAME_MAX + 1))[:14], 1009),
    "a frame over the limit": (frame_of(b"x" * 500_000), 1009),
    "an impossible length": (b"\x81\xff" + b"\xff" * 8 + b"mask", 1009),
    "pieces over the limit": (
        frame_of(b"x" * 60_000, fin=False) + frame_of(b"x" * 60_000, Opcode.CONT),
        1009,
    ),
    "a close": (frame_of(b"\x03\xe8", Opcode.CLOSE), 1000),
    "a close without a code": (frame_of(b"", Opcode.CLOSE), 1005),
    "a close with half a code": (frame_of(b"\x00", Opcode.CLOSE), 1002),
    "no UTF-8": (frame_of(b"\xff" * 4), 1007),
    "no UTF-8, in pieces": (
        frame_of(b"\xff", fin=False) + frame_of(b"\xfe", Opcode.CONT),
        1007,
    ),
    "binary": (frame_of(b"{}", Opcode.BINARY), 4400),
    "binary, in pieces": (
        frame_of(b"{", Opcode.BINARY, fin=False) + frame_of(b"}", Opcode.CONT),
        4400,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_breaks_the_rules_of_frames_is_closed_by_its_code(room: Room, name: str):
    data, code = BROKEN[name]
    for before in (b"", frame_of(ping(7))):
        async with raw_line(room) as line:
            line.writer.write(before + data)
            assert await line.end() == code
    other = await room.member()
    async with other.line() as line:
        assert (await line.ask("ping"))["type"] == "ok"


async def test_frames_behind_a_close_are_not_taken(room: Room):
    async with raw_line(room) as line:
        closing = frame_of(b"\x03\xe8", Opcode.CLOSE)
        lock = json.dumps([{"type": "lock", "ref": 1, "locked": True}]).encode()
        line.writer.write(closing + frame_of(lock))
        assert await line.end() == 1000
    state = await room.api.get("/room", headers=room.headers)
    assert state.json()["locked"] is False
