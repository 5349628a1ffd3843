"""Saving a file in a conversation whose lease ends while it is fetched."""

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace

from ephemeral.client.chat_files import ChatFiles
from ephemeral.protocol.attachments import (
    CHUNK_SIZE,
    Attachment,
    Place,
    Sealer,
    file_content,
    padded_length,
)
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.session_events import Card

DATA = os.urandom(2 * CHUNK_SIZE)
MESSAGE, AUTHOR, NONCE = bytes([1]) * 16, bytes([2]) * 16, bytes(32)
FILE = Attachment("notes.bin", "application/octet-stream", len(DATA), bytes(16), bytes(32), None)
CARD = Card(MESSAGE, AUTHOR, 1, 0, 0, 0, 1, 0, False, file_content(FILE))


class Room:
    """A session, and the server beside it: the leases that end are those of its `losses`."""

    def __init__(self, losses: int) -> None:
        self.losses = losses
        self.did: list[str] = []
        self.fetched: list[int] = []
        self.opened = 0
        notice = SimpleNamespace(id=MESSAGE, author=AUTHOR, attachment=padded_length(len(DATA)))
        self.state = SimpleNamespace(
            notices={MESSAGE: notice}, waiting=lambda _member: [notice], members={}
        )
        self.member, self.session, self.server = bytes([3]) * 16, self, self
        self.charter = SimpleNamespace(nonce=NONCE)
        self.keys = SimpleNamespace(locator="")
        self._sealer = Sealer(FILE, Place(NONCE, AUTHOR, MESSAGE))

    def open(self, _message: bytes, _now: int, *, attachment: bool) -> None:
        assert attachment
        self.did.append("open")

    def release(self, _message: bytes, _now: int) -> None:
        self.did.append("release")

    def acknowledge(self, _message: bytes, _now: int) -> None:
        self.did.append("ack")

    def push(self) -> None:
        """Nothing waits to be sent here."""

    async def octets(self, _method: str, path: str, **_given: object) -> bytes:
        at = int(path.rpartition("/")[2])
        if at == 1 and self.losses:
            self.losses -= 1
            raise Refusal("lease_lost")
        self.fetched.append(at)
        return self._sealer.chunk(at, DATA[at * CHUNK_SIZE : (at + 1) * CHUNK_SIZE])


async def saving(room: Room, folder: Path, asked: int = 1) -> None:
    async def log(_line: str) -> None:
        """Nobody looks."""

    context = SimpleNamespace(args=SimpleNamespace(timeout=1.0), reassure=lambda _line: None)
    files = ChatFiles(context, room, SimpleNamespace(token=""), room, log)
    for _ in range(asked):
        await files.ask(str(folder))
        while files.asked is not None:
            if room.did.count("open") > room.opened:
                room.opened += 1
                files.begin(CARD)
            await asyncio.sleep(0)
    await files.stop()


def test_a_lease_that_ends_costs_no_chunk_and_is_taken_again_once(tmp_path: Path):
    once, twice = Room(1), Room(2)
    asyncio.run(saving(once, tmp_path))
    assert (once.did, once.fetched) == (["open", "open", "ack"], [0, 1])
    # The third that ends destroys the message: from the second on a person says it.
    asyncio.run(saving(twice, tmp_path, asked=2))
    assert twice.did == ["open", "open", "release", "open", "ack"]
    assert twice.fetched == [0, 1]
    assert {one.read_bytes() for one in tmp_path.iterdir()} == {DATA}
