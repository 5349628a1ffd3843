"""The page, its languages, and what every answer says to a browser."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.machines.server import Program
from support.people.raw_client import NO_TLS, Client

from ephemeral.edge.headers import integrity
from ephemeral.edge.hsts import Hsts
from ephemeral.page.pages import TRIES
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
    "media-src": "blob:",
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


@pytest.mark.parametrize("path", ["/", "/about", "/nothing", "/robots.txt"])
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
    for path in ("/", "/about", "/nothing"):
        text = (await page(client, path=path)).text
        loading = re.findall(
            r'<(?:script\b[^>]*\bsrc=|link rel="(?:stylesheet|modulepreload)")[^>]*>', text
        )
        assert len(loading) == {"/": 4, "/about": 2}.get(path, 1)
        for tag in loading:
            address = re.search(r'(?:src|href)="([^"]+)"', tag)[1]
            served = await client.api.get(address)
            assert f'integrity="{integrity(served.content)}"' in tag
    [held] = re.findall(r'<script type="importmap">(.*?)</script>', (await page(client)).text)
    imported = json.loads(held)["integrity"]
    # What is imported later is named as often as it is asked for, each time under another address.
    loading = (WEB / "static" / "js" / "pages" / "loading.js").read_text("utf-8")
    [tries] = re.findall(r"^const TRIES = (\d+);$", loading, re.MULTILINE)
    for name in ("room", "later", "attachments"):
        assert len([one for one in imported if f"/{name}." in one]) == int(tries) == TRIES
    assert len(imported) == 3 * TRIES
    for address, named in imported.items():
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
    said = Hsts(Settings.parse({"HSTS_SECONDS": "0"}))(scope)
    assert said == [(b"strict-transport-security", b"max-age=0")]


async def test_nobody_but_a_trusted_proxy_is_believed_that_a_page_came_by_tls(client: Client):
    for path in DOCUMENTS:
        assert await said_of_tls(client.api, path, **HTTPS) is None


@pytest.mark.parametrize("path", ["/config", "/openapi.json", "/nothing", "/room", "/healthz"])
async def test_json_loads_nothing_should_somebody_open_it(client: Client, path: str):
    """It has no document of ours around it, so what concerns documents would only be weight."""
    response = await client.api.get(path)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert policy_of(response) == NOTHING
    assert response.headers["cache-control"] == "no-store"
    assert not {"permissions-policy", *ISOLATED} & set(response.headers)


# The page


async def test_the_page_is_not_stored_and_names_only_files_that_exist_and_never_change(
    client: Client,
):
    response = await client.api.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    links = re.findall(r'(?:href|src)="([^"?]+)"', response.text)
    links += re.findall(r'"catalogue":"([^"]+)"', response.text)
    assert len(links) > 7
    for link in links:
        assert re.fullmatch(r"/static/[a-z0-9/-]+\.[0-9a-f]{16}\.[a-z]+", link), link
        found = await client.api.get(link)
        assert found.status_code == 200, link
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/", "/about", "/nothing"])
async def test_the_page_speaks_the_visitors_language(client: Client, path: str):
    for code in LANGUAGES:
        words = catalogue(code)
        for response in (
            await page(client, f"{code}-XX, xx;q=0.9", path),
            await page(client, "en, de, ar", f"{path}?lang={code}"),
        ):
            html = re.search(r"<html[^>]*>", response.text)
            assert html is not None
            assert f'lang="{code}" dir="{words["language.direction"]}"' in html[0]
            assert response.headers["vary"] == "accept-encoding, accept-language"
        key = {"/": "noscript.title", "/about": "about.limits", "/nothing": "error.404"}[path]
        expected = words[key]
        assert expected in response.text


@pytest.mark.parametrize("asked", ["", "xx", "EN", "../en", "en%00", "%ff", "en&lang="])
async def test_a_language_that_there_is_not_is_not_asked_for(client: Client, asked: str):
    response = await page(client, path=f"/?lang={asked}")
    assert response.status_code == 200
    assert '<html lang="en" dir="ltr"' in response.text


async def test_the_page_holds_its_catalogue_and_the_addresses_of_the_others(client: Client):
    text = (await page(client)).text
    held = re.search(r'<template id="languages">(.*?)</template>', text)
    assert held is not None
    languages = json.loads(held[1])
    assert set(languages) == LANGUAGES
    for code, one in languages.items():
        found = await client.api.get(one["catalogue"])
        assert found.headers["content-type"] == "application/json"
        # What only the page of accounts says isn't loaded here.
        elsewhere = ("account.", "conversations.")
        of_rooms = {
            key: said for key, said in catalogue(code).items() if not key.startswith(elsewhere)
        }
        assert found.json().items() >= of_rooms.items()
        assert one["name"] == catalogue(code)["language.name"]


async def test_the_page_says_before_and_without_scripts_what_it_is_and_why_it_needs_them(
    client: Client,
):
    words = catalogue("en")
    text = (await page(client)).text
    main = text[text.index('<main id="app"') : text.index("</main>")]
    assert words["arriving.promise"].partition("{")[0] in main
    noscript = main[main.index("<noscript>") : main.index("</noscript>")]
    assert words["noscript.title"] in noscript
    assert words["noscript.text"] in noscript


# Who runs it


async def test_the_page_that_says_who_runs_an_instance_says_so_if_that_is_not_stated(
    client: Client,
):
    text = (await page(client, path="/about")).text
    assert catalogue("en")["about.operator_unknown"] in text
    assert catalogue("en")["about.source"] not in text
    # The first page leads there.
    assert '<a href="about?lang=en">' in (await page(client)).text


async def test_who_runs_an_instance_is_shown_as_text_and_on_no_page_with_a_program(
    serve: Callable[..., Program],
):
    program = serve(
        OPERATOR_NAME="<b>Ada & Bo</b>",
        OPERATOR_URL="https://ada.example/?a='b'&c",
        SOURCE_URL="http://source.example/",
    )
    async with httpx.AsyncClient(trust_env=False) as api:
        text = (await api.get(f"{program.url}/about")).text
        assert "<bdi>&lt;b&gt;Ada &amp; Bo&lt;/b&gt;</bdi>" in text
        assert 'href="https://ada.example/?a=&#39;b&#39;&amp;c" rel="noopener noreferrer"' in text
        assert 'href="http://source.example/"' in text
        assert "<script" not in text
        # What has a program is the same everywhere, so that it can be compared with a release.
        assert "Ada" not in (await api.get(f"{program.url}/")).text


async def test_robots_are_sent_away_and_probes_are_answered(client: Client):
    robots = await client.api.get("/robots.txt")
    assert robots.text == "User-agent: *\nDisallow: /\n"
    assert robots.headers["content-type"].startswith("text/plain")
    assert (await client.api.get("/healthz")).json() == {"status": "alive"}
    assert (await client.api.get("/readyz")).json() == {
        "status": "ready",
        "database": "ready",
        "keys": "ready",
        "bus": "ready",
    }
    icon = await client.api.get("/favicon.ico")
    assert icon.headers["content-type"] == "image/svg+xml"
    assert policy_of(icon) == NOTHING


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
