"""Accounts and identities of a real issuer, with real keys, at the real server (OpenID Connect)."""

import os
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from support.machines.database import Server as Postgres
from support.machines.issuer import CLIENT, RealIssuer, key
from support.machines.server import Program, Serve
from support.people.account_people import AccountHolder, Machine, Refused

from ephemeral.protocol.encoding import b64encode


def refused(code: str) -> "pytest.RaisesExc[Refused]":
    return pytest.raises(Refused, check=lambda error: error.code == code)


@pytest.fixture(scope="module")
def issuer() -> Iterator[RealIssuer]:
    with RealIssuer(key("EC", "old"), key("OKP", "new"), key("RSA", "one")) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(
    postgres: Postgres, issuer: RealIssuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    starting = Serve(postgres, tmp_path_factory.mktemp("identities"))
    yield starting(OIDC_ISSUER=issuer.name, OIDC_CLIENT_ID=CLIENT)
    starting.close()


class Somebody(AccountHolder):
    """Who has an identity at the issuer as well."""

    def __init__(self, url: str, issuer: RealIssuer) -> None:
        super().__init__(url)
        self.issuer = issuer
        self.subject = secrets.token_hex(8)

    async def shown(self, make: Callable[[str], str] | None = None, **claims: Any) -> Any:
        """A token of the issuer, as a request has it."""
        begun = await self.ask(None, "POST", "/auth/oidc/nonce", {})
        nonce = begun["nonce"]
        token = make(nonce) if make else self.issuer.token(nonce, self.subject, **claims)
        return {"id_token": token, "binding": begun["binding"]}

    async def found_by_identity(self) -> Machine:
        """An account without a password, and its first device."""
        machine = Machine()
        body = await self.shown() | {"address": self.address}
        self._keep(machine, await self.ask(None, "POST", "/auth/oidc/register", body))
        signed = self.begun(machine)
        await self.ask(machine, "POST", "/devices", self.genesis_body(machine, signed))
        self.read(signed)
        await self.refresh(machine)
        return machine

    async def sign_in_by_identity(self, **claims: Any) -> Any:
        return await self.ask(None, "POST", "/auth/oidc", await self.shown(**claims))

    async def link_identity(self, machine: Machine, **claims: Any) -> None:
        body = await self.shown(**claims) | {"auth_key": b64encode(self.auth_key)}
        await self.ask(machine, "POST", "/auth/identities", body)


@pytest.fixture
async def somebody(server: Program, issuer: RealIssuer) -> AsyncIterator[Somebody]:
    async with Somebody(server.url, issuer) as opened:
        server.forbid(opened.subject, opened.address)
        yield opened


async def test_whose_tokens_are_taken_stands_in_the_configuration(
    somebody: Somebody, issuer: RealIssuer
):
    told = (await somebody.http.get("/config")).json()["accounts"]["oidc"]
    assert told == {"issuer": issuer.name, "client_id": CLIENT}


async def test_with_the_nonce_it_is_told_where_people_sign_in(
    somebody: Somebody, issuer: RealIssuer
):
    begun = await somebody.ask(None, "POST", "/auth/oidc/nonce", {})
    assert begun["sign_in_address"] == f"{issuer.name}/sign-in?tenant=one"


@pytest.mark.parametrize("kid", ["old", "new", "one"])
async def test_an_account_is_opened_by_a_linked_identity_alone(
    somebody: Somebody, issuer: RealIssuer, kid: str
):
    by = next(one for one in issuer.keys if one.kid == kid)
    machine = await somebody.found()
    with refused("identity_unknown"):
        await somebody.sign_in_by_identity(by=by)
    await somebody.link_identity(machine, by=by)
    signed_in = await somebody.sign_in_by_identity(by=by)
    assert signed_in["account"] == b64encode(somebody.account)
    assert "device" not in signed_in
    # Again is nothing new.
    await somebody.link_identity(machine)
    [listed] = (await somebody.ask(machine, "GET", "/auth/identities"))["identities"]
    body = {"auth_key": b64encode(somebody.auth_key)}
    await somebody.ask(machine, "DELETE", f"/auth/identities/{listed['id']}", body)
    with refused("identity_unknown"):
        await somebody.sign_in_by_identity()
    with refused("not_found"):
        await somebody.ask(machine, "DELETE", f"/auth/identities/{listed['id']}", body)


async def test_a_device_signs_in_as_such_by_its_proof(somebody: Somebody):
    machine = await somebody.found()
    await somebody.link_identity(machine)
    body = await somebody.shown() | {"device": b64encode(machine.id)}
    with refused("proof_wrong"):
        await somebody.ask(None, "POST", "/auth/oidc", body)
    # A refused attempt has not used the token up.
    shown = somebody.proved(machine.key, "POST", "/auth/oidc", "")
    signed_in = await somebody.ask(None, "POST", "/auth/oidc", body, Ephemeral_Proof=shown)
    assert signed_in["device"] == b64encode(machine.id)


async def test_an_account_made_by_an_identity_sets_a_password_before_one_is_asked_for(
    somebody: Somebody,
):
    """The issuer tells no `auth_time`: signing in there shows nothing here."""
    machine = await somebody.found_by_identity()
    with refused("login_wrong"):
        await somebody.sign_in()
    with refused("password_wrong"):
        await somebody.link_identity(machine, sub=secrets.token_hex(8))
    body = {"auth_key": b64encode(somebody.auth_key)}
    with refused("device_required"):
        other = Machine()
        somebody._keep(other, await somebody.sign_in_by_identity())
        await somebody.ask(other, "POST", "/auth/oidc/password", body)
    assert (await somebody.ask(machine, "GET", "/auth/identities"))["password"] is False
    await somebody.ask(machine, "POST", "/auth/oidc/password", body)
    assert (await somebody.ask(machine, "GET", "/auth/identities"))["password"] is True
    assert (await somebody.sign_in()).signed_in.device is None
    with refused("reauthentication_needed"):
        await somebody.ask(machine, "POST", "/auth/oidc/password", body)
    with refused("reauthentication_needed"):
        again = await somebody.shown() | body
        await somebody.ask(machine, "POST", "/auth/oidc/password", again)


@pytest.mark.parametrize(("ago", "is_taken"), [(0, True), (240, True), (400, False), (-100, False)])
async def test_signing_in_there_just_now_is_as_good_as_the_password(
    somebody: Somebody, ago: int, is_taken: bool
):
    machine = await somebody.found()
    await somebody.link_identity(machine)
    somebody.auth_key = os.urandom(32)
    body = await somebody.shown(auth_time=int(time.time()) - ago)
    body["auth_key"] = b64encode(somebody.auth_key)
    if not is_taken:
        with refused("reauthentication_needed"):
            await somebody.ask(machine, "POST", "/auth/oidc/password", body)
        return
    await somebody.ask(machine, "POST", "/auth/oidc/password", body)
    await somebody.sign_in()


async def test_another_identity_shows_nothing_for_this_account(somebody: Somebody):
    machine = await somebody.found()
    body = await somebody.shown(auth_time=int(time.time()))
    body["auth_key"] = b64encode(os.urandom(32))
    with refused("identity_unknown"):
        await somebody.ask(machine, "POST", "/auth/oidc/password", body)


async def test_an_identity_opens_one_account(
    somebody: Somebody, server: Program, issuer: RealIssuer
):
    await somebody.found_by_identity()
    async with Somebody(server.url, issuer) as other:
        other.subject = somebody.subject
        machine = await other.found()
        with refused("identity_taken"):
            await other.link_identity(machine)
        body = await other.shown() | {"address": "another_one.12345"}
        with refused("identity_taken"):
            await other.ask(None, "POST", "/auth/oidc/register", body)
        with refused("login_wrong"):
            await other.ask(
                None, "POST", "/auth/login",
                {"address": "another_one.12345", "auth_key": b64encode(os.urandom(32))},
            )  # fmt: skip


async def test_nothing_is_merged_by_an_e_mail_address(
    somebody: Somebody, server: Program, issuer: RealIssuer
):
    await somebody.found_by_identity()
    async with Somebody(server.url, issuer) as other:
        # With the same, verified address at the same issuer.
        with refused("identity_unknown"):
            await other.sign_in_by_identity()


async def test_an_account_links_no_more_than_five(somebody: Somebody):
    machine = await somebody.found()
    for _ in range(5):
        await somebody.link_identity(machine, sub=secrets.token_hex(8))
    with refused("identity_full"):
        await somebody.link_identity(machine, sub=secrets.token_hex(8))


async def test_recovering_unlinks_every_identity(somebody: Somebody):
    machine = await somebody.found()
    await somebody.link_identity(machine)
    await somebody.recover()
    with refused("identity_unknown"):
        await somebody.sign_in_by_identity()


async def test_a_token_counts_once(somebody: Somebody):
    machine = await somebody.found()
    await somebody.link_identity(machine)
    body = await somebody.shown()
    await somebody.ask(None, "POST", "/auth/oidc", body)
    for path, more in (
        ("/auth/oidc", {}),
        ("/auth/oidc/register", {"address": "somebody_else.12345"}),
    ):
        with refused("id_token_wrong"):
            await somebody.ask(None, "POST", path, body | more)


async def test_a_token_is_for_the_browser_that_asked(somebody: Somebody):
    machine = await somebody.found()
    await somebody.link_identity(machine)
    body, other = await somebody.shown(), await somebody.shown()
    for binding in (other["binding"], b64encode(os.urandom(32)), "", "x", None):
        with refused("id_token_wrong"):
            await somebody.ask(None, "POST", "/auth/oidc", body | {"binding": binding})


async def test_the_binding_may_stand_in_a_cookie_that_no_script_reads(somebody: Somebody):
    machine = await somebody.found()
    await somebody.link_identity(machine)
    begun = await somebody.send(None, "POST", "/auth/oidc/nonce", {"cookie": True})
    [cookie] = begun.headers.get_list("set-cookie")
    pair, *attributes = cookie.split("; ")
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/auth"} <= set(attributes)
    assert "binding" not in begun.json()
    token = somebody.issuer.token(begun.json()["nonce"], somebody.subject)
    somebody.http.cookies.clear()
    with refused("id_token_wrong"):
        await somebody.ask(None, "POST", "/auth/oidc", {"id_token": token})
    await somebody.ask(None, "POST", "/auth/oidc", {"id_token": token}, Cookie=pair)


def unsigned(nonce: str, subject: str, issuer: RealIssuer) -> str:
    parts = issuer.token(nonce, subject).split(".")
    header = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{parts[1]}."


FOREIGN = {kind: key(kind, kid) for kind, kid in (("RSA", "one"), ("EC", "stranger"))}
WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://accounts.example"},
    "another client": {"aud": "somebody-else"},
    "no client": {"aud": None},
    "several clients, for another": {"aud": [CLIENT, "other"], "azp": "other"},
    "several clients, for nobody": {"aud": [CLIENT, "other"]},
    "for another party": {"azp": "other"},
    "expired": {"exp": 1_700_000_000},
    "without an end": {"exp": None},
    "an end that is no number": {"exp": "9999999999"},
    "from the future": {"iat": 4_000_000_000},
    "another nonce": {"nonce": b64encode(os.urandom(56))},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 1},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is no text": {"sub": 1},
    "a foreign key of this name": {"by": FOREIGN["RSA"]},
    "a foreign key": {"by": FOREIGN["EC"]},
    "an access token": {"header": {"typ": "at+jwt"}},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_token_that_is_wrong_in_one_thing_is_none(somebody: Somebody, wrong: str):
    machine = await somebody.found()
    await somebody.link_identity(machine)
    with refused("id_token_wrong"):
        await somebody.sign_in_by_identity(**WRONG[wrong])
    await somebody.sign_in_by_identity()


@pytest.mark.parametrize(
    "make",
    [
        lambda one, nonce: unsigned(nonce, one.subject, one.issuer),
        lambda one, nonce: one.issuer.hmac_by_public_key(nonce, one.subject),
        lambda one, nonce: one.issuer.token(nonce, one.subject)[:-3],
        lambda one, nonce: "x",
        lambda one, nonce: "..",
        lambda one, nonce: f"{one.issuer.token(nonce, one.subject)}.x",
        lambda one, nonce: "é" * 100,
    ],
    ids=["alg none", "HS256 by the public key", "cut", "x", "dots", "four parts", "no ASCII"],
)
async def test_what_is_no_token_of_the_issuer_is_none(
    somebody: Somebody, make: Callable[[Somebody, str], str]
):
    machine = await somebody.found()
    await somebody.link_identity(machine)
    body = await somebody.shown(lambda nonce: make(somebody, nonce))
    with refused("id_token_wrong"):
        await somebody.ask(None, "POST", "/auth/oidc", body)


async def test_without_an_issuer_there_is_nothing(shared_server: Program):
    async with AccountHolder(shared_server.url) as holder:
        assert "oidc" not in (await holder.http.get("/config")).json()["accounts"]
        for path in ("/auth/oidc", "/auth/oidc/nonce", "/auth/oidc/register", "/auth/identities"):
            assert (await holder.http.post(path, json={})).status_code == 404
