"""`ACCOUNTS`: what is there when accounts are on, by invitation, or off; rooms are as ever."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.machines.server import Program
from support.people.account_client import AccountClient
from support.people.raw_client import Client

from ephemeral.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
OF_ACCOUNTS = ("ephemeral.accounts", "ephemeral.conversations", "ephemeral.files", "joserfc")
SOME = ("/auth/me", "/auth/sessions", "/.well-known/jwks.json", "/devices", "/account/record")


def loaded_by(accounts: str) -> set[str]:
    """The modules of wings that a start loads with this setting."""
    program = (
        "import sys, app; from ephemeral import wings; from ephemeral.settings import Settings;"
        f"wings.wings_of(Settings.parse({{'ACCOUNTS': {accounts!r}}}));"
        f"print(*[one for one in sys.modules if one.startswith({OF_ACCOUNTS!r})])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(ran.stdout.split())


def test_what_is_switched_off_is_not_even_loaded():
    assert loaded_by("false") == set()
    assert "ephemeral.accounts.wing" in loaded_by("invited"), "as it would be"


@pytest.mark.parametrize("accounts", ["false", "invited", "true"])
async def test_the_rooms_are_as_ever(serve: Callable[..., Program], accounts: str):
    server = serve(ACCOUNTS=accounts)
    async with Client(server.url, server.ws_url) as client:
        member = await (await client.room()).member()
        record = await member.http("GET", "/room/record")
        assert record.status_code == 200
        assert "accounts" not in record.text
        told = (await client.api.get("/config")).json()
        mode = told.get("accounts", {}).get("mode")
        assert mode == {"false": None, "invited": "invited", "true": "open"}[accounts]
        for path in SOME:
            answer = await client.api.get(path)
            assert (answer.status_code == 404) is (accounts == "false"), path
        contract = (await client.api.get("/openapi.json")).json()["paths"].keys()
        assert ("/auth/me" in contract) is (accounts != "false")


def test_an_invitation_is_the_operators_to_make(serve: Callable[..., Program]):
    server = serve(ACCOUNTS="invited")
    made = ephemeral(server, "account", "invite")
    assert made.returncode == 0, made.stderr
    invitation = made.stdout.strip()
    body = {"address": "anna.12345", "auth_key": "A" * 43, "invitation": invitation}
    with httpx.Client(base_url=server.url, trust_env=False) as api:
        assert api.post("/auth/register", json=body).status_code == 201
        again = api.post("/auth/register", json={**body, "address": "bert.12345"})
        assert again.json()["error"]["code"] == "invitation_unknown"
    server.forbid(invitation)


def test_nobody_is_invited_to_what_is_not_there(serve: Callable[..., Program]):
    off = ephemeral(serve(ACCOUNTS="false"), "account", "invite")
    assert (off.returncode, off.stdout) == (1, "")
    assert off.stderr == "ACCOUNTS is false: there is nothing to invite anybody to.\n"


def ephemeral(server: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    """An operator's command beside a running server, with its settings."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **server.environment}
    return subprocess.run(
        [sys.executable, "-m", "ephemeral", *arguments],
        cwd=server.folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_setting_takes_three_words():
    for word in ("true", "false", "invited"):
        assert Settings.parse({"ACCOUNTS": word}).accounts == word


@pytest.mark.parametrize("form", ["text", "json"])
async def test_nothing_that_names_anybody_is_printed(serve: Callable[..., Program], form: str):
    server = serve(LOG_LEVEL="debug", LOG_FORMAT=form, TRUSTED_PROXIES="127.0.0.1")
    origin = {"X-Forwarded-For": "203.0.113.77"}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, headers=origin) as api:
        one = await AccountClient(api).linked()
        said = [one.tokens["access_token"], one.tokens["refresh_token"]]
        await one.log_in(as_device=True, cookie=True)
        one.auth_key, key = "A" * 43, one.auth_key
        assert (await one.log_in()).status_code == 401
        broken = {"address": one.address, "auth_key": key, "surplus": 1}
        assert (await api.post("/auth/register", json=broken)).status_code == 400
        assert (await api.post("/auth/login", content=one.address.encode())).status_code == 415
        address = one.address
        server.forbid(
            address, address.partition(".")[0], key, *said, one.tokens["account"], one.device,
            "203.0.113.77", one.tokens["sid"],
        )  # fmt: skip
    server.stop()
    server.verify()
