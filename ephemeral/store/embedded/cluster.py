"""One data directory of PostgreSQL: how it is made, whose it is, and how its server is set.

PostgreSQL refuses to run as root. Where this program is root, the server runs as the user who
owns the data directory, and a new one is given to an id that no account has, so that it shares
nothing with anybody, not even with what else runs as ``nobody``. The id lies where neither
Debian nor systemd hands ids out, and below 65536, which containers without root's rights map.
Only ``initdb`` insists on an account: root runs it as ``nobody`` and gives the result away.

A parent directory that this user can't enter is no obstacle: the server is started with the data
directory as its working directory and told to use just that, by a name that needs no right on
the way, has no special characters and is short, whatever DATA_DIR is.

The program connects as a role that owns its database and is no superuser; the bootstrap superuser
can't log in at all.
"""

import os
import pwd
import re
import shutil
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

from ephemeral.store.durable_files import sync_directory, write_private
from ephemeral.store.embedded.installation import Installation
from ephemeral.store.embedded.processes import User, hand_over, not_as_root, own_directory, run
from ephemeral.store.start_error import StartError

ROLE = "ephemeral"
DATABASE = "ephemeral"
#: It names the socket; nothing listens on the network.
PORT = 5432

_SERVER = User(60818, 60818)
_PASSWORD_FILE = "ephemeral.password"  # noqa: S105 - a name

# What the operator may tune later, in the file itself.
_TUNABLE = """
# Added by ephemeral when this directory was made: a small server of one program. Change it as you
# like; what protects people and data is given on the command line and wins over this file.
max_connections = 100
shared_buffers = 64MB
max_wal_size = 512MB
min_wal_size = 64MB
wal_level = minimal
max_wal_senders = 0
max_parallel_workers_per_gather = 0
autovacuum_naptime = 15s
timezone = 'UTC'
log_timezone = 'UTC'
"""

# Nothing that a client sent may reach the log: neither statements nor parameters, and of errors
# only those that end a connection or the server, without their details.
_FIXED = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_line_prefix": "%m [%p] ",
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_connections": "off",
    "log_disconnections": "off",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
    "log_replication_commands": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",
    "update_process_title": "off",
    "password_encryption": "scram-sha-256",
}


class Cluster:
    """The data directory at ``path``; whoever calls holds the lock of the instance."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def major(self) -> int | None:
        """The version that made it; None if there is none yet. Raises StartError."""
        try:
            if not any(self.path.iterdir()):
                return None
        except FileNotFoundError:
            return None
        try:
            return int((self.path / "PG_VERSION").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            raise StartError(f"{self.path} is damaged, or no directory of PostgreSQL's.") from None

    def user(self) -> User:
        """Who the server runs as. Raises OSError."""
        if os.geteuid() != 0:
            return User.of_this_process()
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return _SERVER
        return User(state.st_uid, state.st_gid) if state.st_uid != 0 else _SERVER

    async def make(self, installation: Installation, random: Callable[[int], bytes]) -> None:
        """Make it, durably and whole or not at all. Raises OSError, StartError."""
        staging = self.path.with_name(f"{self.path.name}.new")
        if staging.exists():
            shutil.rmtree(staging)
        staging.mkdir(mode=0o700)
        maker = _account()
        hand_over(staging, maker)
        password = urlsafe_b64encode(random(32)).decode("ascii")
        await _run(
            maker, staging, installation.initdb, "--pgdata", own_directory(staging),
            "--username", "postgres", "--auth", "reject", "--encoding", "UTF8", "--no-locale",
            "--data-checksums",
        )  # fmt: skip
        await _run(
            maker, staging, installation.postgres, "--single", "-D", own_directory(staging),
            "-c", "exit_on_error=on", "-c", "log_min_error_statement=panic",
            "-c", "log_checkpoints=off", "postgres",
            text=f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
        )  # fmt: skip
        write_private(staging / "pg_hba.conf", f"local all {ROLE} scram-sha-256\n".encode())
        write_private(staging / _PASSWORD_FILE, password.encode("ascii"))
        configuration = staging / "postgresql.conf"
        write_private(configuration, configuration.read_bytes() + _TUNABLE.encode("ascii"))
        give_away(staging, self.user())
        staging.replace(self.path)
        sync_directory(self.path.parent)

    def password(self) -> str:
        """Of the role that this program connects as. Raises StartError."""
        try:
            return (self.path / _PASSWORD_FILE).read_text(encoding="ascii")
        except (OSError, ValueError):
            raise StartError(f"{self.path} is damaged: {_PASSWORD_FILE} can't be read.") from None

    def server_arguments(self, socket_directory: Path) -> list[str]:
        """What ``postgres`` is started with, in the data directory."""
        settings = _FIXED | {"unix_socket_directories": f'"{socket_directory}"'}
        pairs = (f"{name}={value}" for name, value in settings.items())
        return ["-D", own_directory(self.path), *(part for pair in pairs for part in ("-c", pair))]

    def postmaster(self) -> tuple[int, str] | None:
        """Process id and state ("starting", "ready", ...) that the directory's server wrote."""
        try:
            lines = (self.path / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting"
        except (FileNotFoundError, ValueError, IndexError):
            return None

    def orphan(self) -> int | None:
        """A server that still runs here though its program is gone.

        The id in ``postmaster.pid`` may meanwhile be that of any process, in a container even
        most likely; PostgreSQL would then refuse to start. Such a file is removed.
        """
        written = self.postmaster()
        if written is None:
            return None
        pid = written[0]
        if _works_in(pid, self.path):
            return pid
        if _is_alive(pid):
            (self.path / "postmaster.pid").unlink(missing_ok=True)
        return None


def give_away(tree: Path, user: User) -> None:
    """Make that user the owner of everything in a tree; the top at last, as a mark of the end."""
    for directory, _, files in os.walk(tree, topdown=False):
        for name in files:
            hand_over(Path(directory, name), user)
        hand_over(Path(directory), user)


def _account() -> User:
    """Someone with an account, without which ``initdb`` doesn't work."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise StartError(
                f"The user id {os.geteuid()} has no account, and initdb needs one: "
                "set DATABASE_URL to a PostgreSQL of yours, or run as a user that has one."
            ) from None
        return User.of_this_process()
    accounts = sorted(
        (each for each in pwd.getpwall() if each.pw_uid != 0),
        key=lambda each: each.pw_name != "nobody",
    )
    if not accounts:
        raise StartError("initdb doesn't run as root, and there is no other account.")
    return User(accounts[0].pw_uid, accounts[0].pw_gid)


async def _run(user: User, directory: Path, program: Path, *arguments: str, text: str = "") -> None:
    code, output = await run(user, directory, program, *arguments, text=text)
    if code != 0:
        raise failure(directory, output)


def failure(directory: Path, output: str) -> StartError:
    """What the last words of a program of PostgreSQL's mean for the operator."""
    place = directory.parent
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return StartError(f"DATA_DIR {place} is full.")
    if "Read-only file system" in output:
        return StartError(f"DATA_DIR {place} can't be written: read-only file system.")
    if "could not run as user" in output:
        return not_as_root()
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    severe = [line for line in lines if re.search(r"FATAL:|PANIC:|error:", line)]
    words = (severe or lines or ["it said nothing"])[-1]
    words = re.sub(r"^.*?(?:FATAL|PANIC|error):\s*", "", words).rstrip(".")
    return StartError(f"The embedded PostgreSQL in {directory} doesn't start: {words}.")


def _works_in(pid: int, directory: Path) -> bool:
    """Whether a process is a server that has this as its working directory."""
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(directory)
        except OSError:
            return False
    answer = subprocess.run(  # noqa: S603 - a fixed program and a number
        ["/bin/ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip().endswith("postgres")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
