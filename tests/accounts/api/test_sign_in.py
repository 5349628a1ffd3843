"""Signing in, staying signed in, and signing out, over HTTP."""

import asyncio
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from support.machines.account_house import House
from support.machines.account_house import house as opened
from support.people.account_client import AccountClient, text

from ephemeral.accounts.service.invitations import invite
from ephemeral.protocol.accounts.chain import close
from ephemeral.protocol.encoding import b64decode, b64encode


def code(answer: object) -> str:
    return str(answer.json()["error"]["code"])  # type: ignore[attr-defined]


async def person(house: House) -> AccountClient:
    one = house.somebody()
    assert (await one.register()).status_code == 201
    return one


# Making an account


async def test_an_account_is_made_once_and_who_lost_the_answer_signs_in(house: House):
    one = await person(house)
    again = await house.api.post(
        "/auth/register", json={"address": one.address, "auth_key": one.auth_key}
    )
    assert (again.status_code, code(again)) == (409, "address_taken")
    account = one.tokens["account"]
    assert (await one.log_in()).status_code == 200
    assert one.tokens["account"] == account


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "Anna.12345"}, {"address": "anna.1234"}, {"address": "an.12345"},
        {"address": "anna.12345 "}, {"address": "anna.١٢٣٤٥"}, {"address": "a" * 21 + ".12345"},
    ],
)  # fmt: skip
async def test_what_is_no_address_is_refused(house: House, wrong: dict[str, str]):
    for path in ("/auth/register", "/auth/login"):
        answer = await house.api.post(path, json={"auth_key": text(32), **wrong})
        assert (answer.status_code, code(answer)) == (400, "address_form")


async def test_an_invitation_makes_one_account(database_url: str, tmp_path: Path):
    async with opened(database_url, tmp_path, ACCOUNTS="invited") as house:
        ground = house.ground
        assert (await house.api.get("/config")).json()["accounts"]["mode"] == "invited"
        made = await invite(house.pool, ground.keyring.index_key, ground.random)
        one, other = house.somebody(), house.somebody()
        assert code(await one.register()) == "invitation_needed"
        assert code(await one.register(invitation=text(16))) == "invitation_unknown"
        assert code(await one.register(invitation=made.text[:-3])) == "invitation_unknown"
        assert (await one.register(invitation=made.text)).status_code == 201
        assert code(await other.register(invitation=made.text)) == "invitation_unknown"
        kept = await house.pool.fetchval("SELECT count(*) FROM accounts.invitations")
        assert kept == 0
        late = await invite(house.pool, ground.keyring.index_key, ground.random)
        await house.clock.advance(7 * 86_400_000)
        assert code(await other.register(invitation=late.text)) == "invitation_unknown"


async def test_an_invitation_is_kept_for_whoever_found_the_address_taken(
    database_url: str, tmp_path: Path
):
    async with opened(database_url, tmp_path, ACCOUNTS="invited") as house:
        ground = house.ground
        first, second = [
            (await invite(house.pool, ground.keyring.index_key, ground.random)).text
            for _ in range(2)
        ]
        one, other = house.somebody(), house.somebody()
        assert (await one.register(invitation=first)).status_code == 201
        other.address, address = one.address, other.address
        assert code(await other.register(invitation=second)) == "address_taken"
        other.address = address
        assert (await other.register(invitation=second)).status_code == 201


# Signing in


async def test_an_address_that_is_nobodys_is_answered_as_a_wrong_password_is(house: House):
    one, nobody = await person(house), house.somebody()
    one.auth_key = text(32)
    wrong, absent = await one.log_in(), await nobody.log_in()
    assert wrong.status_code == 401
    assert (wrong.status_code, wrong.content, wrong.headers) == (
        absent.status_code, absent.content, absent.headers,
    )  # fmt: skip


async def test_a_device_signs_in_as_itself_and_only_with_its_proof(house: House):
    one = await house.somebody().linked()
    assert (await one.log_in(as_device=True)).status_code == 200
    assert one.tokens["device"] == one.device
    assert (await one.call("GET", "/devices")).status_code == 200
    unproved = await one.log_in(device=one.device)
    assert code(unproved) == "proof_wrong"
    assert unproved.json()["error"]["now"] > 0
    one.auth_key = text(32)
    assert code(await one.log_in(device=one.device)) == "login_wrong", "the password comes first"


async def test_a_token_tells_what_it_must_and_is_signed_by_a_published_key(house: House):
    one = await house.somebody().linked()
    [key] = (await house.api.get("/.well-known/jwks.json")).json()["keys"]
    assert key.keys() == {"kty", "crv", "alg", "use", "kid", "x"}, "and no private half"
    token = jwt.decode(one.tokens["access_token"], OKPKey.import_key(key), algorithms=["Ed25519"])
    assert token.header == {"alg": "Ed25519", "typ": "at+jwt", "kid": key["kid"]}
    assert token.claims.keys() == {"aud", "sub", "sid", "iat", "exp", "dev"}
    assert token.claims["aud"] == one.audience
    assert token.claims["dev"] == one.device
    assert token.claims["exp"] - token.claims["iat"] == one.tokens["expires_in"] == 900


# Staying signed in


async def test_two_tabs_that_refresh_at_once_get_the_same_tokens(house: House):
    one = await person(house)
    shown = one.tokens["refresh_token"]
    answers = await asyncio.gather(*(one.refresh(shown) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    [successor] = {answer.json()["refresh_token"] for answer in answers}
    assert successor != shown
    assert (await one.refresh(successor)).status_code == 200


async def test_a_phone_that_slept_before_the_answer_came_goes_on_with_its_key(house: House):
    one = await house.somebody().linked()
    shown = one.tokens["refresh_token"]
    successor = (await one.refresh(shown, proved=True)).json()["refresh_token"]
    one.ahead = 20 * 86_400_000
    await house.clock.advance(one.ahead)
    again = await one.refresh(shown, proved=True)
    assert (again.status_code, again.json()["refresh_token"]) == (200, successor)


async def test_a_refresh_of_a_device_without_its_proof_is_refused_and_ends_nothing(house: House):
    one = await house.somebody().linked()
    shown = one.tokens["refresh_token"]
    for _ in range(3):
        stolen = await one.refresh(shown)
        assert (stolen.status_code, code(stolen)) == (401, "proof_wrong")
        assert stolen.json()["error"]["now"] > 0
    assert (await one.refresh(shown, proved=True)).status_code == 200
    me = await house.api.get("/auth/me", headers=one.bearer)
    assert "token_reused_at" not in me.json()


async def test_a_stolen_token_of_a_session_without_a_device_ends_it_and_the_owner_is_told(
    house: House,
):
    one = await house.somebody().linked()
    thief = house.somebody()
    thief.address, thief.auth_key = one.address, one.auth_key
    await thief.log_in()
    stolen = thief.tokens["refresh_token"]
    assert (await thief.refresh(stolen)).status_code == 200
    successor = thief.tokens["refresh_token"]
    await house.clock.advance(30_001)
    assert code(await thief.refresh(stolen)) == "session_ended"
    assert code(await thief.refresh(successor)) == "session_ended", "the whole family has ended"
    assert code(await house.api.get("/auth/me", headers=thief.bearer)) == "session_ended"
    me = (await house.api.get("/auth/me", headers=one.bearer)).json()
    assert me["token_reused_at"] > 0


@pytest.mark.parametrize("damage", ["mac", "counter", "sid"])
async def test_a_token_that_the_server_did_not_make_ends_nothing(house: House, damage: str):
    one = await person(house)
    token = bytearray(b64decode(one.tokens["refresh_token"]))
    token[{"sid": 0, "counter": 19, "mac": 30}[damage]] ^= 1
    shown = one.tokens["refresh_token"]
    assert code(await one.refresh(b64encode(bytes(token)))) == "session_ended"
    assert (await one.refresh(shown)).status_code == 200


async def test_who_has_no_token_at_all_is_told_nothing(house: House):
    answer = await house.api.post("/auth/refresh", json={})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_session_that_nobody_refreshes_ends(house: House):
    one, device = await person(house), await house.somebody().linked()
    device.ahead = 3 * 86_400_000
    await house.clock.advance(device.ahead)
    await house.sessions.sweep()
    assert code(await one.refresh()) == "session_ended"
    assert (await device.refresh(proved=True)).status_code == 200
    device.ahead += 92 * 86_400_000
    await house.clock.advance(92 * 86_400_000)
    await house.sessions.sweep()
    assert code(await device.refresh(proved=True)) == "session_ended"


# Passwords, sessions, signing out


async def test_another_password_needs_the_old_one_and_ends_sessions_without_a_device(house: House):
    one = await house.somebody().linked()
    guest = house.somebody()
    guest.address, guest.auth_key, old, new = one.address, one.auth_key, one.auth_key, text(32)
    await guest.log_in()
    wrong = {"auth_key": new, "old_auth_key": text(32)}
    refused = await one.call("POST", "/auth/password", json=wrong)
    assert (refused.status_code, code(refused)) == (403, "password_wrong")
    body = {"auth_key": new, "old_auth_key": old}
    assert (await one.call("POST", "/auth/password", json=body)).status_code == 204
    assert code(await house.api.get("/auth/me", headers=guest.bearer)) == "session_ended"
    assert code(await guest.refresh()) == "session_ended"
    assert code(await guest.log_in()) == "login_wrong"
    guest.auth_key = new
    assert (await guest.log_in()).status_code == 200
    assert (await one.refresh(proved=True)).status_code == 200


async def test_sessions_are_listed_and_ended(house: House):
    one = await house.somebody().linked()
    guest = house.somebody()
    guest.address, guest.auth_key = one.address, one.auth_key
    await guest.log_in()
    listed = (await one.call("GET", "/auth/sessions")).json()["sessions"]
    assert {(each["sid"], each.get("device"), each["present"]) for each in listed} == {
        (one.tokens["sid"], one.device, True), (guest.tokens["sid"], None, False),
    }  # fmt: skip
    ended = await one.call("DELETE", f"/auth/sessions/{guest.tokens['sid']}")
    assert ended.status_code == 204
    assert code(await house.api.get("/auth/me", headers=guest.bearer)) == "session_ended"
    assert code(await guest.refresh()) == "session_ended"


@pytest.mark.parametrize("by", ["access", "refresh"])
async def test_signing_out_ends_the_session_at_once(house: House, by: str):
    one = await person(house)
    body = {"refresh_token": one.tokens["refresh_token"]} if by == "refresh" else {}
    headers = one.bearer if by == "access" else {}
    assert (await house.api.post("/auth/logout", headers=headers, json=body)).status_code == 204
    assert code(await house.api.get("/auth/me", headers=one.bearer)) == "session_ended"
    assert code(await one.refresh()) == "session_ended"


# Deleting


async def test_an_account_without_devices_is_deleted_at_once(house: House):
    one = await person(house)
    refused = await house.api.request(
        "DELETE", "/auth/me", headers=one.bearer, json={"auth_key": text(32)}
    )
    assert code(refused) == "password_wrong"
    gone = await house.api.request(
        "DELETE", "/auth/me", headers=one.bearer, json={"auth_key": one.auth_key}
    )
    assert (gone.status_code, gone.json()["deleted"]) == (200, True)
    assert code(await house.api.get("/auth/me", headers=one.bearer)) == "session_ended"
    assert code(await one.log_in()) == "login_wrong"
    assert (await one.register()).status_code == 201, "the address is free again"


async def test_an_account_with_devices_is_not_deleted_without_what_closes_its_chain(house: House):
    one = await house.somebody().linked()
    body = {"auth_key": one.auth_key}
    assert code(await one.call("DELETE", "/auth/me", json=body)) == "close_needed"
    signed = b64encode(close(one.chain, one.key).encode())
    waits = (await one.call("DELETE", "/auth/me", json={**body, "statement": signed})).json()
    assert (waits["deleted"], waits["due"] - waits["now"]) == (False, 72 * 3_600_000)
    me = (await house.api.get("/auth/me", headers=one.bearer)).json()
    assert me["pending"]["kind"] == "close"
    signed = b64encode(close(one.chain, one.recovery).encode())
    done = await one.call("DELETE", "/auth/me", json={**body, "statement": signed})
    assert done.json()["deleted"] is True
    assert code(await one.log_in()) == "login_wrong"


# Guessing


async def test_who_guesses_passwords_waits_and_is_told_how_long(house: House):
    one, right = await person(house), None
    right, one.auth_key = one.auth_key, text(32)
    codes = [code(await one.log_in()) for _ in range(11)]
    assert codes == ["login_wrong"] * 10 + ["login_wait"]
    one.auth_key = right
    waits = await one.log_in()
    assert (waits.status_code, code(waits)) == (429, "login_wait"), "the right one comes too late"
    assert 1 <= waits.json()["error"]["retry_after"] <= 90
    nobody = house.somebody()
    codes = [code(await nobody.log_in()) for _ in range(11)]
    assert codes == ["login_wrong"] * 10 + ["login_wait"], "as for an address that is nobody's"


async def test_right_passwords_cost_nothing(house: House):
    one = await person(house)
    for _ in range(15):
        assert (await one.log_in()).status_code == 200


async def test_an_address_makes_so_many_accounts(database_url: str, tmp_path: Path):
    async with opened(database_url, tmp_path, REGISTRATIONS_PER_ADDRESS="5/3600") as house:
        made = [(await house.somebody().register()).status_code for _ in range(6)]
        assert made == [201] * 5 + [429]


async def test_tokens_are_not_tried_without_end_by_signing_out(database_url: str, tmp_path: Path):
    async with opened(database_url, tmp_path, MISSES_PER_ADDRESS="5/1000") as house:
        bodies = [{"refresh_token": text(52)} for _ in range(6)]
        tried = [code(await house.api.post("/auth/logout", json=one)) for one in bodies]
        assert tried == ["session_ended"] * 5 + ["too_many"]


async def test_who_has_too_many_sessions_loses_the_oldest_at_once(house: House):
    one = await person(house)
    first = one.bearer
    for _ in range(50):
        await one.log_in()
    assert code(await house.api.get("/auth/me", headers=first)) == "session_ended"
    assert (await house.api.get("/auth/me", headers=one.bearer)).status_code == 200
