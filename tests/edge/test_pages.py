"""The page, its languages, and what every answer says to a browser."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.raw_client import NO_TLS, Client
from support.server import Program

from ephemeral.edge.headers import integrity
from ephemeral.edge.transport import StrictTransport
from ephemeral.settings import Settings

WEB = Path(__file__).resolve().parents[2] / "web"
LANGUAGES = {path.stem for path in (WEB / "catalogue").glob("*.json")}

EVERYTHING = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
NO_REFERRER = {"referrer-policy": "no-referrer"}
ISOLATED = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
}
# A document that runs nothing.
POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "manifest-src": "'self'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
# What the page's program needs beside that.
PROGRAM = POLICY | {
    "connect-src": "'self'",
    "worker-src": "'self'",
    "trusted-types": "ephemeral",
}
NOTHING = {"default-src": "'none'", "frame-ancestors": "'none'"}
WORKER = NOTHING | {
    "script-src": "'self' 'wasm-unsafe-eval'",
    "require-trusted-types-for": "'script'",
}


def policy_of(response: httpx.Response) -> dict[str, str]:
    directives = response.headers["content-security-policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


def catalogue(code: str) -> dict[str, str]:
    return json.loads((WEB / "catalogue" / f"{code}.json").read_text("utf-8"))


async def page(client: Client, language: str | None = None, path: str = "/") -> httpx.Response:
    headers = {"Accept": "text/html"} | ({"Accept-Language": language} if language else {})
    return await client.api.get(path, headers=headers)


# Headers


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/openapi.json", "/nothing", "/room", "/robots.txt", "/static/css/base.css"],
)
async def test_every_answer_is_for_this_page_and_of_its_type_alone(client: Client, path: str):
    response = await client.api.get(path)
    assert {name: response.headers[name] for name in EVERYTHING} == EVERYTHING
    assert "server" not in response.headers
    assert "set-cookie" not in response.headers
    assert not any(name.startswith("access-control") for name in response.headers)


@pytest.mark.parametrize("path", ["/", "/nothing", "/robots.txt"])
async def test_a_document_brings_a_policy_for_everything_in_it(client: Client, path: str):
    response = await page(client, path=path)
    wanted = NO_REFERRER | ISOLATED
    assert {name: response.headers[name] for name in wanted} == wanted
    policy = policy_of(response)
    if path == "/":
        assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/]{43}='", policy.pop("script-src"))
        assert response.headers["integrity-policy"] == "blocked-destinations=(script)"
    assert policy == (PROGRAM if path == "/" else POLICY)
    assert "camera=()" in response.headers["permissions-policy"]
    assert response.headers["cache-control"] == "no-store"


async def test_only_the_import_map_stands_in_the_page_and_the_policy_names_its_hash(client: Client):
    response = await client.api.get("/")
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", response.text, re.DOTALL)
    inline = [(said, text) for said, text in scripts if text]
    assert [said for said, _ in inline] == [' type="importmap"']
    assert f"'{integrity(inline[0][1].encode())}'" in policy_of(response)["script-src"]
    # Whatever runs before it is known could not be held to it.
    assert scripts[0] == inline[0]


async def test_every_script_module_and_style_sheet_has_the_integrity_of_what_is_served(
    client: Client,
):
    for path in ("/", "/nothing"):
        text = (await page(client, path=path)).text
        loading = re.findall(
            r'<(?:script\b[^>]*\bsrc=|link rel="(?:stylesheet|modulepreload)")[^>]*>', text
        )
        assert len(loading) == (4 if path == "/" else 1)
        for tag in loading:
            address = re.search(r'(?:src|href)="([^"]+)"', tag)[1]
            served = await client.api.get(address)
            assert f'integrity="{integrity(served.content)}"' in tag
    [held] = re.findall(r'<script type="importmap">(.*?)</script>', (await page(client)).text)
    later = json.loads(held)["integrity"]
    # As often as the first file asks for it, each time under another address.
    assert len(later) == 8
    for address, named in later.items():
        served = await client.api.get(address.removeprefix("."))
        assert named == integrity(served.content)


# Coming again by TLS

HTTPS = {"X-Forwarded-Proto": "https"}
DOCUMENTS = ("/", "/nothing", "/robots.txt", "/room")


async def said_of_tls(api: httpx.AsyncClient, url: str, **headers: str) -> str | None:
    response = await api.get(url, headers={"Accept": "text/html", **headers})
    return response.headers.get("strict-transport-security")


async def test_documents_that_came_by_tls_ask_to_be_asked_for_by_tls_again(
    serve: Callable[..., Program],
):
    program = serve(TRUSTED_PROXIES="127.0.0.1", BASE_PATH="/chat")
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as api:
        for path in (*DOCUMENTS, ""):
            url = program.url + path
            assert await said_of_tls(api, url, **HTTPS) == "max-age=604800"
            assert await said_of_tls(api, url) is None
        for said in ("http", "https, http", "", "https,"):
            assert await said_of_tls(api, program.url + "/", **{"X-Forwarded-Proto": said}) is None
        for said in ("proto=https, for=x", "proto=http", "for=https"):
            assert await said_of_tls(api, program.url + "/", Forwarded=said) is None
        assert await said_of_tls(api, program.url + "/", Forwarded='for=x;proto="HTTPS"')


def test_an_operator_can_have_browsers_forget_it():
    scope = {"scheme": "https", "headers": [], "client": None}
    said = StrictTransport(Settings.parse({"HSTS_SECONDS": "0"}))(scope)
    assert said == [(b"strict-transport-security", b"max-age=0")]


async def test_nobody_but_a_trusted_proxy_is_believed_that_a_page_came_by_tls(client: Client):
    for path in DOCUMENTS:
        assert await said_of_tls(client.api, path, **HTTPS) is None
