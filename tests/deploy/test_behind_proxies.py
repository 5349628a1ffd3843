"""Behind the delivered nginx and Caddy, over TLS: two members, a message, and whose address counts.

Traefik is no package of Debian's: its files are only looked at, in test_deploy_files.py.
"""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.proxies import PROXIES, Certificate, Proxy, make_certificate
from support.raw_client import PATIENCE, Client, Message
from support.server import Program

# Clients connect from these, the proxy from 127.0.0.1.
FIRST, SECOND = "127.0.0.8", "127.0.0.9"
CLAIMED = "203.0.113.5"
SITES = {
    ("nginx", ""): "ephemeral.conf",
    ("nginx", "/chat"): "ephemeral-subpath.conf",
    ("caddy", ""): "Caddyfile",
    ("caddy", "/chat"): "Caddyfile.subpath",
}


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
        ):
            # HTTP leads to HTTPS, the name without its slash to the page.
            async with httpx.AsyncClient(trust_env=False) as insecure:
                plain = await insecure.get(f"http://127.0.0.1:{proxy.http}{base_path}/canary")
            assert plain.status_code == 308
            assert plain.headers["location"].startswith("https://127.0.0.1")
            assert plain.headers["location"].endswith(f"{base_path}/canary")
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

            # The first has made one of two rooms, the second none; nobody gains by a claim.
            async def create(client: Client, **headers: str) -> int:
                client.api.headers.update(headers)
                new = type(room)(client.api, client.ws_url)
                return (await new.create()).status_code

            assert await create(one) == 201
            assert await create(one) == 429
            assert await create(one, **{"X-Forwarded-For": CLAIMED}) == 429
            assert await create(one, Forwarded=f"for={CLAIMED}") == 429
            assert await create(two) == 201

            # What fails at the proxy is a line in most error logs.
            server.kill()
            failed = await one.api.get("/canary?canary")
            assert failed.status_code == 502
    written = proxy.written()
    for planted in (
        "canary", FIRST, SECOND, CLAIMED, room.locator, author.token, reader.id, message.id,
        message.envelope[:40], message.viewing,
    ):  # fmt: skip
        assert planted not in written, planted
    # There is a log of errors which would have been written to.
    assert (folder / ("error.log" if name == "nginx" else "printed")).exists()
