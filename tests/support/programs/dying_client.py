"""`ephemeral account ...` that dies at one of its writes, as by kill -9 or a loss of power.

`dying_client.py DESCRIPTOR`, as `loaded_program.py` is started: the arguments of each program are
`N before|after COMMAND...`. It dies at the N-th writing of an account's file, with half of it
written aside, or once it stands there. Whoever lives to its end ends as the command does.
"""

import os
import signal
import socket
import sys

from support.people.stretching import stretch_cheaply
from support.programs.loaded_program import leave, next_program

from ephemeral.__main__ import main
from ephemeral.client.accounts import commands  # noqa: F401 - loaded for every command
from ephemeral.client.accounts.account_file import AccountFile


def arm(last: int, when: str) -> None:
    """Die at that write."""
    replace, written = AccountFile._replace, 0

    def dying(self: AccountFile, content: bytes) -> None:
        nonlocal written
        written += 1
        if written == last and when == "before":
            aside = self.path.with_name(f".{self.path.name}.half")
            aside.write_bytes(content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        replace(self, content)
        if written == last:
            os.kill(os.getpid(), signal.SIGKILL)

    AccountFile._replace = dying  # type: ignore[method-assign]


if __name__ == "__main__":
    stretch_cheaply(setattr)
    number, when, *command = next_program(socket.socket(fileno=int(sys.argv[1])))
    arm(int(number), when)
    leave(main(command))
