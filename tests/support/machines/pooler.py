"""A real pgbouncer before the database of a test."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.machines.passage import DatabasePassage

PATIENCE = 30


@contextmanager
def pooler(passage: DatabasePassage, mode: str, *lines: str) -> Iterator[str]:
    """A pgbouncer with this `pool_mode`; gives the address of the database behind it.

    Skips the test where there is none, but never in CI.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        assert not os.environ.get("CI"), "pgbouncer is missing: `sh tools/proxies.sh` gets it"
        pytest.skip("pgbouncer is missing: `sh tools/proxies.sh` gets it")
    parts = urlsplit(passage.dsn)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ephemeral pooler ") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
        (folder / "configuration").write_text(
            f"[databases]\n* = host=127.0.0.1 port={passage.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {folder}/users\npool_mode = {mode}\n"
            + "".join(f"{line}\n" for line in lines)
        )
        # As root it refuses to run.
        command = [program, "configuration"]
        if os.geteuid() == 0:
            command = [program, "--user", "nobody", "configuration"]
        running = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
        try:
            _wait_until_open(port)
            user = parts.netloc.rpartition("@")[0]
            yield parts._replace(
                netloc=f"{user}@127.0.0.1:{port}", query="sslmode=disable"
            ).geturl()
        finally:
            running.kill()
            running.wait(PATIENCE)


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < deadline, "pgbouncer did not start"
            time.sleep(0.01)
        else:
            return
