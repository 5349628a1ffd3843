"""A real Redis for the tests of several hosts: at a unix socket, nothing on the disk."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 30


class RedisServer:
    """A server that can be killed and started again at the same place."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.socket = folder / "redis"
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start; returns when connections are accepted."""
        self._process = subprocess.Popen(
            [
                self._program, "--port", "0", "--unixsocket", str(self.socket),
                "--save", "", "--appendonly", "no", "--daemonize", "no",
            ],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "accept connections" in line:
                return
        pytest.fail("Redis did not start")

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate(timeout=PATIENCE)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A Redis of the caller's own; skips the test where there is none, but never in CI."""
    program = shutil.which("redis-server")
    if program is None:
        assert not os.environ.get("CI"), "redis-server is missing: `sh tools/redis.sh` gets it"
        pytest.skip("redis-server is missing: `sh tools/redis.sh` gets it")
    # A socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="redis-", dir="/tmp") as folder:
        running = RedisServer(program, Path(folder))
        try:
            yield running
        finally:
            running.kill()
