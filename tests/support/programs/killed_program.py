"""The program, which kills itself at a named point: python killed_program.py POINT serve

With SIGKILL, as a power cut does: nothing is flushed, closed or rolled back by it.
"""

import functools
import inspect
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from ephemeral.__main__ import main
from ephemeral.sealing import epoch_rows, epochs
from ephemeral.sealing.keyring_files import KeyringDirectory


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives that")


def before(owner: Any, name: str, call: int = 1) -> Callable[[], None]:
    """Die when a function is called, for the first or a later time."""

    def arm() -> None:
        original = getattr(owner, name)
        calls = 0

        @functools.wraps(original)
        def killed(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == call:
                die()
            return original(*arguments, **named)

        setattr(owner, name, killed)

    return arm


def after(owner: Any, name: str) -> Callable[[], None]:
    """Die when a function has done its work."""

    def arm() -> None:
        original = getattr(owner, name)

        async def killed_later(*arguments: Any, **named: Any) -> NoReturn:
            await original(*arguments, **named)
            die()

        def killed(*arguments: Any, **named: Any) -> NoReturn:
            original(*arguments, **named)
            die()

        setattr(owner, name, killed_later if inspect.iscoroutinefunction(original) else killed)

    return arm


def at(event: str, begin: str, end: str) -> Callable[[], None]:
    """Die before the system is asked to rename or remove a file of such a name."""

    def hook(happening: str, arguments: tuple[object, ...]) -> None:
        if happening == event:
            name = str(arguments[0]).rpartition("/")[2]
            if name.startswith(begin) and name.endswith(end):
                die()

    return lambda: sys.addaudithook(hook)


#: What has been done when the program dies, in the order in which an epoch ends.
POINTS: dict[str, Callable[[], None]] = {
    "nothing": before(epoch_rows, "next_epoch_id"),
    "an id was drawn": after(epoch_rows, "next_epoch_id"),
    "the new key is in a file without its name": at("os.rename", ".epoch-", ".key.tmp"),
    "the new key is in its file": after(KeyringDirectory, "write"),
    "the old epoch was retired, uncommitted": after(epoch_rows, "retire_current_epoch"),
    "the new epoch was made current, uncommitted": after(epoch_rows, "insert_current_epoch"),
    "the new epoch is current": before(epoch_rows, "lock_survivors"),
    "some survivors were wrapped anew, uncommitted": after(epoch_rows, "rewrap"),
    "some survivors are wrapped anew": before(epoch_rows, "lock_survivors", call=2),
    "all survivors are wrapped anew": before(epoch_rows, "destroy_epoch"),
    "the old epoch was destroyed, uncommitted": after(epoch_rows, "destroy_epoch"),
    "the old epoch is destroyed": before(KeyringDirectory, "remove"),
    "the old key has lost its name and content": at("os.remove", ".epoch-", ".key.tmp"),
    "the old key's file is gone": after(KeyringDirectory, "remove"),
    "the old epoch was forgotten, uncommitted": after(epoch_rows, "forget_epoch"),
    "the old epoch is forgotten": before(KeyringDirectory, "written_at"),
}

if __name__ == "__main__":
    epochs.CHUNK = 2
    POINTS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
