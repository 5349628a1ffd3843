"""Being somebody else than root, for tests that root runs."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: An id that no account has, as orchestrators give, and a group that it is put into.
NOBODYS_UID = 54321
GROUP = 54322


@contextmanager
def nobodys(path: Path, owner: int, group: int) -> Iterator[None]:
    """This process has the rights of a user without an account, with one more group.

    `path` is given to an owner and a group before.
    """
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root can become another user")
    os.chown(path, owner, group)
    groups = os.getgroups()
    os.setgroups([GROUP])
    os.setegid(NOBODYS_UID)
    os.seteuid(NOBODYS_UID)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder whose path everybody may go along, which pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="ephemeral users ") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_nobodys() -> list[str]:
    """A command that makes a program run as that user.

    Where only root can reach the interpreter, the right to read everything is kept: Python needs it
    for its own files.
    """
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("NOT TESTED: only root can become another user, by setpriv")
    command = ["setpriv", f"--reuid={NOBODYS_UID}", f"--regid={NOBODYS_UID}", f"--groups={GROUP}"]
    reached = subprocess.run(
        [*command, sys.executable, "-c", "import asyncpg"], stderr=subprocess.DEVNULL, check=False
    )
    if reached.returncode != 0:
        command += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return command
