"""Starts the program from a process that has loaded it: see `loaded_program`.

To whoever looks from outside, such a program differs in one thing from one that was just started:
its arguments and environment, as /proc tells them, are those of the process that had loaded it.
Tests that look there, and tests of the start itself, have it `just_started`.
"""

import atexit
import inspect
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

PROGRAM = Path(__file__).with_name("loaded_program.py")
# Python looks at these when it starts.
_EARLY = ("LANG", "LC_", "PYTHON", "TZ")


def can_start(environment: Mapping[str, str], *options: str) -> bool:
    """Whether a program with these can be one that was loaded."""
    known = {"stdin", "stdout", "stderr", "start_new_session", "terminal"}
    return known.issuperset(options) and not any(name.startswith(_EARLY) for name in environment)


@cache
def _wishes(program: Path, path: str, python_path: str) -> socket.socket:
    """Where a loaded program hears what is wished for. It ends when this process does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        loaded = subprocess.Popen(
            # Without -P modules would be looked for beside it, and `redis` be ours.
            [sys.executable, "-P", program, str(its.fileno())],
            env={"PATH": path, "PYTHONPATH": python_path},
            stdin=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        loaded.wait()

    atexit.register(end)
    return ours


class Loaded(subprocess.Popen[str]):
    """As `Popen` of `python -m ephemeral ...`; a `terminal` is its standard input.

    `program`: another that is loaded and asked for programs as `loaded_program.py` is.
    """

    def __init__(
        self,
        arguments: list[str],
        *,
        terminal: bool = False,
        program: Path = PROGRAM,
        **options: object,
    ) -> None:
        self._terminal = terminal
        self._program = program
        super().__init__(arguments, text=True, **options)

    def _execute_child(self, *given: object, **named: object) -> None:
        signature = inspect.signature(subprocess.Popen._execute_child)
        asked = signature.bind(self, *given, **named).arguments
        environment = asked["env"]
        wish = {
            "arguments": asked["args"][3:],
            "environment": environment,
            "folder": str(asked["cwd"]),
            "session": asked["start_new_session"],
            "terminal": self._terminal,
        }
        streams = (asked["p2cread"], asked["c2pwrite"], asked["errwrite"])
        self._told, telling = socket.socketpair()
        with telling:
            socket.send_fds(
                _wishes(self._program, environment["PATH"], environment["PYTHONPATH"]),
                [json.dumps(wish).encode()],
                [
                    *(own if one == -1 else one for own, one in enumerate(streams)),
                    telling.fileno(),
                ],
            )
        self._close_pipe_fds(
            asked["p2cread"], asked["p2cwrite"], asked["c2pread"], asked["c2pwrite"],
            asked["errread"], asked["errwrite"],
        )  # fmt: skip
        self.pid = int.from_bytes(self._told.recv(4))
        assert self.pid, "the loaded program has ended"
        self._child_created = True

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if wait_flags & os.WNOHANG and not select.select([self._told], [], [], 0)[0]:
            return 0, 0
        told = self._told.recv(4)
        self._told.close()
        assert told, "nobody knows how the program has ended"
        return self.pid, int.from_bytes(told)

    def _internal_poll(self, *_: object, **__: object) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                if self.returncode is None:
                    pid, status = self._try_wait(os.WNOHANG)
                    if pid:
                        self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode
