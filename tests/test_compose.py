"""compose.yaml on a real engine, exactly as it stands: `docker compose up`, and what comes of it.

The engine is Debian's Docker with Compose from requirements/engine.lock, in a network of the test's
own: no port of the machine is taken, no rule of its firewall changed, and no registry reached. What
registries would have given stands in under its name: the Dockerfile's base is a Debian made by
debootstrap, and on it stand PostgreSQL 18 and Caddy 2.10.2 of locked wheels, and Debian's Redis 7.0
(support/stand_ins/). Needs root and Debian; started by `make test-compose`.
"""

import asyncio
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from support.machines.debian_base import base_name, make_base, run, see_to_programs
from support.machines.engine import (
    Engine,
    engine,
    install_programs,
    network_beside,
    network_of_ones_own,
)
from support.people.raw_client import PATIENCE, Client, Member, Message, Room

from ephemeral.settings import Settings

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

ROOT = Path(__file__).resolve().parent.parent
STAND_INS = ROOT / "tests" / "support" / "machines" / "stand_ins"
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
STANDS_IN_FOR = {"database": "postgres", "redis": "redis", "front": "caddy"}
# What goes on; `secrets` makes them and ends.
STAYING = ("app", "database", "redis", "front")
OPEN_FILES = SERVICES["app"]["ulimits"]["nofile"]
ORIGIN = "https://localhost"


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    """A daemon that has the images which compose.yaml and the Dockerfile ask for."""
    see_to_programs(debootstrap="debootstrap", dockerd="docker.io", ip="iproute2")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        scratch = Path(folder)
        make_base(scratch / "base", "redis-server")
        programs = install_programs(scratch / "programs")
        stack.enter_context(network_of_ones_own())
        found = stack.enter_context(engine(scratch / "engine", programs / "docker-compose"))
        run("tar", "--create", "--file", scratch / "base.tar", "--directory", scratch / "base", ".")
        found.docker("import", scratch / "base.tar", base_name())
        for service, name in STANDS_IN_FOR.items():
            context = shutil.copytree(STAND_INS / name, scratch / name)
            if service == "front":
                shutil.copy(programs / "caddy", context)
            found.docker("build", "--network=none", "--tag", SERVICES[service]["image"], context)
        yield found


@pytest.fixture(scope="module")
def running(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The command of docs/deployment.md; everything is taken away in the end."""
    if not may_open(OPEN_FILES):
        # The one thing that is put in: a machine which forbids it would start nothing.
        fewer = tmp_path_factory.mktemp("fewer") / "compose.yaml"
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        fewer.write_text(json.dumps({"services": {"app": {"ulimits": {"nofile": most}}}}))
        docker.environment["COMPOSE_FILE"] = f"compose.yaml:{fewer}"
    docker.docker("compose", "up", "--build", "--detach")
    yield docker
    docker.docker("compose", "down", "--volumes")


def may_open(files: int) -> bool:
    """Whether this machine lets a process have so many."""
    return subprocess.run(["prlimit", f"--nofile={files}", "true"], check=False).returncode == 0


def container(docker: Engine, service: str) -> dict[str, Any]:
    return docker.inspect(docker.docker("compose", "ps", "--all", "--quiet", service))


def inside(docker: Engine, service: str, command: str) -> str:
    """What a shell prints in the container of a service; it has to succeed."""
    return docker.docker("compose", "exec", "-T", service, "sh", "-euc", command)


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


@pytest.fixture
def trusting(running: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Trusts the authority that the front has made for localhost, as its operator may."""
    authority = tmp_path / "root.crt"
    authority.write_text(inside(running, "front", "cat /data/caddy/pki/authorities/local/root.crt"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    return ssl.create_default_context(cafile=authority)


def visitor(trusting: ssl.SSLContext, origin: str = ORIGIN) -> Client:
    client = Client(origin, f"wss{origin.removeprefix('https')}/room/socket")
    client.api = httpx.AsyncClient(
        base_url=origin, verify=trusting, timeout=PATIENCE, trust_env=False
    )
    return client


async def talk(author: Member, reader: Member) -> None:
    """A message goes from one to the other over sockets and is destroyed."""
    message = Message(65_536)
    async with author.line() as line, reader.line() as other:
        assert (await line.ask("post", **message.post))["type"] == "ok"
        assert (await other.event("notice"))["id"] == message.id
        assert (await other.ask("open", id=message.id))["envelope"] == message.envelope
        await other.ask("ack", id=message.id, viewing=message.viewing)
        assert (await line.event("destroyed"))["state"] == "viewed"


def test_everything_is_up_and_what_made_the_secrets_has_ended(running: Engine):
    for service in STAYING:
        state = container(running, service)["State"]
        assert state["Running"], service
        assert state.get("Health", {"Status": "healthy"})["Status"] == "healthy", service
    state = container(running, "secrets")["State"]
    assert (state["Running"], state["ExitCode"]) == (False, 0)


async def test_two_members_talk_through_the_front_over_tls(
    running: Engine, trusting: ssl.SSLContext
):
    async with visitor(trusting) as client:
        page = await client.api.get("/")
        assert page.status_code == 200
        assert "strict-transport-security" in page.headers
        plain = await client.api.get("http://localhost/")
        assert (plain.status_code, plain.headers["location"]) == (308, f"{ORIGIN}/")
        room = await client.room()
        await talk(await room.member(), await room.member())


@pytest.mark.parametrize(
    ("host", "hog", "other"),
    [
        ("203.0.113.1", "203.0.113.2", "203.0.113.3"),
        ("2001:db8::1", "2001:db8:1::2", "2001:db8:2::3"),
    ],
)
async def test_every_visitor_counts_as_the_address_that_it_comes_from(
    running: Engine, trusting: ssl.SSLContext, host: str, hog: str, other: str
):
    """Whoever has made as many rooms as an address may keeps nobody else from making one."""
    width = 32 if ":" in host else 24
    addresses = [[f"{address}/{width}" for address in some] for some in ([host], [hog, other])]
    most, _ = Settings.parse({}).creates_per_address
    with network_beside(running.pid, *addresses):
        async with visitor_from(hog, host, trusting) as greedy:
            # Some are allowed again meanwhile.
            statuses = [await make_room(greedy) for _ in range(most + most // 10)]
            assert set(statuses) == {201, 429}
        async with visitor_from(other, host, trusting) as modest:
            assert await make_room(modest) == 201


class ByName(httpx.AsyncHTTPTransport):
    """Asks an address as if its name were localhost."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Host"] = request.extensions["sni_hostname"] = "localhost"
        return await super().handle_async_request(request)


def visitor_from(address: str, host: str, trusting: ssl.SSLContext) -> Client:
    origin = f"https://[{host}]" if ":" in host else f"https://{host}"
    client = visitor(trusting, origin)
    client.api = httpx.AsyncClient(
        base_url=origin,
        transport=ByName(verify=trusting, local_address=address),
        timeout=PATIENCE,
    )
    return client


async def make_room(client: Client) -> int:
    return (await Room(client.api, client.ws_url).create()).status_code


def test_nothing_can_be_reached_from_outside_but_the_front(running: Engine):
    published = {
        service: sorted(set(container(running, service)["NetworkSettings"]["Ports"] or {}))
        for service in STAYING
        if any((container(running, service)["NetworkSettings"]["Ports"] or {}).values())
    }
    assert published == {"front": ["443/tcp", "443/udp", "80/tcp"]}
    for port in (3000, 5432, 6379, 9090, 2019):
        for address in ("127.0.0.1", "::1"):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address, port), 5)
    listening = run("ss", "--no-header", "--listening", "--tcp", "--numeric").splitlines()
    assert {line.split()[3].rpartition(":")[2] for line in listening} == {"80", "443"}


def test_only_the_front_has_a_way_out(running: Engine):
    with network_beside(running.pid, ["198.51.100.1/24"], ["198.51.100.2/24"]):
        run("ip", "route", "add", "default", "via", "198.51.100.1")
        with socket.create_server(("198.51.100.2", 0)) as listener:
            attempt = f"import socket; socket.create_connection({listener.getsockname()!r}, 3)"
            for service in STAYING:
                done = inside(running, service, f'python3 -c "{attempt}" 2>&1 || true')
                assert (done == "") == (service == "front"), (service, done)


def test_roots_are_read_only_and_nobody_has_or_gains_a_capability(running: Engine):
    for service in STAYING:
        for path in ("/probe", "/etc/probe", "/usr/bin/probe"):
            refused = inside(running, service, f"touch {path} 2>&1 || true")
            assert "Read-only file system" in refused, (service, path)
        status = inside(running, service, "cat /proc/1/status")
        fields = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
        # The front may open ports below 1024.
        may = 1 << 10 if service == "front" else 0
        for kind in ("CapPrm", "CapEff", "CapBnd"):
            assert int(fields[kind], 16) | may == may, (service, kind)
        assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
        assert (fields["Uid"].split()[0] == "0") == (service == "front")


def test_every_container_is_limited_as_compose_says(running: Engine):
    for service in STAYING:
        limits = SERVICES[service]["deploy"]["resources"]["limits"]
        held = container(running, service)["HostConfig"]
        memory = held["Memory"] >> 20
        assert f"{memory}M" == limits["memory"].replace("1G", "1024M")
        assert held["NanoCpus"] == float(limits["cpus"]) * 1e9
        assert held["PidsLimit"] == limits["pids"]
        # And the kernel has been told; in the first or the second version of control groups.
        told = inside(
            running,
            service,
            "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max "
            "2>/dev/null || cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max",
        )
        assert told.split() == [str(held["Memory"]), str(held["PidsLimit"])]


def test_the_server_may_open_as_many_files_as_compose_says(running: Engine):
    if not may_open(OPEN_FILES):
        pytest.skip(f"THIS MACHINE FORBIDS {OPEN_FILES} OPEN FILES: the server was given fewer")
    assert inside(running, "app", "ulimit -n") == str(OPEN_FILES)


@pytest.mark.parametrize("service", STAYING)
async def test_whoever_is_killed_comes_back_by_itself_and_nothing_is_lost(
    running: Engine, trusting: ssl.SSLContext, service: str
):
    async with visitor(trusting) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        waiting = Message()
        assert (await author.post(waiting)).status_code == 201
        before = container(running, service)
        os.kill(before["State"]["Pid"], signal.SIGKILL)

        def is_back() -> bool:
            now = container(running, service)
            return now["RestartCount"] > before["RestartCount"] and now["State"]["Running"]

        wait_until(is_back)
        await until_ready(client)
        opened = await reader.open(waiting)
        assert opened.json()["envelope"] == waiting.envelope
        await talk(author, reader)


async def until_ready(client: Client) -> None:
    """Until all is there, Redis too, for whichever worker answers."""
    in_turn = 0
    async with asyncio.timeout(60):
        while in_turn < 10:
            try:
                answer = (await client.api.get("/readyz", headers={"Connection": "close"})).json()
            except (httpx.TransportError, ValueError):
                answer = {}
            in_turn = in_turn + 1 if answer.get("bus") == "ready" else 0
            await asyncio.sleep(0.1)


async def test_a_server_that_is_stopped_sends_its_members_away_and_ends_well(
    running: Engine, trusting: ssl.SSLContext
):
    async with visitor(trusting) as client:
        room = await client.room()
        members = [await room.member() for _ in range(2)]
        async with members[0].line() as one, members[1].line() as two:
            stopping = asyncio.create_task(
                asyncio.to_thread(running.docker, "compose", "stop", "app")
            )
            for line in (one, two):
                code, _ = await line.end()
                assert code == 1012
            await stopping
        state = container(running, "app")["State"]
        assert (state["Running"], state["ExitCode"], state["OOMKilled"]) == (False, 0, False)
        running.docker("compose", "up", "--detach")
        await until_ready(client)
        await talk(*members)


async def test_the_key_is_rotated_by_the_commands_of_the_document(
    running: Engine, trusting: ssl.SSLContext
):
    text = (ROOT / "docs/operations.md").read_text().partition("lies in the volume `secrets`")[2]
    commands = text.partition("```sh\n")[2].partition("```")[0]

    def key() -> str:
        return inside(running, "app", "sha256sum /secrets/*")

    old, waiting = key(), Message()
    async with visitor(trusting) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        assert (await author.post(waiting)).status_code == 201
        done = await asyncio.to_thread(
            subprocess.run, ["sh", "-euc", commands],
            cwd=ROOT, env=running.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"[1-9]\d* of them were wrapped anew\.", done.stdout), done.stdout
        await until_ready(client)
        assert len(key().splitlines()) == 1
        assert key() != old
        assert (await reader.open(waiting)).json()["envelope"] == waiting.envelope


async def test_what_waits_and_the_secrets_outlive_down_and_up(
    running: Engine, trusting: ssl.SSLContext
):
    def secrets() -> str:
        return inside(running, "app", "sha256sum /secrets/* /password/*")

    made = secrets()
    assert len(made.splitlines()) == 2
    waiting = Message()
    async with visitor(trusting) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        assert (await author.post(waiting)).status_code == 201
        # Up, though it is: what runs stays as it is.
        before = {service: container(running, service)["Id"] for service in STAYING}
        running.docker("compose", "up", "--detach")
        assert {service: container(running, service)["Id"] for service in STAYING} == before
        running.docker("compose", "stop")
        for service in STAYING:
            assert container(running, service)["State"]["ExitCode"] == 0, service
        running.docker("compose", "down")
        assert running.docker("ps", "--all", "--quiet") == ""
        running.docker("compose", "up", "--detach")
        await until_ready(client)
        assert secrets() == made
        assert (await reader.open(waiting)).json()["envelope"] == waiting.envelope
        await talk(author, reader)
