"""Several server processes behind one listening socket, and the process that minds them.

Each worker is the same program, started with the socket. It says on its standard output when it
serves, and ends at once when its standard input does: that is the minding process, which would have
asked it to stop, but was killed. A worker that ends by itself is replaced; its members come back to
another one meanwhile.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread

__all__ = ["READY", "REFUSED", "Workers", "when_stdin_ends"]

log = logging.getLogger(__name__)

#: The line that a worker says when it accepts connections.
READY = "ready"
#: What a worker exits with that can't serve and has said why: another one couldn't either.
REFUSED = 1
#: How often one is started again, before all of them serve, that has said nothing.
ATTEMPTS = 5
_RETRY_SECONDS = (0.2, 5.0)
_WORKER = (sys.executable, "-m", "ephemeral", "worker")

#: Whose minding process has gone has so long to answer what is under way.
_ORPHAN_SECONDS = 3.0


class Workers:
    """`count` workers on `listener`. `ready` is called when all of them serve for the first time.

    `run` returns the exit code: 1 if one couldn't begin to serve, and the log says why. `program`
    is what a worker is.
    """

    def __init__(
        self,
        count: int,
        listener: socket.socket,
        ready: Callable[[], None],
        program: Sequence[str] = _WORKER,
    ) -> None:
        self._count = count
        self._listener = listener
        self._ready = ready
        self._program = program
        self._ended_early = 0
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
                starting = 1 if not minding else self._count - 1
                started = await asyncio.gather(*(self._first() for _ in range(starting)))
                serving = [one for one in started if one is not None]
                minding += [asyncio.create_task(self._mind(one)) for one in serving]
                if len(serving) < starting:
                    return 0 if self._stopping.is_set() else 1
            if not self._stopping.is_set():
                self._ready()
            await asyncio.gather(*minding)
        finally:
            self.stop()
            await asyncio.gather(*(one.wait() for one in self._running))
        return 0

    async def _first(self) -> asyncio.subprocess.Process | None:
        """A worker that serves; None if there is none to be had, and the log says why.

        One that is killed while it starts, as by a system that is short of memory, says nothing and
        is started again.
        """
        while True:
            worker = await self._start()
            if await _serves(worker):
                return worker
            code = await worker.wait()
            self._running.discard(worker)
            if self._stopping.is_set() or code == REFUSED:
                return None
            self._ended_early += 1
            if self._ended_early > ATTEMPTS:
                log.error("A server process %s before it served, again: giving up.", _end(code))
                return None
            log.error("A server process %s before it served; another one starts.", _end(code))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _RETRY_SECONDS[0])
                return None

    async def _start(self) -> asyncio.subprocess.Process:
        number = self._listener.fileno()
        worker = await asyncio.create_subprocess_exec(
            *self._program,
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
            log.error("A server process %s; another one starts.", _end(code))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return
            worker = await self._start()
            delay = shortest if await _serves(worker) else min(2 * delay, longest)


async def _serves(worker: asyncio.subprocess.Process) -> bool:
    """Wait until it serves; False if it ends before."""
    assert worker.stdout is not None
    return await worker.stdout.readline() == f"{READY}\n".encode()


def _end(code: int) -> str:
    """How a process has ended."""
    if code >= 0:
        return f"ended with {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def when_stdin_ends(stop: Callable[[], None]) -> None:
    """Call `stop` in a thread when whoever minds this process has gone; it must end then at once.

    It holds the port, which the next server wants. One that is still there after a few seconds,
    whatever it hangs in, is ended from here.
    """

    def wait() -> None:
        with suppress(OSError):
            while os.read(0, 4096):
                pass
        with suppress(RuntimeError):
            # Unless its loop has ended by itself.
            stop()
        time.sleep(_ORPHAN_SECONDS)
        os._exit(REFUSED)

    Thread(target=wait, name="whoever minds", daemon=True).start()
