"""Behind the delivered fronts, over TLS: two members, a message, and whose address counts."""

import asyncio
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.machines.proxies import PROXIES, Certificate, Proxy, make_certificate
from support.machines.server import PYTHONPATH, Program
from support.people.raw_client import PATIENCE, Client, Message

# Clients connect from these. The last one is the proxy's own, whose word the server takes.
FIRST, SECOND, NEAR = "127.0.0.8", "127.0.0.9", "127.0.0.1"
CLAIMED = "203.0.113.5"
SITES = {
    ("nginx", ""): "ephemeral.conf",
    ("nginx", "/chat"): "ephemeral-subpath.conf",
    ("caddy", ""): "Caddyfile",
    ("caddy", "/chat"): "Caddyfile.subpath",
    ("traefik", ""): "ephemeral.yaml",
    ("traefik", "/chat"): "ephemeral-subpath.yaml",
}
# What a front writes to if something goes wrong.
LOGS = {"nginx": "error.log", "caddy": "printed", "traefik": "printed"}


def coming_from(address: str, proxy: Proxy, certificate: Certificate, base_path: str) -> Client:
    """A client at an address of its own, of which the proxy alone can tell."""
    origin = f"127.0.0.1:{proxy.https}{base_path}"
    client = Client(f"https://{origin}", f"wss://{origin}/room/socket")
    client.api = httpx.AsyncClient(
        base_url=f"https://{origin}",
        transport=httpx.AsyncHTTPTransport(
            verify=certificate.trusting, local_address=address, http2=False
        ),
        timeout=PATIENCE,
    )
    return client


@pytest.mark.parametrize(("name", "base_path"), SITES)
async def test_members_meet_their_addresses_count_and_the_proxy_writes_nothing_down(
    serve: Callable[..., Program],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    base_path: str,
):
    server = serve(
        BASE_PATH=base_path, TRUSTED_PROXIES="127.0.0.1", CREATES_PER_ADDRESS="2/86400"
    )  # fmt: skip
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    folder = tmp_path / name
    folder.mkdir()
    site = SITES[name, base_path]
    with PROXIES[name](folder, site, server.port, certificate) as proxy:
        async with (
            coming_from(FIRST, proxy, certificate, base_path) as one,
            coming_from(SECOND, proxy, certificate, base_path) as two,
            coming_from(NEAR, proxy, certificate, base_path) as near,
        ):
            # HTTP leads to HTTPS, the name without its slash to the page.
            async with httpx.AsyncClient(trust_env=False) as insecure:
                address = f"http://127.0.0.1:{proxy.http}{base_path}/canary"
                got, posted = await insecure.get(address), await insecure.post(address)
            # Traefik knows no other one for GET, of which they mean the same.
            assert got.status_code == (301 if name == "traefik" else 308)
            assert posted.status_code == 308
            for answer in (got, posted):
                assert answer.headers["location"].startswith("https://127.0.0.1")
                assert answer.headers["location"].endswith(f"{base_path}/canary")
            if base_path:
                typed = await one.api.get(f"https://127.0.0.1:{proxy.https}{base_path}")
                assert (typed.status_code, typed.headers["location"]) == (308, f"{base_path}/")
            page = await one.api.get("/", headers={"Accept-Encoding": "br"})
            assert page.status_code == 200
            assert page.headers["content-encoding"] == "br"

            room = await one.room()
            author, reader = await room.member(), await room.member()
            message = Message(65_536)
            async with author.line() as line, reader.line() as other:
                assert (await line.ask("post", **message.post))["type"] == "ok"
                assert (await other.event("notice"))["id"] == message.id
                opened = await other.ask("open", id=message.id)
                assert opened["envelope"] == message.envelope
                await other.ask("ack", id=message.id, viewing=message.viewing)
                assert (await line.event("destroyed"))["state"] == "viewed"

            # The largest part of a file passes.
            passed = await asyncio.to_thread(check_public, server, proxy, base_path)
            assert passed.returncode == 0, passed.stderr

            # The first has made one of two rooms, the others none; nobody gains by a claim.
            async def create(client: Client, **headers: str) -> int:
                client.api.headers.update(headers)
                new = type(room)(client.api, client.ws_url)
                return (await new.create()).status_code

            assert await create(one) == 201
            assert await create(one) == 429
            assert await create(one, **{"X-Forwarded-For": CLAIMED}) == 429
            assert await create(one, Forwarded=f"for={CLAIMED}") == 429
            # Nor by calling a header a matter of this connection, to be left out for the next.
            assert await create(one, Connection="X-Forwarded-For, Forwarded") == 429
            assert await create(two) == 201
            # Nor whoever shares the machine with the front, if the front passes claims on.
            assert [await create(near) for _ in range(2)] == [201, 201]
            assert await create(near, **{"X-Forwarded-For": CLAIMED}) == 429

            # What fails at the proxy is a line in most error logs.
            break_off_a_handshake(FIRST, proxy)
            server.kill()
            failed = await one.api.get("/canary?canary")
            # The other one if the front has noticed already that there is no server.
            assert failed.status_code in {502, 503}
    written = proxy.written()
    for planted in (
        "canary", FIRST, SECOND, CLAIMED, room.locator, author.token, reader.id, message.id,
        message.envelope[:40], message.viewing,
    ):  # fmt: skip
        assert planted not in written, planted
    # There is a log of errors which would have been written to.
    assert (folder / LOGS[name]).exists()


async def test_a_front_that_stops_parts_of_files_is_told_from_outside(
    serve: Callable[..., Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    server = serve(TRUSTED_PROXIES="127.0.0.1")
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    site = SITES["nginx", ""]
    with PROXIES["nginx"](tmp_path, site, server.port, certificate, objects="2m") as proxy:
        said = await asyncio.to_thread(check_public, server, proxy, "")
        assert said.returncode == 1
        assert "lets 2048 KiB pass, but not 8389136 bytes (status 413" in said.stderr
        assert "client_max_body_size 9m" in said.stderr
        said = await asyncio.to_thread(check_public, server, proxy, "/elsewhere")
        assert "Nothing can be stored through" in said.stderr
    objects = Path(server.environment["DATA_DIR"]) / "objects"
    assert [path for path in objects.rglob("probe") if path.is_dir()] == []


def check_public(server: Program, proxy: Proxy, base_path: str) -> subprocess.CompletedProcess[str]:
    """`ephemeral check --public`, as it is run beside the server."""
    address = f"https://127.0.0.1:{proxy.https}{base_path}"
    return subprocess.run(
        [sys.executable, "-m", "ephemeral", "check", "--public", address],
        env={"PYTHONPATH": PYTHONPATH, **os.environ, **server.environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def break_off_a_handshake(address: str, proxy: Proxy) -> None:
    """Half a greeting of TLS, and a reset: an error of the connection, which names both ends."""
    with socket.create_connection(("127.0.0.1", proxy.https), PATIENCE, (address, 0)) as broken:
        broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        broken.sendall(bytes.fromhex("1603010200010001fc0303"))


@pytest.mark.parametrize("base_path", ["", pytest.param("/chat", marks=pytest.mark.release)])
async def test_traefik_sends_nobody_to_a_server_that_is_not_ready(
    serve: Callable[..., Program], tmp_path: Path, base_path: str
):
    server = serve(BASE_PATH=base_path, TRUSTED_PROXIES="127.0.0.1", DRAIN_SECONDS=500)
    certificate = make_certificate(tmp_path)
    site = SITES["traefik", base_path]
    with PROXIES["traefik"](tmp_path, site, server.port, certificate) as proxy:
        async with (
            coming_from(FIRST, proxy, certificate, base_path) as client,
            httpx.AsyncClient(trust_env=False) as direct,
        ):
            server.signal(signal.SIGTERM)
            await until(client, 503)
            # It would answer still.
            assert (await direct.get(f"{server.url}/")).status_code == 200
            server.kill()
            server.start()
            await until(client, 200)
    server.kill()


async def until(client: Client, status: int) -> None:
    """Ask for the page until the answer has this status."""
    async with asyncio.timeout(PATIENCE):
        while (await client.api.get("/")).status_code != status:  # noqa: ASYNC110 - elsewhere
            await asyncio.sleep(0.1)


async def test_traefik_waits_for_no_request_for_ever_and_keeps_a_quiet_socket(
    serve: Callable[..., Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    server = serve(TRUSTED_PROXIES="127.0.0.1")
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    site = SITES["traefik", ""]
    with PROXIES["traefik"](tmp_path, site, server.port, certificate, patience=1) as proxy:
        async with coming_from(FIRST, proxy, certificate, "") as client:
            room = await client.room()
            member = await room.member()
            async with member.line() as line:
                # Both are opened after the socket, and closed by the front.
                await closed(proxy, None, b"")
                await closed(proxy, certificate.trusting, b"GET / HTTP/1.1\r\nHost: 127.0")
                assert (await line.ask("ping"))["type"] == "ok"


async def closed(proxy: Proxy, tls: ssl.SSLContext | None, begun: bytes) -> None:
    """Begin so, over TLS or not even that, and wait until the front closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.https, ssl=tls)
    writer.write(begun)
    async with asyncio.timeout(PATIENCE):
        await reader.read()
    writer.close()
    await writer.wait_closed()
