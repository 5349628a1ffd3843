"""A way to a server of this machine on which every byte is kept: what a browser says, and hears.

`overheard(url)` gives a `Wire`; its `url` is where a browser is sent instead. Answers can be lost
on their way: the server has given them, and they never come.
"""

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_REQUEST = re.compile(
    rb"(?:\A|(?<=[\n}]))(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n",
    re.DOTALL,
)
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r]*\r\n(.*?)\r\n\r\n", re.DOTALL)


@dataclass(frozen=True)
class Head:
    """The head of a request, or of an answer, as it stood on the wire."""

    line: str
    headers: dict[str, str]


@dataclass
class Wire:
    """Connections, each as what was said and what was answered.

    `lost`: how many answers were lost.
    """

    url: str
    lost: int = 0
    _loses: str = ""
    connections: list[tuple[bytearray, bytearray]] = field(default_factory=list)

    def moment(self) -> list[int]:
        """How much was said on each connection until now."""
        return [len(said) for said, _ in self.connections]

    def said(self, since: Sequence[int] = ()) -> bytes:
        """All that has gone to the server since a moment, connection by connection."""
        starts = [*since, *([0] * len(self.connections))]
        pairs = zip(self.connections, starts, strict=False)
        return b"\n".join(bytes(said[start:]) for (said, _), start in pairs)

    @contextmanager
    def losing(self, path: str) -> Iterator[None]:
        """Meanwhile the answer to each request for this path is lost, and its connection too."""
        self._loses = path
        try:
            yield
        finally:
            self._loses = ""

    def lets_through(self, said: bytearray) -> bool:
        """Whether an answer to what was said last arrives."""
        if not self._loses:
            return True
        last = [one[2].decode() for one in _REQUEST.finditer(bytes(said))][-1:]
        if last != [self._loses]:
            return True
        self.lost += 1
        return False

    def requests(self, since: Sequence[int] = ()) -> list[Head]:
        return [
            Head(f"{one[1].decode()} {one[2].decode()}", _headers(one[3]))
            for one in _REQUEST.finditer(self.said(since))
        ]

    def answers(self) -> list[Head]:
        return [
            Head(one[1].decode(), _headers(one[2]))
            for _, heard in self.connections
            for one in _ANSWER.finditer(bytes(heard))
        ]


def _headers(text: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.decode("latin-1").split("\r\n"))
    return {name.lower(): value.strip() for name, _, value in pairs}


@contextmanager
def overheard(url: str) -> Iterator[Wire]:
    """Everything goes through here to `url`, until the block ends."""
    there = urlsplit(url)
    listening = socket.create_server(("127.0.0.1", 0))
    wire = Wire(f"http://127.0.0.1:{listening.getsockname()[1]}")
    open_now: list[socket.socket] = []

    def copy(
        source: socket.socket, target: socket.socket, kept: bytearray, asked: bytearray | None
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if asked is not None and not wire.lets_through(asked):
                    break
                kept += data
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                try:
                    far = socket.create_connection((there.hostname, there.port))
                except OSError:
                    near.close()
                    continue
                open_now.extend([near, far])
                said, heard = bytearray(), bytearray()
                wire.connections.append((said, heard))
                for arguments in ((near, far, said, None), (far, near, heard, said)):
                    threading.Thread(target=copy, args=arguments, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield wire
    listening.close()
    for one in open_now:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
