"""A PostgreSQL of a test's own, which it may stop, kill, restart, copy and promote.

Programs of the same installation as the embedded one's, at a port of loopback; the data lies in
memory where there is enough. `operator` is a superuser at the server's socket, for tests alone.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
from support.machines.database import place
from support.machines.processes import wait_until_gone

from ephemeral.store.embedded.installation import Installation, choose
from ephemeral.store.embedded.processes import User

PATIENCE = 120
_SETTINGS = """
max_connections = 60
shared_buffers = 32MB
min_wal_size = 64MB
max_wal_size = 256MB
wal_level = replica
log_line_prefix = ''
log_min_messages = fatal
log_checkpoints = off
"""


class OwnPostgres:
    """One server. `stop`, `restart` and `promote` are `pg_ctl`'s."""

    def __init__(self, cluster: "Cluster", name: str) -> None:
        self._cluster = cluster
        self._name = name
        self.data = cluster.folder / name
        self.port = _free_port()

    @property
    def socket(self) -> Path:
        """Of the server that listens at it now."""
        return self._cluster.folder / f".s.PGSQL.{self.port}"

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        self._control("start", "--log", str(self._cluster.folder / f"{self._name}.log"))

    def stop(self, mode: str) -> None:
        self._control("stop", "--mode", mode)

    def restart(self, mode: str) -> None:
        log = str(self._cluster.folder / f"{self._name}.log")
        self._control("restart", "--mode", mode, "--log", log)

    def promote(self) -> None:
        self._control("promote")

    def kill(self) -> None:
        """End it as a power cut does."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)

    async def operator(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            host=str(self._cluster.folder), port=self.port, user="postgres", database="postgres"
        )

    async def execute(self, statement: str) -> None:
        """One statement of the operator's."""
        connection = await self.operator()
        await connection.execute(statement)
        await connection.close()

    def _control(self, command: str, *options: str) -> None:
        self._cluster.run(
            "pg_ctl", command, "--wait", "--silent", "--timeout", str(PATIENCE),
            "--pgdata", str(self.data), *options,
            *(["--options", self._options()] if command in {"start", "restart"} else []),
        )  # fmt: skip

    def _options(self) -> str:
        return (
            f"-p {self.port} -c listen_addresses=127.0.0.1 "
            f"-c unix_socket_directories={self._cluster.folder}"
        )


class Cluster:
    """Servers that hold the same database, made from one by copying."""

    def __init__(self, folder: Path, installation: Installation) -> None:
        self.folder = folder
        self._user = _account()
        folder.chmod(0o700)
        os.chown(folder, self._user.uid, self._user.gid)
        if not installation.is_reachable_by(self._user):
            installation = _copied(installation, folder)
        self._programs = installation.root / "bin"
        self._password = secrets.token_hex(16)
        self._servers: list[OwnPostgres] = []

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs to its end, in which it must succeed."""
        ended = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGPASSWORD": self._password},
            stdin=subprocess.DEVNULL,
            # What a server inherits of a pipe would keep it open.
            stdout=subprocess.DEVNULL,
            stderr=(error := tempfile.TemporaryFile()),  # noqa: SIM115 - closed below
            timeout=2 * PATIENCE,
            check=False,
            **({"user": self._user.uid, "group": self._user.gid, "extra_groups": []}
               if os.geteuid() == 0 else {}),
        )  # fmt: skip
        with error:
            error.seek(0)
            assert ended.returncode == 0, error.read().decode()

    async def primary(self) -> OwnPostgres:
        """The first server, with an empty database."""
        made = OwnPostgres(self, "primary")
        self.run(
            "initdb", "--pgdata", str(made.data), "--username", "postgres", "--encoding", "UTF8",
            "--no-locale", "--no-sync", "--auth-local", "trust", "--auth-host", "scram-sha-256",
        )  # fmt: skip
        with (made.data / "postgresql.conf").open("a") as configuration:
            configuration.write(_SETTINGS)
        self._servers.append(made)
        made.start()
        role = f"ROLE ephemeral LOGIN REPLICATION PASSWORD '{self._password}'"
        await made.execute(f"CREATE {role}")
        await made.execute("CREATE DATABASE ephemeral OWNER ephemeral")
        return made

    async def standby(self, primary: OwnPostgres) -> OwnPostgres:
        """A copy that follows; from now on `primary` commits nothing that it doesn't have."""
        made = OwnPostgres(self, "standby")
        # The password comes from the environment, and -R writes it down.
        self.run(
            "pg_basebackup", "--pgdata", str(made.data), "--host", "127.0.0.1",
            "--port", str(primary.port), "--username", "ephemeral", "--checkpoint", "fast",
            "--wal-method", "stream", "--write-recovery-conf", "--no-sync",
        )  # fmt: skip
        self._servers.append(made)
        made.start()
        await primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection = await primary.operator()
        await connection.execute("SELECT pg_reload_conf()")
        while await connection.fetchval("SELECT sync_state FROM pg_stat_replication") != "sync":
            await connection.execute("SELECT pg_sleep(0.01)")
        await connection.close()
        return made

    def dsn(self, *ports: int) -> str:
        """The address of the database by these ports of loopback, in this order."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"postgresql://ephemeral:{self._password}@{hosts}/ephemeral?sslmode=disable"

    def close(self) -> None:
        for one in self._servers:
            with suppress(FileNotFoundError):
                pid = one.pid
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
                wait_until_gone(pid)


@contextmanager
def own_cluster(root: Path | None) -> Iterator[Cluster]:
    """Of the wheel's PostgreSQL, or of the one installed at `root`."""
    installation = choose(None) if root is None else Installation.at(root)
    with tempfile.TemporaryDirectory(prefix="pg-", dir=place() or "/tmp") as folder:
        cluster = Cluster(Path(folder), installation)
        try:
            yield cluster
        finally:
            cluster.close()


def _account() -> User:
    """Who the servers run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return User.of_this_process()
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def _copied(installation: Installation, folder: Path) -> Installation:
    """All of it, where root's is out of others' reach."""
    package = installation.root.parent
    target = folder / package.name / installation.root.name
    shutil.copytree(installation.root, target)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return Installation(target, installation.major)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
