"""Become another program: as an unprivileged user, and never surviving the parent.

Run by path, with arguments parent, uid, gid, program and its arguments. The program finds its
working directory open as descriptor 3, whose name under /proc leads there even where its path
doesn't. This is a program of its own because the steps must happen between fork and exec, where a
process with threads can't safely run Python; therefore it imports nothing of ours.
"""

import ctypes
import os
import resource
import signal
import sys

_DIRECTORY = 3
# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def main(parent: int, uid: int, gid: int, program: str, arguments: list[str]) -> None:
    """Raises OSError if a step fails; returns never."""
    os.dup2(os.open(".", os.O_RDONLY | os.O_DIRECTORY), _DIRECTORY)
    os.set_inheritable(_DIRECTORY, True)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # A core file would hold what has been destroyed since.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # After the change of user, which takes it back. SIGINT ends a PostgreSQL cleanly.
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("The parent has ended.")
    os.execv(program, [program, *arguments])  # noqa: S606 - it is what this is for


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5:])
    except OSError as error:
        sys.exit(f"FATAL:  could not run as user {sys.argv[2]}: {error.strerror}")
