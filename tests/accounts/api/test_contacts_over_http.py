"""Contacts as they are asked for over HTTP: what is taken, answered, and refused."""

import os

import httpx
from support.machines.account_house import House
from support.people.account_client import AccountClient, text

from ephemeral.protocol.accounts.chain import close
from ephemeral.protocol.encoding import b64encode


async def listed(one: AccountClient) -> dict[str, list[dict[str, object]]]:
    answer = await one.call("GET", "/contacts")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ask(one: AccountClient, address: str, own: str | None = None) -> httpx.Response:
    body = {"address": address, "own": own or one.address}
    return await one.call("POST", "/contacts/requests", json=body)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_two_agree_by_an_address_and_read_each_others_devices(house: House):
    one, other = await house.somebody().linked(), await house.somebody().linked()
    found = await other.call("PUT", "/contacts/findable", json={"findable": True})
    assert found.status_code == 204
    asked = await ask(one, other.address)
    assert asked.status_code == 202
    account, chain = one.tokens["account"], b64encode(one.chain.id)
    waiting = await listed(other)
    assert waiting["findable"] is True
    assert [(each["account"], each["chain"], each["address"]) for each in waiting["asked"]] == [
        (account, chain, one.address)
    ]
    path = f"/contacts/{account}"
    assert (await other.call("PUT", path, json={"state": "accepted"})).status_code == 204
    [contact] = (await listed(one))["contacts"]
    assert contact["request"] == asked.json()["request"]
    assert (contact["account"], contact["state"]) == (other.tokens["account"], "accepted")
    assert (await one.call("GET", f"/chains/{contact['chain']}")).status_code == 200
    devices = (await other.call("GET", f"{path}/devices")).json()
    assert (devices["chain"], devices["sequence"]) == (chain, 0)
    assert [each["device"] for each in devices["devices"]] == [one.device]
    assert devices["devices"][0]["sealing"].keys() == {"number", "day", "key", "signature"}
    assert (await one.call("DELETE", f"/contacts/{other.tokens['account']}")).status_code == 204
    assert code(await other.call("GET", f"{path}/devices")) == "not_found"


async def test_an_invitation_goes_by_a_link_and_its_maker_sees_who_has_it(house: House):
    one, other = await house.somebody().linked(), await house.somebody().linked()
    id_, sealed, answer, conversation = text(16), text(4096), text(500), text(16)
    body = {"id": id_, "sealed": sealed, "conversation": conversation}
    made = await one.call("POST", "/contacts/invitations", json=body)
    assert made.status_code == 201
    assert made.json()["expires_at"] - made.json()["now"] == 7 * 86_400_000
    path = f"/contacts/invitations/{id_}"
    redeemed = await other.call("POST", f"{path}/redeem", json={"sealed": answer})
    assert redeemed.status_code == 200
    assert redeemed.json()["sealed"] == sealed
    [seen] = (await listed(one))["redemptions"]
    assert (seen["invitation"], seen["account"]) == (id_, other.tokens["account"])
    assert (seen["sealed"], seen["conversation"]) == (answer, conversation)
    assert (await one.call("DELETE", path)).status_code == 204
    assert code(await other.call("POST", f"{path}/redeem", json={"sealed": answer})) == (
        "invitation_unknown"
    )


async def test_what_is_too_large_or_of_another_form_is_refused(house: House):
    one = await house.somebody().linked()
    account = text(16)
    for method, path, body in (
        ("POST", "/contacts/invitations", {"id": text(16), "sealed": text(4097)}),
        ("POST", "/contacts/invitations", {"id": text(15), "sealed": text(9)}),
        ("POST", f"/contacts/invitations/{text(16)}/redeem", {"sealed": text(4097)}),
        ("POST", f"/contacts/invitations/{text(16)}/redeem", {"sealed": ""}),
        ("PUT", f"/contacts/{account}", {"state": "declined"}),
        ("PUT", f"/contacts/{account}", {"state": "blocked", "tell": True}),
        ("PUT", "/contacts/findable", {"findable": 1}),
        ("POST", "/contacts/requests", {"address": one.address, "own": one.address}),
        ("POST", "/contacts/requests", {"address": "anna.12345", "own": "x" * 65}),
    ):
        assert code(await one.call(method, path, json=body)) == "malformed", (path, body)
    assert code(await ask(one, "nobody")) == "address_form"
    assert code(await ask(one, "anna.12345", "bert.12345")) == "malformed"


async def test_whoever_has_an_address_or_nobody_the_answer_is_the_same(house: House):
    one, shown, hidden, blocking = [await house.somebody().linked() for _ in range(4)]
    for each in (shown, blocking):
        assert (await each.call("PUT", "/contacts/findable", json={"findable": True})).is_success
    assert (await ask(one, blocking.address)).status_code == 202
    path = f"/contacts/{one.tokens['account']}"
    assert (await blocking.call("PUT", path, json={"state": "blocked"})).status_code == 204
    told = []
    for address in (shown.address, hidden.address, blocking.address, "nobody_at_all.12345"):
        answer = await ask(one, address)
        told.append((answer.status_code, list(answer.json()), dict(answer.headers)))
        assert len(answer.json()["request"]) == 22
    assert told[0][0] == 202
    assert told[1:] == told[:1] * 3
    assert {len(each) for each in (await listed(one))["requests"]} == {2}
    assert len((await listed(one))["requests"]) == 4


async def test_no_refusal_tells_one_stranger_from_another(house: House):
    """An account that is there, one that was, one that never was: the same in every respect."""
    one, other, gone = [await house.somebody().linked() for _ in range(3)]
    statement = b64encode(close(gone.chain, gone.recovery).encode())
    left = await gone.call(
        "DELETE", "/auth/me", json={"auth_key": gone.auth_key, "statement": statement}
    )
    assert left.json()["deleted"] is True
    told = []
    for account in (other.tokens["account"], gone.tokens["account"], b64encode(os.urandom(16))):
        path = f"/contacts/{account}"
        answers = [
            await one.call("GET", f"{path}/devices"),
            *[
                await one.call("PUT", path, json={"state": state})
                for state in ("accepted", "denied", "blocked")
            ],
            await one.call("DELETE", path),
        ]
        told.append([(each.status_code, each.content) for each in answers])
    assert told[0] == told[1] == told[2]
    assert [status for status, _ in told[0]] == [404, 404, 404, 404, 204]
