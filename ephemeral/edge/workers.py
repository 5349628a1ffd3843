"""Several server processes behind one listening socket, and the process that minds them.

Each worker is the same program, started with the socket. It says on its standard output when it
serves, and stops when its standard input ends: that is the minding process, even if it is killed.
A worker that ends by itself is replaced; its members come back to another one meanwhile.
"""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

__all__ = ["READY", "Workers", "when_stdin_ends"]

log = logging.getLogger(__name__)

#: The line that a worker says when it accepts connections.
READY = "ready"
_RETRY_SECONDS = (0.2, 5.0)


class Workers:
    """`count` workers on `listener`. `ready` is called when all of them serve for the first time.

    `run` returns the exit code: 1 if one couldn't begin to serve, which then has said why.
    """

    def __init__(self, count: int, listener: socket.socket, ready: Callable[[], None]) -> None:
        self._count = count
        self._listener = listener
        self._ready = ready
        self._running: set[asyncio.subprocess.Process] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End them: the first time gracefully, the second time without waiting."""
        self._stopping.set()
        for worker in self._running:
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGTERM)

    async def run(self) -> int:
        """Start them, the first one alone, and mind them until `stop`."""
        try:
            minding: list[asyncio.Task[None]] = []
            while len(minding) < self._count:
                # What is wrong with one is wrong with all, and said once.
                started = [await self._start()] if not minding else await self._start_others()
                if not all(await asyncio.gather(*(_serves(one) for one in started))):
                    return 0 if self._stopping.is_set() else 1
                minding += [asyncio.create_task(self._mind(one)) for one in started]
            if not self._stopping.is_set():
                self._ready()
            await asyncio.gather(*minding)
        finally:
            self.stop()
            await asyncio.gather(*(one.wait() for one in self._running))
        return 0

    async def _start_others(self) -> Sequence[asyncio.subprocess.Process]:
        return await asyncio.gather(*(self._start() for _ in range(self._count - 1)))

    async def _start(self) -> asyncio.subprocess.Process:
        number = self._listener.fileno()
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ephemeral",
            "worker",
            f"--listener={number}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[number],
            # What a terminal sends to all processes is for this one.
            start_new_session=True,
        )
        self._running.add(worker)
        if self._stopping.is_set():
            worker.send_signal(signal.SIGTERM)
        return worker

    async def _mind(self, worker: asyncio.subprocess.Process) -> None:
        shortest, longest = _RETRY_SECONDS
        delay = shortest
        while True:
            code = await worker.wait()
            self._running.discard(worker)
            if self._stopping.is_set():
                return
            log.error("A server process ended with %d; another one starts.", code)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return
            worker = await self._start()
            delay = shortest if await _serves(worker) else min(2 * delay, longest)


async def _serves(worker: asyncio.subprocess.Process) -> bool:
    """Wait until it serves; False if it ends before."""
    assert worker.stdout is not None
    return await worker.stdout.readline() == f"{READY}\n".encode()


async def when_stdin_ends(stop: Callable[[], None]) -> None:
    """Call `stop` when whoever minds this process has gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop()
