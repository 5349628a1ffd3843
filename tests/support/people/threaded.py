"""A command of the client in a thread of this process, to whoever started it like one of its own.

It has streams, an environment and signals of its own. What it shares with the test is the process:
its folder, its /proc, its death. A command for which these matter is a process.
"""

import asyncio
import inspect
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from io import StringIO
from threading import Event, Thread
from typing import Any

from ephemeral.__main__ import parsed_command
from ephemeral.client.cli import run_in
from ephemeral.client.context import Context
from ephemeral.client.exits import Exit
from ephemeral.client.output import Output


class Threaded(subprocess.Popen[str]):
    """As `Popen` of `python -m ephemeral ...`; among the options may be fields of its `Context`."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        *,
        terminal: bool = False,
        **options: Any,
    ) -> None:
        self._environment = environment
        fields = Context.__dataclass_fields__.keys() & options
        self._fields = {name: options.pop(name) for name in fields - {"stdin"}}
        self._signals: dict[signal.Signals, Callable[[], object]] = {}
        self._heeds = Event()
        self._thread = Thread(target=self._run, name=f"ephemeral {arguments[0]}")
        # Readable from its end on.
        self.ended, self._ending = os.pipe()
        super().__init__(list(arguments), text=True, **options)

    def _execute_child(self, *given: object, **named: object) -> None:
        signature = inspect.signature(subprocess.Popen._execute_child)
        asked = signature.bind(self, *given, **named).arguments
        ends = (asked["p2cread"], asked["c2pwrite"], asked["errwrite"])
        self._streams = [os.dup(own if one == -1 else one) for own, one in enumerate(ends)]
        self._close_pipe_fds(
            asked["p2cread"], asked["p2cwrite"], asked["c2pread"], asked["c2pwrite"],
            asked["errread"], asked["errwrite"],
        )  # fmt: skip
        self.pid = 0
        said = StringIO()
        try:
            # Before the thread starts: where errors of the arguments go is the process's.
            with redirect_stdout(said), redirect_stderr(said):
                self._parsed = parsed_command(asked["args"])
        except SystemExit as ended:
            os.write(self._streams[2 if ended.code else 1], said.getvalue().encode())
            self._end(int(ended.code or 0))
        else:
            self._thread.start()

    def _run(self) -> None:
        code = Exit.FAULT
        try:
            code = run_in(
                Context(
                    self._parsed,
                    self._environment,
                    stdin=self._streams[0],
                    output=Output(self._streams[1]),
                    errors=Output(self._streams[2]),
                    heed=self._heed,
                    **self._fields,
                )
            )
        finally:
            self._end(code)

    def _end(self, code: int) -> None:
        self.returncode = code
        # From here on whoever waits for it takes it for ended.
        for stream in (*self._streams, self._ending):
            os.close(stream)
        self._heeds.set()

    def _heed(self, number: signal.Signals, call: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        self._signals[number] = partial(loop.call_soon_threadsafe, call)
        if number == signal.SIGTERM:
            self._heeds.set()

    def send_signal(self, number: int) -> None:
        """As the command hears of a signal. It can't be killed: it is asked to end."""
        self._heeds.wait()
        number = signal.SIGTERM if number == signal.SIGKILL else number
        # Unless its loop has ended.
        with suppress(RuntimeError):
            if self.returncode is None:
                self._signals[signal.Signals(number)]()

    def _internal_poll(self, *_: object, **__: object) -> int | None:
        return self.returncode

    def _wait(self, timeout: float | None) -> int:
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def __del__(self, *_: object) -> None:
        with suppress(OSError):
            os.close(self.ended)


def ended(process: subprocess.Popen[str]) -> int:
    """A descriptor that can be read once the command has ended."""
    return os.dup(process.ended) if isinstance(process, Threaded) else os.pidfd_open(process.pid)
