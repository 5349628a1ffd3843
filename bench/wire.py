"""A WebSocket client that costs as little as Python allows, lest the generator be the bottleneck.

Text messages only, no extensions, masked with the zero key (RFC 6455, section 5.3, asks for a
mask on the wire; that it be unpredictable protects proxies, which are not here).
"""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast

Receive = Callable[[bytes], None]


class Http:
    """One connection that asks one thing after the other, as HTTP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "Http":
        """To a server on loopback."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Send JSON; the status of the answer."""
        lines = [
            f"POST {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        await self._reader.readexactly(length)
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Drop the connection."""
        self._writer.transport.abort()


class Client(asyncio.Protocol):
    """One socket. `receive` gets each text message as bytes."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self._buffer = b""
        self._open = False
        self._transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    @classmethod
    async def connect(
        cls, port: int, path: str, receive: Receive, subprotocol: str | None = None
    ) -> "Client":
        """Shake hands with a server on loopback."""
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: cls(receive), "127.0.0.1", port)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        if subprotocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
        client.write("\r\n".join([*lines, "", ""]).encode())
        await client.opened
        return client

    @property
    def port(self) -> int:
        """Where it connects from."""
        assert self._transport is not None
        address: tuple[str, int] = self._transport.get_extra_info("sockname")
        return address[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """Note the end; a handshake that never came has failed."""
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the handshake was refused"))

    def data_received(self, data: bytes) -> None:
        """Take frames apart."""
        buffer = self._buffer + data if self._buffer else data
        if not self._open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = buffer
                return
            if not buffer.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(buffer[:12].decode("latin-1")))
                return
            self._open = True
            self.opened.set_result(None)
            buffer = buffer[end + 4 :]
        position, size = 0, len(buffer)
        while size - position >= 2:
            opcode = buffer[position] & 15
            length = buffer[position + 1] & 127
            start = position + 2
            if length == 126:
                start = position + 4
                if size < start:
                    break
                length = int.from_bytes(buffer[position + 2 : start])
            elif length == 127:
                start = position + 10
                if size < start:
                    break
                length = int.from_bytes(buffer[position + 2 : start])
            if size - start < length:
                break
            payload = buffer[start : start + length]
            position = start + length
            if opcode == 1:
                self.receive(payload)
            elif opcode == 9:
                self._frame(0x8A, payload)
        self._buffer = buffer[position:]

    def send(self, text: bytes) -> None:
        """Send one text message."""
        self._frame(0x81, text)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _frame(self, first: int, payload: bytes) -> None:
        length = len(payload)
        if length < 126:
            head = bytes((first, 0x80 | length))
        elif length < 65536:
            head = bytes((first, 0xFE)) + length.to_bytes(2)
        else:
            head = bytes((first, 0xFF)) + length.to_bytes(8)
        self.write(head + b"\0\0\0\0" + payload)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        if self._transport is not None:
            self._transport.write(data)
