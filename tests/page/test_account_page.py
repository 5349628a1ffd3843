"""The page of accounts: a document of its own, with its own policy, where there are accounts."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
from support.machines.server import Program
from support.people.raw_client import Client

from ephemeral.edge.headers import integrity
from ephemeral.page.languages import of_accounts, read_catalogues
from ephemeral.page.pages import TRIES

WEB = Path(__file__).resolve().parents[2] / "web"
HTML = {"Accept": "text/html"}


def catalogue(code: str) -> dict[str, str]:
    read: dict[str, str] = json.loads((WEB / "catalogue" / f"{code}.json").read_text("utf-8"))
    return read


def held(text: str, template: str) -> dict[str, str]:
    found = re.search(rf'<template id="{template}">(.*?)</template>', text)
    assert found is not None
    read: dict[str, str] = json.loads(found[1].replace("&#39;", "'"))
    return read


# What it says to a browser


async def test_it_has_a_policy_of_its_own_and_may_look_through_the_camera(client: Client):
    response = await client.api.get("/account/", headers=HTML)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    policy = dict(
        one.split(" ", 1) for one in response.headers["content-security-policy"].split("; ")
    )
    assert policy["connect-src"] == policy["worker-src"] == policy["style-src"] == "'self'"
    assert policy["default-src"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/]{43}='", policy["script-src"])
    assert response.headers["integrity-policy"] == "blocked-destinations=(script)"
    permissions = response.headers["permissions-policy"].split(", ")
    assert [one for one in permissions if not one.endswith("=()")] == [
        "autoplay=(self)", "camera=(self)", "fullscreen=(self)", "picture-in-picture=(self)",
        "screen-wake-lock=(self)",
    ]  # fmt: skip
    # The page of rooms has another program, and allows itself nothing.
    rooms = await client.api.get("/", headers=HTML)
    assert "camera=()" in rooms.headers["permissions-policy"]
    assert rooms.headers["content-security-policy"] != response.headers["content-security-policy"]


async def test_what_it_imports_is_named_with_its_integrity(client: Client):
    text = (await client.api.get("/account/", headers=HTML)).text
    [named] = re.findall(r'<script type="importmap">(.*?)</script>', text)
    imported = json.loads(named)["integrity"]
    assert len(imported) == 7 * TRIES
    for address, digest in imported.items():
        served = await client.api.get(address.removeprefix(".."))
        assert digest == integrity(served.content)
    for name in ("inside", "later", "identity", "push", "conversations", "hpke"):
        [address] = re.findall(rf'data-{name}="([^"]+)"', text)
        assert f"..{address}" in imported


async def test_its_service_worker_is_asked_for_again_and_fetches_nothing(client: Client):
    served = await client.api.get("/account/sw.js")
    assert served.status_code == 200
    assert served.headers["content-type"] == "text/javascript; charset=utf-8"
    assert served.headers["cache-control"] == "no-cache"
    assert served.headers["cross-origin-embedder-policy"] == "require-corp"
    policy = served.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy
    assert served.text == (WEB / "bundles" / "account-sw.js").read_text("utf-8")
    again = await client.api.get(
        "/account/sw.js", headers={"If-None-Match": served.headers["etag"]}
    )
    assert again.status_code == 304


async def test_nothing_of_the_rooms_program_is_in_it_and_nothing_of_it_in_the_rooms_page(
    client: Client,
):
    account = (await client.api.get("/account/", headers=HTML)).text
    rooms = (await client.api.get("/", headers=HTML)).text
    assert not re.search(r"/static/(?:home|room|later|late)\.", account)
    assert not re.search(r"/static/(?:account|hpke)", rooms)
    theirs = ("account.", "conversations.")
    assert not any(key.startswith(theirs) for key in held(rooms, "catalogue"))
    for code, one in held(rooms, "languages").items():
        found = (await client.api.get(one["catalogue"])).json()  # type: ignore[index]
        assert not any(key.startswith(theirs) for key in found), code


async def test_it_speaks_every_language_and_names_where_all_its_sentences_are(client: Client):
    for code in (path.stem for path in (WEB / "catalogue").glob("*.json")):
        words = catalogue(code)
        text = (await client.api.get(f"/account/?lang={code}", headers=HTML)).text
        assert f'lang="{code}" dir="{words["language.direction"]}"' in text
        assert words["account.welcome.text"] in text
        languages = held(text, "languages")
        found = (await client.api.get(languages[code]["catalogue"])).json()  # type: ignore[index]
        own = {key: said for key, said in words.items() if key.startswith("account.")}
        assert found.items() >= own.items()


# Whether it is there


async def test_the_first_page_and_the_one_that_tells_of_the_instance_lead_there(client: Client):
    home = (await client.api.get("/", headers=HTML)).text
    assert '<a href="account/?lang=en">' in home
    assert " data-account>" in home
    about = (await client.api.get("/about", headers=HTML)).text
    assert '<a href="/account/?lang=en">' in about


async def test_without_accounts_nothing_is_there_and_nothing_leads_there(
    serve: Callable[..., Program],
):
    program = serve(ACCOUNTS="false", BASE_PATH="/chat")
    async with httpx.AsyncClient(trust_env=False, headers=HTML) as api:
        assert (await api.get(f"{program.url}/account/")).status_code == 404
        for path in ("/", "/about"):
            text = (await api.get(f"{program.url}{path}")).text
            assert "account/" not in text
            assert "data-account" not in text


async def test_below_a_path_it_is_there_with_all_that_it_loads(serve: Callable[..., Program]):
    program = serve(BASE_PATH="/chat", ACCOUNTS="invited")
    async with httpx.AsyncClient(trust_env=False, headers=HTML) as api:
        text = (await api.get(f"{program.url}/account/")).text
        origin = program.url.removesuffix("/chat")
        loaded = re.findall(r'(?:src|href)="(/chat/static/[^"]+)"', text)
        assert len(loaded) > 5
        for address in loaded:
            assert (await api.get(f"{origin}{address}")).status_code == 200, address


def test_it_has_every_sentence_that_its_programs_say():
    english = read_catalogues(WEB / "catalogue")["en"]
    programs = "".join(one.read_text("utf-8") for one in (WEB / "bundles").glob("account*.js"))
    said = set(re.findall(r'["`]([a-z_]+(?:\.[a-z0-9_]+)+)["`]', programs))
    # Of some the end is put on later.
    begun = set(re.findall(r"`([a-z_.]+\.)\$\{", programs))
    needed = {
        key for key in english.sentences if key in said or any(key.startswith(one) for one in begun)
    }
    assert len(needed) > 300
    assert needed - of_accounts(english).keys() == set()
