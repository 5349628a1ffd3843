"""A socket whose every byte is the test's."""

import asyncio
import json
from typing import Any

from support.people.raw_client import Room
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri


def frame_of(
    data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True, mask: bool = True
) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


class RawLine:
    """A socket whose bytes go out as the test wants them to."""

    def __init__(self, ws_url: str) -> None:
        self._uri = parse_uri(ws_url)
        self.protocol = ClientProtocol(self._uri, subprotocols=["ephemeral.v1"], max_size=None)
        self.frames: list[dict[str, Any]] = []
        self.pongs: list[bytes] = []
        self.closed: int | None = None

    async def open(self) -> None:
        self._reader, self.writer = await asyncio.open_connection("127.0.0.1", self._uri.port)
        self.protocol.send_request(self.protocol.connect())
        self.writer.write(b"".join(self.protocol.data_to_send()))
        await self._more()
        assert self.protocol.handshake_exc is None

    async def _more(self) -> bool:
        async with asyncio.timeout(20):
            try:
                data = await self._reader.read(65536)
            except ConnectionResetError:
                # Our library answers a close that answered ours, to a peer that has gone.
                data = b""
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()
        for event in self.protocol.events_received():
            if not isinstance(event, Frame):
                continue
            if event.opcode is Opcode.TEXT:
                assert event.fin
                self.frames += json.loads(event.data)
            elif event.opcode is Opcode.PONG:
                self.pongs.append(bytes(event.data))
        # The library answers the server's close.
        self.writer.write(b"".join(self.protocol.data_to_send()))
        return bool(data)

    async def until(self, refs: set[int]) -> None:
        """Read until each of these has an answer."""
        while not refs <= {frame.get("ref") for frame in self.frames}:
            assert await self._more()

    async def hello(self, room: Room, token: str) -> None:
        """Be welcomed."""
        hello = {"type": "hello", "ref": 0, "locator": room.locator, "token": token}
        self.writer.write(frame_of(json.dumps([{**hello, "generation": 1}]).encode()))
        await self.until({0})
        assert self.frames[0]["type"] == "welcome"

    async def end(self) -> int | None:
        """Read to the end; the close code."""
        while await self._more():
            pass
        return self.protocol.close_rcvd.code if self.protocol.close_rcvd else None
