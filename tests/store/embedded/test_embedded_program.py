"""A whole program with an embedded PostgreSQL, run by root and by others, killed in all ways."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import asyncpg
import pytest
from support.machines.database import Server as Postgres
from support.machines.processes import is_running, status, wait_until_gone

from ephemeral.store.embedded.installation import choose
from ephemeral.store.embedded.server import running_dsn

PROGRAM = Path(__file__).resolve().parents[2] / "support" / "programs" / "embedded_program.py"
ROOT = PROGRAM.parent.parent.parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


class Program:
    """A child that runs the program; its server's process id is ``postmaster``."""

    def __init__(self, data_dir: Path, *, prefix: list[str]) -> None:
        self._child = subprocess.Popen(
            [*prefix, sys.executable, PROGRAM, data_dir],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        self._said: str | None = None
        self.postmaster = int(self._answer() or 0)

    def commit(self, line: str) -> None:
        """Have a row committed, and the commit confirmed."""
        assert self._child.stdin is not None
        print(line, file=self._child.stdin, flush=True)
        assert self._answer() == f"committed {line}"

    def _answer(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline().strip()

    def end(self, how: signal.Signals | None = None) -> tuple[int, str]:
        """Send a signal, or close its input; its exit code and what it said to the operator."""
        if self._said is None:
            if how is not None:
                self._child.send_signal(how)
            self._said = self._child.communicate()[1]
        return self._child.returncode, self._said


@cache
def other_user() -> tuple[str, ...]:
    """A command that makes a program run as an ordinary user, if root runs the tests.

    Where only root can reach the interpreter, the right to read everything is kept: it is needed
    for Python's own files, and tells nothing less about the user that the server runs as.
    """
    if os.geteuid() != 0:
        return ()
    nobody = pwd.getpwnam("nobody")
    command = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    again = (
        "import asyncpg, subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    )
    reached = subprocess.run(
        [*command, sys.executable, "-c", again], stderr=subprocess.DEVNULL, check=False
    )
    if reached.returncode != 0:
        command += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return tuple(command)


@contextmanager
def home_of(prefix: list[str]) -> Iterator[Path]:
    """A directory that only the user of the program can enter; root's holds it all the same."""
    with tempfile.TemporaryDirectory(prefix="ephemeral it's ") as directory:
        if prefix:
            nobody = pwd.getpwnam("nobody")
            os.chown(directory, nobody.pw_uid, nobody.pw_gid)
        assert Path(directory).stat().st_mode & 0o777 == 0o700
        yield Path(directory)


THIS_USER, ANOTHER_USER = "this user", "another user"


@pytest.fixture(params=[THIS_USER, ANOTHER_USER])
def prefix(request: pytest.FixtureRequest) -> list[str]:
    if request.param == THIS_USER:
        return []
    if os.geteuid() != 0:
        pytest.skip("the other case is this user's")
    if shutil.which("setpriv") is None:
        pytest.skip("NOT TESTED: setpriv is missing")
    return list(other_user())


Launch = Callable[[Path], Program]


@pytest.fixture
def launch(prefix: list[str]) -> Iterator[Launch]:
    """Starts programs, and ends those that are still there in the end."""
    with ExitStack() as stack:

        def start(data_dir: Path) -> Program:
            program = Program(data_dir, prefix=prefix)
            stack.callback(program.end)
            return program

        yield start


@pytest.fixture
def home(prefix: list[str]) -> Iterator[Path]:
    """Where nothing is yet."""
    with home_of(prefix) as directory:
        yield directory


@pytest.fixture
def data_dir(home: Path, prefix: list[str], postgres: Postgres) -> Path:
    """With a database that was made before, and is the user's of the program."""
    made = home / "data"
    postgres.put_data_dir(made)
    if prefix:
        nobody = pwd.getpwnam("nobody")
        for path in (made, *made.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return made


def state(data_dir: Path) -> str:
    """How the database was left."""
    control = choose(18).root / "bin" / "pg_controldata"
    answer = subprocess.run(
        [control, "-D", data_dir / "postgres"], capture_output=True, text=True, check=True
    )
    return next(
        line.partition(":")[2].strip()
        for line in answer.stdout.splitlines()
        if line.startswith("Database cluster state:")
    )


def kept(data_dir: Path) -> list[str]:
    """The rows that the running program's database holds."""

    async def ask() -> list[str]:
        dsn = running_dsn(data_dir)
        connection = await asyncpg.connect(dsn)
        rows = await connection.fetch("SELECT line FROM kept ORDER BY line")
        await connection.close()
        return [row["line"] for row in rows]

    return asyncio.run(ask())


def left_outside(data_dir: Path) -> Path | None:
    """The directory of the socket, if there is a link to one."""
    link = data_dir / "postgres.socket"
    return link.readlink().parent if link.is_symlink() else None


@pytest.mark.parametrize(
    ("prefix", "how"),
    [
        (THIS_USER, signal.SIGTERM),
        (ANOTHER_USER, signal.SIGINT),
        (THIS_USER, None),
        pytest.param(THIS_USER, signal.SIGINT, marks=pytest.mark.release),
        pytest.param(ANOTHER_USER, signal.SIGTERM, marks=pytest.mark.release),
        pytest.param(ANOTHER_USER, None, marks=pytest.mark.release),
    ],
    indirect=["prefix"],
)
def test_a_signal_or_the_end_stops_the_server_cleanly(
    how: signal.Signals | None, data_dir: Path, launch: Launch
):
    program = launch(data_dir)
    assert status(program.postmaster)["Uid"].split()[0] != "0"
    outside = left_outside(data_dir)
    assert outside is not None
    code, said = program.end(how)
    assert (code, said) == (0, "")
    assert not is_running(program.postmaster)
    assert state(data_dir) == "shut down"
    assert not outside.exists()


def test_the_server_runs_as_the_user_of_the_program_unless_that_is_root(
    home: Path, prefix: list[str], launch: Launch
):
    program = launch(home / "data")
    (uid,) = set(status(program.postmaster)["Uid"].split())
    assert int(uid) != 0
    if prefix or os.geteuid() != 0:
        assert int(uid) == home.stat().st_uid


def test_kill_9_of_the_program_loses_no_committed_row_and_leaves_no_server(
    data_dir: Path, launch: Launch
):
    lines = []
    for round_ in range(2):
        program = launch(data_dir)
        for each in range(5):
            program.commit(f"{round_}-{each}")
            lines.append(f"{round_}-{each}")
        outside = left_outside(data_dir)
        assert program.end(signal.SIGKILL)[0] == -signal.SIGKILL
        wait_until_gone(program.postmaster)
        assert state(data_dir) == "shut down"
        assert outside is not None
        assert outside.exists()
    launch(data_dir)
    assert not outside.exists()
    assert kept(data_dir) == lines


def test_a_start_right_after_kill_9_waits_for_the_server_that_is_still_ending(
    data_dir: Path, launch: Launch
):
    for each in range(3):
        program = launch(data_dir)
        program.commit(str(each))
        program.end(signal.SIGKILL)
    launch(data_dir)
    assert kept(data_dir) == ["0", "1", "2"]


def test_kill_9_of_program_and_server_together_loses_no_committed_row(
    data_dir: Path, launch: Launch
):
    program = launch(data_dir)
    for each in range(5):
        program.commit(str(each))
    os.kill(program.postmaster, signal.SIGKILL)
    program.end(signal.SIGKILL)
    wait_until_gone(program.postmaster)
    launch(data_dir)
    assert kept(data_dir) == ["0", "1", "2", "3", "4"]


@pytest.mark.skipif(os.geteuid() != 0, reason="the sentence is for root")
def test_root_that_may_not_become_anybody_else_is_told_what_to_do(tmp_path: Path):
    alone = ["unshare", "--user", "--map-root-user"]
    if subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip("NOT TESTED: no user namespaces here")
    program = Program(tmp_path / "data", prefix=alone)
    code, said = program.end()
    assert code == 1
    assert said.startswith("PostgreSQL doesn't run as root, and this process may not change to")
    assert not (tmp_path / "data" / "postgres").exists()


def test_a_second_program_on_the_directory_is_refused_with_a_sentence_and_an_exit_code(
    data_dir: Path, launch: Launch
):
    first = launch(data_dir)
    second = launch(data_dir)
    assert second.postmaster == 0
    assert second.end() == (1, f"DATA_DIR {data_dir} is in use by another running instance.\n")
    first.commit("still there")
    assert first.end() == (0, "")
