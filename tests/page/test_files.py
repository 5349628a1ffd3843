"""The page's files: what is served under which address, in which form, and nothing else."""

import asyncio
import gzip
import json
import posixpath
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import brotli
import httpx
import pytest
from starlette.requests import Request
from support.machines.server import Program
from support.people.raw_client import Client

from ephemeral.page.files import StaticFiles
from ephemeral.page.languages import read_catalogues
from ephemeral.protocol.errors import Refusal
from ephemeral.store.start_error import StartError

WEB = Path(__file__).resolve().parents[2] / "web"
STATIC = WEB / "static"

DECODE = {b"": bytes, b"gzip": gzip.decompress, b"br": brotli.decompress}


async def raw(program: Program, path: str, *lines: str) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Status line, headers and body of an answer from the wire: a client would tidy the path, and
    unpack what it asked for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
    asked = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""]
    writer.write("\r\n".join(asked).encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status, *headers = head.split(b"\r\n")
    return status, dict(line.split(b": ", 1) for line in headers), body


async def loaded(client: Client) -> dict[str, str]:
    """The addresses of what the page loads, by what they were made of."""
    found = re.findall(r'"(/static/[^"]+)"', (await client.api.get("/")).text)
    return {re.sub(r"\.[0-9a-f]{16}\.", ".", address): address for address in found}


# Sources


def served_files() -> list[str]:
    return sorted(
        path.relative_to(STATIC).as_posix()
        for path in STATIC.rglob("*")
        if path.is_file() and path.suffix
    )


async def test_every_source_is_served_as_it_is_with_its_type(client: Client):
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


async def test_a_source_that_has_not_changed_is_not_sent_again(client: Client):
    path = "/static/js/protocol/words.js"
    first = await client.api.get(path)
    etag = first.headers["etag"]
    # Weak: the same tag stands for every compressed form of it.
    assert etag.startswith('W/"')
    for given in (etag, etag.removeprefix("W/"), f'"other", {etag}'):
        again = await client.api.get(path, headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    changed = await client.api.get(path, headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


# Headers: on HTTP/1.1 each of them is sent in full with each file, so only what means something


async def test_files_say_what_concerns_files(client: Client):
    addresses = await loaded(client)
    for path in (*addresses.values(), "/static/js/pages/main.js", "/static/css/base.css"):
        response = await client.api.get(path)
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
        documents = {
            "permissions-policy", "referrer-policy",
            "cross-origin-opener-policy", "cross-origin-embedder-policy",
        }  # fmt: skip
        assert not documents & set(response.headers), path
        drawing = path.endswith(".svg")
        policy = response.headers.get("content-security-policy")
        assert policy == ("default-src 'none'; frame-ancestors 'none'" if drawing else None), path
        head = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
        assert len(head) < 400, path


async def test_only_the_worker_that_derives_keys_may_compile_webassembly(client: Client):
    home = await client.api.get((await loaded(client))["/static/home.js"])
    [derive] = re.findall(r"(?<=/)derive-worker\.[0-9a-f]{16}\.js", home.text)
    for path in ("/static/js/device/derive-worker.js", f"/static/{derive}"):
        response = await client.api.get(path)
        assert response.status_code == 200
        assert response.headers["content-security-policy"] == (
            "default-src 'none'; frame-ancestors 'none'; script-src 'self' 'wasm-unsafe-eval'; "
            "require-trusted-types-for 'script'"
        )
        # Without it a page under `require-corp` may not start it.
        assert response.headers["cross-origin-embedder-policy"] == "require-corp"
    other = await client.api.get("/static/js/device/hpke-worker.js")
    assert "script-src 'self';" in other.headers["content-security-policy"]
    assert other.headers["cross-origin-embedder-policy"] == "require-corp"


# Forms


async def test_every_form_of_every_file_unpacks_to_the_same_bytes(
    client: Client, shared_server: Program
):
    for path in ("/", "/nothing", *(await loaded(client)).values(), "/static/js/ui/el.js"):
        _, _, plain = await raw(shared_server, path, "Accept: text/html")
        assert plain
        for accepted in ("br", "gzip", "gzip, br", "br;q=0, gzip", "br;q=0, gzip;q=0", "*;q=0"):
            status, headers, body = await raw(
                shared_server, path, "Accept: text/html", f"Accept-Encoding: {accepted}"
            )
            assert status.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 404 "))
            coding = headers.get(b"content-encoding", b"")
            assert DECODE[coding](body) == plain, (path, accepted)
            assert int(headers[b"content-length"]) == len(body)
            assert "q=0" not in accepted or coding != b"br"
            if not path.endswith(".png"):
                assert b"accept-encoding" in headers[b"vary"]


async def test_what_weighs_most_comes_packed(client: Client, shared_server: Program):
    addresses = await loaded(client)
    for name in ("home.js", "room.js", "page.css", "catalogue/en.json"):
        path = addresses[f"/static/{name}"]
        _, _, plain = await raw(shared_server, path)
        _, headers, body = await raw(shared_server, path, "Accept-Encoding: gzip")
        assert headers[b"content-encoding"] == b"gzip"
        assert len(body) < 0.5 * len(plain)


# Addresses that tell the content


async def test_the_address_of_yesterdays_file_is_the_address_of_nothing(client: Client):
    address = (await loaded(client))["/static/home.js"]
    old = re.sub(r"\.[0-9a-f]{16}\.", ".0123456789abcdef.", address)
    response = await client.api.get(old)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"
    assert response.headers["cache-control"] == "no-store"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the page is made of, for changing it."""
    web = tmp_path / "web"
    for name in ("static", "bundles"):
        shutil.copytree(WEB / name, web / name)
    return web


def addresses(web: Path) -> dict[str, str]:
    names = [
        "home.js", "page.css", "icons/icon.svg", "icons/icon-192.png", "manifest.webmanifest",
        "catalogue/en.json",
    ]  # fmt: skip
    files = StaticFiles(web, read_catalogues(WEB / "catalogue"))
    return {name: files.address(name) for name in names}


def test_a_checkout_without_a_bundle_says_so_in_a_sentence(copy: Path):
    (copy / "bundles" / "room.js").unlink()
    with pytest.raises(StartError, match=r"^web/bundles lacks room\.js: run `make page`\.$"):
        StaticFiles(copy, {})


@pytest.mark.parametrize(
    ("changed", "affected"),
    [
        ("bundles/home.js", {"home.js"}),
        ("static/icons/icon.svg", {"icons/icon.svg", "manifest.webmanifest"}),
        # What the page loads are bundles; how these follow the sources is `make page`'s.
        ("static/js/ui/el.js", set()),
    ],
)
def test_a_changed_file_has_another_address_and_so_has_what_depends_on_it(
    copy: Path, changed: str, affected: set[str]
):
    before = addresses(copy)
    assert addresses(copy) == before
    with (copy / changed).open("a") as file:
        file.write("\n")
    after = addresses(copy)
    assert {name for name, address in after.items() if address != before[name]} == affected


async def test_the_manifest_names_icons_that_exist_also_below_a_path(
    serve: Callable[..., Program],
):
    program = serve(BASE_PATH="/chat")
    async with httpx.AsyncClient(trust_env=False, base_url=program.url) as api:
        text = (await api.get("/")).text
        [path] = re.findall(r'rel="manifest" href="([^"]+)"', text)
        assert path.startswith("/chat/static/")
        origin = program.url.removesuffix("/chat")
        manifest = (await api.get(origin + path)).json()
        assert posixpath.normpath(f"{posixpath.dirname(path)}/{manifest['start_url']}") == "/chat"
        assert len(manifest["icons"]) > 2
        for icon in manifest["icons"]:
            found = await api.get(f"{origin}{posixpath.dirname(path)}/{icon['src']}")
            assert found.status_code == 200
            assert found.headers["content-type"] == icon["type"]
            assert "immutable" in found.headers["cache-control"]
        held = re.search(r'<template id="languages">(.*?)</template>', text)
        assert held is not None
        for language in json.loads(held[1]).values():
            assert (await api.get(origin + language["catalogue"])).status_code == 200


# Nothing else


def test_a_link_that_leads_out_of_the_files_is_not_followed(copy: Path, tmp_path: Path):
    static = copy / "static"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (static / "secret.txt").symlink_to(outside / "secret.txt")
    (static / "folder").symlink_to(outside)
    (static / "inside.txt").symlink_to(static / "js" / "ui" / "el.js")
    files = StaticFiles(copy, read_catalogues(WEB / "catalogue"))
    request = Request({"type": "http", "headers": []})
    for path in ("secret.txt", "folder/secret.txt"):
        with pytest.raises(Refusal, match="not_found"):
            files.file(request, path)
    assert files.file(request, "inside.txt").status_code == 200
    # The whole folder may be one, as where a package manager puts it together.
    (tmp_path / "elsewhere").symlink_to(copy)
    found = StaticFiles(tmp_path / "elsewhere", read_catalogues(WEB / "catalogue"))
    assert found.file(request, "js/ui/el.js").status_code == 200


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
        "/static/home.js",
        "/static/room.js",
        "/static/page.css",
        "/static/catalogue/en.json",
        "/static/catalogue/../../app.py",
        "/templates/index.html",
        "/catalogue/en.json",
        "/app.py",
        "/.env",
    ],
)
async def test_no_path_reaches_anything_else(shared_server: Program, path: str):
    status, _, body = await raw(shared_server, path)
    assert status.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), status
    assert b"def " not in body
