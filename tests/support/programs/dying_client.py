"""`ephemeral account ...` that dies at one of its writes, as by kill -9 or a loss of power.

`dying_client.py N before|after COMMAND...`: at the N-th writing of an account's file, with half of
it written aside, or once it stands there. Whoever lives to its end ends as the command does.
"""

import os
import signal
import sys

from ephemeral.__main__ import main
from ephemeral.client.accounts.account_file import AccountFile

_last, _when = int(sys.argv[1]), sys.argv[2]
_written = 0
_replace = AccountFile._replace


def _dying(self: AccountFile, content: bytes) -> None:
    global _written  # noqa: PLW0603
    _written += 1
    if _written == _last and _when == "before":
        aside = self.path.with_name(f".{self.path.name}.half")
        aside.write_bytes(content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    _replace(self, content)
    if _written == _last:
        os.kill(os.getpid(), signal.SIGKILL)


AccountFile._replace = _dying  # type: ignore[method-assign]
sys.exit(main(sys.argv[3:]))
