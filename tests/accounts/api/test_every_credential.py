"""Every operation of accounts, with everybody who may not: made from the operations themselves.

An operation that somebody adds is walked without a word here, unless nobody has to prove anything
for it: those are named.
"""

import os
import re
import time
from collections.abc import Callable, Iterable

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from support.machines.account_house import House
from support.people.account_client import AccountClient, text

from ephemeral.accounts.rules.nouns import Session
from ephemeral.edge.operations import Operation
from ephemeral.protocol.accounts.chain import remove
from ephemeral.protocol.encoding import b64decode, b64encode

# What is asked by whoever has no session: a password, a refresh token, or ten words are the proof.
PUBLIC = {
    "beginIdentity", "beginRecovery", "readKeySet", "recover", "refresh", "register",
    "registerByIdentity", "reportRoom", "signIn", "signInByIdentity", "signOut",
}  # fmt: skip


def placed(operation: Operation) -> tuple[str, str]:
    """Method and path, with ids that are nobody's."""
    size = {"chain": 32}
    path = re.sub(r"\{(\w+)\}", lambda field: text(size.get(field[1], 16)), operation.path)
    return operation.method, path


def guarded(house: House) -> list[Operation]:
    return [one for one in house.operations if one.name not in PUBLIC]


async def codes(
    house: House, operations: Iterable[Operation], headers: Callable[[str, str], dict[str, str]]
) -> dict[str, str]:
    """What each is answered: its code, or its status where there is none."""
    found = {}
    for one in operations:
        method, path = placed(one)
        answer = await house.api.request(method, path, headers=headers(method, path))
        found[one.name] = refusal(answer)
    return found


def refusal(answer: httpx.Response) -> str:
    if answer.status_code < 400:
        return str(answer.status_code)
    return str(answer.json()["error"]["code"])


def bearer(token: str) -> Callable[[str, str], dict[str, str]]:
    return lambda _method, _path: {"Authorization": f"Bearer {token}"}


def session_of(one: AccountClient) -> Session:
    device = one.tokens.get("device")
    return Session(
        b64decode(one.tokens["account"], 16),
        b64decode(one.tokens["sid"], 16),
        None if device is None else b64decode(device, 16),
    )


def now() -> int:
    return time.time_ns() // 1_000_000


async def test_only_those_named_here_ask_for_no_session(house: House):
    free = {
        one.name for one in house.operations if one.caller.name in {"anybody", "session, perhaps"}
    }
    assert free == PUBLIC


async def test_a_stranger_is_told_nothing(house: House):
    nobody = await codes(house, guarded(house), lambda *_: {})
    assert set(nobody.values()) == {"unauthorized"}, nobody


async def test_a_token_that_is_none_is_no_token(house: House):
    """Made by nobody, by another key, without a signature, for others, too late, or too early."""
    one = await house.somebody().linked()
    session = session_of(one)
    good, keys = await house.tokens(now)
    kid = keys.signing(now()).kid
    claims = jwt.decode(good.issue(session), keys.signing(now()).jwk, algorithms=["Ed25519"]).claims
    public = keys.published()[0]["x"]
    foreign = OKPKey.generate_key("Ed25519")

    def made(key: OKPKey | OctKey, **header: str) -> str:
        said = {"alg": "Ed25519", "typ": "at+jwt", "kid": kid, **header}
        return jwt.encode(said, claims, key, algorithms=["Ed25519", "HS256"])

    body, own = good.issue(session).split(".")[1], keys.signing(now()).jwk
    unsigned = b64encode(b'{"alg":"none","typ":"at+jwt","kid":"%b"}' % kid.encode())
    odd = b64encode(b'{"alg":"Ed25519","typ":"at+jwt","kid":"%b","crit":1}' % kid.encode())
    late, _ = await house.tokens(lambda: now() - 1_000_000)
    early, _ = await house.tokens(lambda: now() + 1_000_000)
    others, _ = await house.tokens(now, audience=text(16))
    tokens = {
        "nothing": "x",
        "long": "x" * 5_000,
        "alg none": f"{unsigned}.{body}.",
        "HS256 by the public key": made(OctKey.import_key(b64decode(public, 32)), alg="HS256"),
        "a head of another form": f"{odd}.{body}.{text(64)}",
        "foreign key": made(foreign),
        "unknown kid": made(own, kid=text(16)),
        "another type": made(own, typ="JWT"),
        "late": late.issue(session),
        "early": early.issue(session),
        "for others": others.issue(session),
        "cut": good.issue(session)[:-2],
    }
    for name, token in tokens.items():
        found = await codes(house, guarded(house), bearer(token))
        assert set(found.values()) == {"unauthorized"}, (name, found)
    me = await house.api.get("/auth/me", headers=bearer(good.issue(session))("", ""))
    assert me.status_code == 200, "as the one that the others differ from is good"


async def test_a_session_that_has_ended_may_do_nothing(house: House):
    one = house.somebody()
    await one.register()
    assert (await house.api.post("/auth/logout", headers=one.bearer, json={})).status_code == 204
    found = await codes(house, guarded(house), bearer(one.tokens["access_token"]))
    assert set(found.values()) == {"session_ended"}, found


async def test_a_session_without_a_device_may_do_what_linking_and_leaving_need(house: House):
    one = house.somebody()
    await one.register()
    found = await codes(house, guarded(house), bearer(one.tokens["access_token"]))
    allowed = {name for name, code in found.items() if code != "device_required"}
    assert allowed == {
        "readAccount", "deleteAccount", "postStatement", "depositLink", "readLink",
        "offerStatements",
    }  # fmt: skip


async def test_a_device_without_its_proof_only_reads(house: House):
    one = await house.somebody().linked()
    kinds = {operation.name: operation.caller.name for operation in guarded(house)}
    found = await codes(house, guarded(house), bearer(one.tokens["access_token"]))
    unproved = {name for name, code in found.items() if code == "proof_wrong"}
    proving = {"device with proof", "session or device"}
    assert unproved == {name for name, kind in kinds.items() if kind in proving}
    changing = {one.name for one in guarded(house) if one.method != "GET"}
    assert changing <= unproved


@pytest.mark.parametrize("wrong", ["path", "method", "token", "time", "key", "text"])
async def test_a_proof_of_another_request_proves_nothing(house: House, wrong: str):
    one = await house.somebody().linked()
    stranger = house.somebody()
    stranger.audience = one.audience
    token = one.tokens["access_token"]
    refused = {}
    for operation in guarded(house):
        if not operation.caller.each:
            continue
        method, path = placed(operation)
        prover = stranger if wrong == "key" else one
        if wrong == "time":
            one.now = lambda: later(one, 61_000)  # type: ignore[method-assign]
        proved = await prover.proof(
            "POST" if wrong == "method" and method != "POST" else
            "PUT" if wrong == "method" else method,
            f"{path}x" if wrong == "path" else path,
            "" if wrong == "token" else token,
        )  # fmt: skip
        if wrong == "text":
            proved = {"Ephemeral-Proof": proved["Ephemeral-Proof"][:-1] + "-"}
        answer = await house.api.request(method, path, headers={**one.bearer, **proved})
        refused[operation.name] = refusal(answer)
    assert set(refused.values()) == {"proof_wrong"}, refused
    assert (await house.api.get("/auth/me", headers=one.bearer)).status_code == 200, "nothing ended"


async def later(one: AccountClient, milliseconds: int) -> int:
    return int((await one.api.get("/config")).json()["now"]) - milliseconds


async def test_a_device_that_was_removed_may_do_nothing(house: House):
    one = await house.somebody().linked()
    gone = await one.another()
    signed = remove(one.chain, one.key, b64decode(gone.device, 16))
    body = {"statement": b64encode(signed.encode()), "auth_key": one.auth_key}
    removed = await one.call("POST", f"/devices/{gone.device}/revoke", json=body)
    assert removed.status_code == 200, removed.text
    found = {}
    for operation in guarded(house):
        method, path = placed(operation)
        found[operation.name] = refusal(await gone.call(method, path))
    assert set(found.values()) == {"device_revoked"}, found
    assert refusal(await gone.refresh(proved=True)) == "session_ended"
    assert refusal(await gone.log_in(as_device=True)) == "device_revoked"


async def test_nobody_reaches_what_is_anothers(house: House):
    one, other = await house.somebody().linked(), await house.somebody().linked()
    sid = other.tokens["sid"]
    assert refusal(await one.call("DELETE", f"/auth/sessions/{sid}")) == "not_found"
    assert refusal(await one.call("DELETE", f"/auth/sessions/{text(16)}")) == "not_found"
    chain = b64encode(other.chain.id)
    assert refusal(await one.call("GET", f"/chains/{chain}")) == "not_found"
    assert (await house.api.get("/auth/me", headers=other.bearer)).status_code == 200


async def test_the_largest_that_a_device_may_store_is_not_written_without_end(house: House):
    one = await house.somebody().linked()
    sealed = os.urandom(65_536)
    body = {"pins": b64encode(sealed), "signature": b64encode(one.key.sign("pins", sealed))}
    stored = [await one.call("PUT", "/devices/me/pins", json=body) for _ in range(31)]
    assert {answer.status_code for answer in stored[:30]} == {204}
    assert refusal(stored[30]) == "too_many"


async def test_a_place_that_no_list_reaches_is_no_fault(house: House):
    one = await house.somebody().linked()
    path = f"/chains/{b64encode(one.chain.id)}?after="
    last = await one.call("GET", f"{path}{2**31 - 2}")
    assert (last.status_code, last.json()["statements"]) == (200, [])
    assert refusal(await one.call("GET", f"{path}{2**31 - 1}")) == "malformed"


async def test_what_closes_no_list_is_refused_by_its_rule(house: House):
    one = await house.somebody().linked()
    for statement, code in (("AQk", "chain_type"), ("AgU", "chain_version")):
        body = {"auth_key": one.auth_key, "statement": statement}
        assert refusal(await one.call("DELETE", "/auth/me", json=body)) == code
