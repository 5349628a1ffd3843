"""The real program as a child process, on a database of its own, watched for what it prints.

Fixtures: `server` runs with the default settings; `serve(**settings)` starts one with others,
given as they stand in the environment (`serve(LEASE_SECONDS=1)`). Each ends with its test, and
fails it if the program did not end well, printed a traceback or a fault, or said what it must not
say.
"""

import fcntl
import itertools
import os
import re
import secrets
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from resource import RLIMIT_NOFILE, setrlimit
from urllib.parse import urlsplit

import pytest
from support.machines.database import Server as Postgres
from support.programs.loaded import Loaded, can_start

from ephemeral.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 30
# Where modules are looked for: in the checkout; and what `as_installed` hides is not found.
PYTHONPATH = os.pathsep.join(
    [str(ROOT), str(ROOT / "tests" / "support" / "programs" / "as_installed")]
)
_UNREACHED = {
    # One counts bytes.
    name: f"{10**12 if 'BYTES' in name else 10**6}/1" if "/" in declared.default else "1000000"
    for name, declared in VARIABLES.items()
    if name.endswith(("_PER_ADDRESS", "_PER_ROOM", "_PER_SEAT"))
}
# All of a test run comes from one address: more than anybody would allow it. What a room and a
# member may do is as it is everywhere.
FROM_ONE_ADDRESS = {name: far for name, far in _UNREACHED.items() if name.endswith("_PER_ADDRESS")}
# For tests that do more than people could, to see what gives way first. All is counted as ever.
AT_ANY_PACE = {"FRAMES_BURST": "100000", **_UNREACHED}


def program(
    *arguments: str,
    environment: dict[str, str],
    folder: Path,
    just_started: bool = False,
    terminal: bool = False,
    **options: object,
) -> subprocess.Popen[str]:
    """`python -m ephemeral ...` with nothing in its environment but what is given.

    Not `just_started` it comes from a process that has loaded it, where this is possible. With a
    `terminal` as its standard input it has a session of its own there.
    """
    command = [sys.executable, "-m", "ephemeral", *arguments]
    loaded = not just_started and can_start(environment, *options)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH, **environment}
    if terminal:
        options["start_new_session"] = True
    if loaded:
        return Loaded(command, terminal=terminal, cwd=folder, env=environment, **options)
    if terminal:
        options["preexec_fn"] = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    return subprocess.Popen(command, cwd=folder, env=environment, text=True, **options)


class Program:
    """A server that runs. `url` ends without a slash, `ws_url` is the socket's whole address.

    `arguments`: more for the next start.
    """

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        *,
        just_started: bool = False,
        files: int | None = None,
    ) -> None:
        self.folder = folder
        self._just_started = just_started
        self._files = files
        self.arguments: list[str] = []
        self.environment = {"HOST": "127.0.0.1", "PORT": "0", **environment}
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []
        self._printed: list[str] = []
        self._address = threading.Event()
        self._forbidden: set[str] = set()
        self.start()

    @property
    def ws_url(self) -> str:
        return f"ws{self.url.removeprefix('http')}/room/socket"

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].partition("/")[0])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def output(self) -> str:
        """Everything printed so far, on both streams."""
        return "".join(self._printed)

    def forbid(self, *texts: str) -> None:
        """These must never be printed."""
        self._forbidden.update(texts)

    def start(self) -> None:
        """Start; returns when connections are accepted."""
        self._address.clear()
        # Its own and no other's: what is started later inherits it.
        most = self._files
        few = {} if most is None else {"preexec_fn": lambda: setrlimit(RLIMIT_NOFILE, (most, most))}
        self._process = program(
            "serve",
            *self.arguments,
            environment=self.environment,
            folder=self.folder,
            just_started=self._just_started,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **few,
        )
        reader = threading.Thread(target=self._read, args=[self._process], daemon=True)
        reader.start()
        self._readers.append(reader)
        if not self._address.wait(PATIENCE) or not self.url:
            self._process.kill()
            pytest.fail(f"The server did not start:\n{self.output()}")
        # Whoever comes back finds it where it was.
        self.environment["PORT"] = str(self.port)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._printed.append(line)
                if opened := re.search(r"Ephemeral is open at (\S+)", line):
                    self.url = opened[1].rstrip("/")
                    self._address.set()
        self._address.set()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit code, once it has ended and everything it printed was read."""
        assert self._process is not None
        code = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def stop(self) -> int:
        """End it as an operator does; its exit code."""
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it as a power cut does."""
        self.signal(signal.SIGKILL)
        self.wait()

    def restart(self) -> None:
        """Stop if it runs, and start again at the same address."""
        self.stop()
        self.start()

    def verify(self, *, faults: bool = False) -> None:
        """Fail if something was printed that must not be. `faults`: lines about faults are due."""
        printed = self.output()
        assert "Traceback" not in printed, printed
        if not faults:
            assert "Fault:" not in printed, printed
        said = [text for text in self._forbidden if text and text in printed]
        assert not said, f"the server printed {said}:\n{printed}"


class Serve:
    """Starts programs on fresh databases and ends them all."""

    def __init__(self, postgres: Postgres, folder: Path) -> None:
        self._postgres = postgres
        self._folder = folder
        self._stack = ExitStack()
        self._numbers = itertools.count(1)

    def __call__(
        self,
        *,
        faults: bool = False,
        database: str | None = None,
        just_started: bool = False,
        first_start: bool = False,
        files: int | None = None,
        **settings: object,
    ) -> Program:
        """Start one. Without `database` it gets a fresh one; `faults` are allowed to be printed.

        `just_started`: as of `program`. With an empty DATABASE_URL its own PostgreSQL is one that
        has run before, unless this is to be its `first_start`. `files`: how many it may have open.
        """
        folder = self._folder / f"server {next(self._numbers)}"
        folder.mkdir()
        environment = {
            "DATABASE_URL": database or self._fresh(settings),
            "ENCRYPTION_KEY": secrets.token_hex(32),
            "DATA_DIR": str(folder),
            "DATABASE_WAIT_SECONDS": "0",
            **FROM_ONE_ADDRESS,
            **{name: str(value) for name, value in settings.items()},
        }
        if environment["DATABASE_URL"]:
            # Hosts of one deployment have their objects in one place.
            name = urlsplit(environment["DATABASE_URL"]).path.strip("/")
            shared = self._folder / f"objects of {name}"
            shared.mkdir(exist_ok=True)
            (folder / "objects").symlink_to(shared)
        elif not first_start:
            self._postgres.put_data_dir(folder)
        running = Program(folder, environment, just_started=just_started, files=files)
        running.forbid(environment["ENCRYPTION_KEY"], environment["DATABASE_URL"])
        self._stack.callback(self._end, running, faults)
        return running

    def _fresh(self, settings: dict[str, object]) -> str:
        if "DATABASE_URL" in settings:
            return ""
        return self._stack.enter_context(self._postgres.database())

    @staticmethod
    def _end(running: Program, faults: bool) -> None:
        code = running.stop()
        running.verify(faults=faults)
        assert code in {0, -signal.SIGKILL}, running.output()

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def serve(postgres: Postgres, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start the real server with settings of one's own."""
    starting = Serve(postgres, tmp_path)
    yield starting
    starting.close()


@pytest.fixture(name="server")
def default_server(serve: Callable[..., Program]) -> Program:
    """The real server with the default settings, on a database of its own."""
    return serve()


@pytest.fixture(scope="module")
def shared_server(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """One server for all tests of a module which only come with rooms of their own."""
    starting = Serve(postgres, tmp_path_factory.mktemp("shared"))
    yield starting()
    starting.close()
