"""A way to a server on which requests pass and no WebSocket does, as in many a network."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: Of a front that knows what a handshake is, and of one that doesn't.
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nConnection: close\r\n\r\nForbidden"
_CHUNK = 65_536


class Upgradeless:
    """`refused`: handshakes that came, and were answered by `answer`; without one, cut off."""

    def __init__(self, target: int, answer: bytes) -> None:
        self._target = target
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: set[socket.socket] = set()
        self.port: int = self._listener.getsockname()[1]
        self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._listener, *self._ends):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=[near], daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            head = near.recv(_CHUNK)
            if b"upgrade: websocket" in head.lower():
                self.refused += 1
                near.sendall(self._answer)
                return
            with socket.create_connection(("127.0.0.1", self._target)) as far:
                self._ends |= {near, far}
                far.sendall(head)
                back = threading.Thread(target=_pump, args=[far, near], daemon=True)
                back.start()
                _pump(near, far)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextmanager
def upgradeless_to(port: int, answer: bytes = FORBIDDEN) -> Iterator[Upgradeless]:
    """Such a way to a server of this machine."""
    front = Upgradeless(port, answer)
    try:
        yield front
    finally:
        front.close()
