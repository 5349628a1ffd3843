"""The page and its files: right types and headers, nothing but what is meant to be served."""

import asyncio
import gzip
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.raw_client import Client
from support.server import Program

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "web" / "static"

COMMON = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "ephemeral",
}


def policy_of(response) -> dict[str, str]:
    directives = response.headers["content-security-policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


@pytest.mark.parametrize(
    "path", ["/", "/config", "/openapi.json", "/nothing", "/room", "/static/css/base.css"]
)
async def test_every_answer_has_the_security_headers(client: Client, path: str):
    response = await client.api.get(path)
    assert {name: response.headers[name] for name in COMMON} == COMMON
    assert policy_of(response) == POLICY
    assert "camera=()" in response.headers["permissions-policy"]
    assert "server" not in response.headers
    assert "set-cookie" not in response.headers
    assert not any(name.startswith("access-control") for name in response.headers)


async def test_only_the_worker_that_derives_keys_may_compile_webassembly(client: Client):
    response = await client.api.get("/static/js/device/derive-worker.js")
    assert response.status_code == 200
    assert policy_of(response) == POLICY | {"script-src": "'self' 'wasm-unsafe-eval'"}


async def test_the_page_is_not_stored_and_names_only_files_that_exist(client: Client):
    response = await client.api.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    links = re.findall(r'(?:href|src)="([^"]+)"', response.text)
    assert links
    for link in links:
        assert link.startswith("/static/"), link
        assert (await client.api.get(link)).status_code == 200, link


def served_files() -> list[str]:
    return sorted(
        path.relative_to(STATIC).as_posix()
        for path in STATIC.rglob("*")
        if path.is_file() and path.suffix
    )


async def test_every_file_of_the_page_is_served_as_it_is_with_its_type(client: Client):
    types = {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".webmanifest": "application/manifest+json",
    }
    files = served_files()
    assert len(files) > 20
    for name in files:
        response = await client.api.get(f"/static/{name}")
        assert response.status_code == 200, name
        assert response.content == (STATIC / name).read_bytes(), name
        assert response.headers["content-type"] == types[Path(name).suffix]
        assert response.headers["cache-control"] == "no-cache"


async def test_a_file_that_has_not_changed_is_not_sent_again(client: Client):
    path = "/static/js/protocol/words.js"
    first = await client.api.get(path)
    etag = first.headers["etag"]
    for given in (etag, f"W/{etag}", f'"other", {etag}'):
        again = await client.api.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    changed = await client.api.get(path, headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_a_browser_that_takes_gzip_gets_it(shared_server: Program):
    """Read from the wire, since a client unpacks what it asked for."""
    plain = (STATIC / "js/protocol/words.js").read_bytes()
    for accepted, packed in (("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False)):
        reader, writer = await asyncio.open_connection("127.0.0.1", shared_server.port)
        writer.write(
            b"GET /static/js/protocol/words.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            + f"Accept-Encoding: {accepted}\r\n\r\n".encode()
        )
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        assert (b"content-encoding: gzip" in head) is packed
        assert (gzip.decompress(body) if packed else body) == plain


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/js",
        "/static/js/",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/%2e%2e/app.py",
        "/static/js/../../../app.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/js/pages/main.js/",
        "/static/js/pages/main.js%00",
        "/static/js\\pages\\main.js",
        "/static/JS/pages/main.js",
        "/static/./js/pages/main.js",
        "/static/vendor/hash-wasm/LICENSE/../argon2.js",
        "/templates/index.html",
        "/catalogue/en.json",
        "/app.py",
        "/.env",
    ],
)
async def test_no_path_reaches_anything_else(shared_server: Program, path: str):
    """Sent as it stands: a client would tidy it first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", shared_server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    said = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert said.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), said[:200]
    assert b"def " not in said


async def test_robots_are_sent_away_and_probes_are_answered(client: Client):
    robots = await client.api.get("/robots.txt")
    assert robots.text == "User-agent: *\nDisallow: /\n"
    assert robots.headers["content-type"].startswith("text/plain")
    assert (await client.api.get("/healthz")).json() == {"status": "alive"}
    assert (await client.api.get("/readyz")).json() == {"status": "ready"}
    icon = await client.api.get("/favicon.ico")
    assert icon.headers["content-type"] == "image/svg+xml"


async def test_a_stale_link_leads_to_a_page(client: Client):
    response = await client.api.get("/nothing", headers={"Accept": "text/html,*/*"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert '<a class="button primary" href="/">' in response.text


async def test_a_sub_path_without_its_slash_leads_to_the_page(serve: Callable[..., Program]):
    program = serve(BASE_PATH="/chat")
    async with httpx.AsyncClient(trust_env=False) as api:
        origin = program.url.removesuffix("/chat")
        sent_on = await api.get(f"{origin}/chat")
        assert (sent_on.status_code, sent_on.headers["location"]) == (308, "/chat/")
        assert (await api.get(f"{origin}/chat/")).status_code == 200
        assert (await api.get(f"{origin}/chats")).status_code == 404
