"""Conversations as they are asked for over HTTP: what is taken, answered, and refused.

Every answer is held against the contract by the house.
"""

import os
import re
from collections.abc import Callable

import pytest
from support.machines.account_house import House
from support.people.account_client import AccountClient, text
from support.people.conversers import Conversation, befriend, refusal

from ephemeral.edge.operations import Operation
from ephemeral.protocol.accounts.chain import remove
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.messages import ENTRY_SIZES
from ephemeral.protocol.conversations.records import MEMBER
from ephemeral.protocol.encoding import b64decode, b64encode


async def two(house: House) -> tuple[AccountClient, AccountClient]:
    """Two who are contacts."""
    one, other = await house.somebody().linked(), await house.somebody().linked()
    await befriend(one, other)
    return one, other


async def get(one: AccountClient, path: str) -> dict[str, object]:
    answer = await one.api.get(path, headers=one.bearer)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_from_the_first_record_to_nothing_left(house: House):
    one, other = await two(house)
    talk = Conversation()
    begun = await talk.found(one, [other])
    assert begun.status_code == 201, begun.text
    assert (begun.json()["conversation"], begun.json()["epoch"], begun.json()["s"]) == (
        talk.name, 1, 1,
    )  # fmt: skip
    [seen] = (await get(other, "/chatrooms"))["conversations"]  # type: ignore[misc]
    assert seen == {
        "conversation": talk.name, "epoch": 1, "record": b64encode(talk.signed.hash), "s": 1,
        "hash": b64encode(talk.log), "cursor": 1, "first": 1, "due": None, "role": "member",
        "since": 1,
    }  # fmt: skip
    assert {**(await get(other, talk.path)), "now": 0} == {**seen, "now": 0}
    [epoch] = (await get(other, f"{talk.path}/epochs"))["epochs"]  # type: ignore[misc]
    assert epoch["entry"] == b64encode(talk.signed.entry())
    assert len(b64decode(epoch["box"])) == 1168
    entries = [talk.entry(one), talk.entry(one, ENTRY_SIZES[-1])]
    posted = await talk.post(one, *entries)
    assert posted.status_code == 201, posted.text
    assert [each["s"] for each in posted.json()["stored"]] == [2, 3]
    assert posted.json()["renew"] is False
    page = await talk.read(other, "?after=1&limit=1")
    assert [each.get("entry") for each in page["entries"]] == entries[:1]
    assert (page["more"], page["s"], page["hash"]) == (True, 3, b64encode(talk.log))
    for who in (one, other):
        acked = await talk.ack(who)
        assert (acked.status_code, acked.json()["cursor"]) == (200, 3)
    page = await talk.read(other)
    assert [each.get("entry") for each in page["entries"][1:]] == [None, None], "destroyed"
    assert (await talk.renew(other)).status_code == 201
    left = await other.call("DELETE", f"{talk.path}/members/me", json=talk.leave(other))
    assert left.status_code == 204, left.text
    members = await get(one, f"{talk.path}/devices")
    assert [each["chain"] for each in members["leaves"]] == [  # type: ignore[attr-defined]
        b64encode(other.chain.id)
    ]
    ended = await one.call("DELETE", talk.path)
    assert ended.status_code == 204
    for who in (one, other):
        assert (await get(who, "/chatrooms"))["conversations"] == []
        answer = await who.api.get(talk.path, headers=who.bearer)
        assert (answer.status_code, refusal(answer)["code"]) == (404, "not_found")
    tables = [
        "conversations", "conversation_people", "conversation_devices", "conversation_chains",
        "log_places", "entries", "segments", "records", "boxes", "leaves", "joins",
    ]  # fmt: skip
    for table in tables:
        assert await house.pool.fetchval(f"SELECT count(*) FROM accounts.{table}") == 0, table


async def test_what_is_in_the_way_is_told_with_what_a_client_needs(house: House):
    one, other = await two(house)
    talk = Conversation()
    await talk.found(one, [other])
    stale = talk.entry(one)
    body = await talk.renewal(other)
    assert (await talk.renew(one)).status_code == 201
    late = await other.call("POST", f"{talk.path}/epochs", json=body)
    assert (late.status_code, refusal(late)["code"], refusal(late)["details"]["epoch"]) == (
        409,
        "conflict",
        2,
    )
    answer = await talk.post(one, stale)
    assert (answer.status_code, refusal(answer)["code"]) == (409, "stale_epoch")
    answer = await talk.ack(one, 99)
    assert (answer.status_code, refusal(answer)["code"], refusal(answer)["details"]["first"]) == (
        409, "broken", 1,
    )  # fmt: skip
    second = await one.another()
    told = refusal(await talk.post(other))
    assert (told["code"], told["details"]["why"], told["details"]["wait_ms"]) == (
        "rekey_required",
        "devices",
        0,
    )
    assert (await talk.renew(second)).status_code == 201
    assert (await talk.post(other)).status_code == 201
    for who in (one, second, other):
        await talk.ack(who)
    await talk.renew(one)
    await talk.renew(other, Change())
    await house.clock.advance(3_600_000)
    for who in (one, second, other):
        who.ahead = 0
    behind = await other.api.get(f"{talk.path}/messages?after=0", headers=other.bearer)
    assert (behind.status_code, refusal(behind)["code"]) == (409, "behind")
    first = refusal(behind)["details"]["first"]
    assert (await talk.read(other, f"?after={first - 1}"))["entries"][0]["s"] == first


async def test_who_is_invited_waits_until_an_admin_writes_it_down(house: House):
    one, other = await two(house)
    third = await house.somebody().linked()
    talk = Conversation()
    await talk.found(one, [other])
    id_, sealed = text(16), text(200)
    made = await one.call(
        "POST",
        "/contacts/invitations",
        json={"id": id_, "sealed": sealed, "conversation": talk.name},
    )
    assert made.status_code == 201, made.text
    join = {"invitation": id_, "sealed": sealed}
    answer = await third.call("POST", f"{talk.path}/join", json=join)
    assert refusal(answer)["code"] == "invitation_unknown"
    redeemed = await third.call(
        "POST", f"/contacts/invitations/{id_}/redeem", json={"sealed": sealed}
    )
    assert redeemed.status_code == 200
    for _ in range(2):
        assert (await third.call("POST", f"{talk.path}/join", json=join)).status_code == 204
    for wrong in (Conversation().path, talk.path):
        unknown = {"invitation": text(16 if wrong == talk.path else 32), "sealed": sealed}
        answer = await third.call("POST", f"{wrong}/join", json=unknown)
        assert refusal(answer)["code"] == "invitation_unknown"
    members = await get(one, f"{talk.path}/devices")
    [waits] = members["joins"]  # type: ignore[misc]
    assert (waits["invitation"], waits["sealed"]) == (id_, sealed)
    assert waits["chain"] == b64encode(third.chain.id)
    change = Change(add={third.chain.id: MEMBER})
    added = await talk.renew(one, change, [third])
    assert added.status_code == 201, added.text
    assert (await get(third, f"{talk.path}/devices"))["joins"] == []
    assert (await talk.post(third)).status_code == 201


async def test_what_has_another_form_or_size_is_refused(house: House):
    one = await house.somebody().linked()
    talk = Conversation()
    await talk.found(one)
    body = await talk.renewal(one)
    entry = talk.entry(one)
    cases: list[tuple[str, str, object, int, str]] = [
        ("POST", "/message", {"entries": []}, 400, "malformed"),
        ("POST", "/message", {"entries": [entry] * 17}, 400, "malformed"),
        ("POST", "/message", {"entries": [entry + "AAAA"]}, 400, "message_length"),
        ("POST", "/message", {"entries": ["A" * 65_788]}, 400, "message_length"),
        ("POST", "/message", {"entries": [entry], "x": 1}, 400, "malformed"),
        ("POST", "/ack", {"cursor": -1}, 400, "malformed"),
        ("POST", "/ack", {"cursor": 2**53}, 400, "malformed"),
        ("POST", "/epochs", {**body, "boxes": []}, 400, "malformed"),
        ("POST", "/epochs", {**body, "boxes": [text(1167)]}, 400, "record_form"),
        ("POST", "/epochs", {**body, "boxes": [*body["boxes"], text(1168)]}, 400, "record_form"),
        ("POST", "/epochs", {**body, "record": text(200)}, 400, "record_form"),
        ("POST", "/epochs", {**body, "record": text(65_537)}, 400, "record_form"),
        ("POST", "/join", {"invitation": text(17), "sealed": text(9)}, 400, "malformed"),
        ("DELETE", "/messages/x", {}, 400, "malformed"),
        ("GET", "/messages?after=01", None, 400, "malformed"),
        ("GET", "/messages?limit=0", None, 400, "malformed"),
        ("GET", "/messages?after=-1", None, 400, "malformed"),
        ("GET", f"/epochs?after={2**53}", None, 400, "malformed"),
    ]
    found = []
    for method, path, json, _, _ in cases:
        asked = f"{talk.path}{path}"
        if method == "GET":
            answer = await one.api.get(asked, headers=one.bearer)
        else:
            answer = await one.call(method, asked, json=json)
        found.append((method, path, json, answer.status_code, refusal(answer)["code"]))
    for got, expected in zip(found, cases, strict=True):
        assert got[3:] == expected[3:], expected[:2]
    answer = await one.api.get("/chatrooms?after=xyz", headers=one.bearer)
    assert refusal(answer)["code"] == "malformed"
    assert (await one.api.get(f"{talk.path}/messages?limit=9999", headers=one.bearer)).is_success


Body = Callable[[Conversation, AccountClient], dict[str, object]]

LEAVE: dict[str, object] = {
    "leave": {"chain": text(32), "since": 1, "device": text(16), "signature": text(64)}
}

# What a member would send with success, by operation, where a body is needed.
BODIES: dict[str, Body] = {
    "postMessages": lambda talk, who: {"entries": [talk.entry(who)]},
    "acknowledgeLog": lambda talk, _: {"cursor": talk.s},
    "leaveConversation": lambda talk, _: LEAVE,
    "joinConversation": lambda *_: {"invitation": text(16), "sealed": text(9)},
}


def of_one_conversation(house: House) -> list[Operation]:
    return [one for one in house.operations if one.path.startswith("/chatrooms/{")]


@pytest.mark.parametrize("who", ["stranger", "removed", "left", "ended"])
async def test_whoever_is_not_in_it_is_answered_as_if_it_were_not_there(house: House, who: str):
    """Every operation on a conversation, as the wing states them."""
    one, other = await two(house)
    talk = Conversation()
    await talk.found(one, [other])
    await talk.post(other)
    asker = other
    if who == "stranger":
        asker = await house.somebody().linked()
    elif who == "removed":
        await talk.renew(one, Change(remove=frozenset({other.chain.id})))
    elif who == "left":
        await other.call("DELETE", f"{talk.path}/members/me", json=talk.leave(other))
    else:
        await one.call("DELETE", talk.path)
    absent = Conversation()
    # All that is asked of the one is asked of the other, in the same words.
    for name in ("signed", "s", "log"):
        setattr(absent, name, getattr(talk, name))
    body = {"record": text(9), "signature": text(64), "boxes": [""]}
    answers: dict[str, list[tuple[int, object]]] = {}
    for operation in of_one_conversation(house):
        for asked in (talk, absent):
            path = re.sub(r"\{message\}", text(16), operation.path)
            path = path.replace("{conversation}", asked.name)
            made = BODIES.get(operation.name)
            member = one if asker is not other else other
            json = None if made is None else made(asked, member)
            if operation.name == "beginEpoch":
                json = _renewed(talk, asked, asker) or body
            answer = await asker.call(operation.method, path, json=json)
            answers.setdefault(operation.name, []).append(
                (answer.status_code, refusal(answer)["code"])
            )
    for name, (here, absent_) in answers.items():
        assert here == absent_, name
        expected = "invitation_unknown" if name == "joinConversation" else "not_found"
        assert here[1] == expected, (name, here)


def _renewed(talk: Conversation, asked: Conversation, asker: AccountClient) -> dict[str, object]:
    """A record that names the asker's device and nothing that is wrong in itself."""
    from dataclasses import replace

    from ephemeral.protocol.conversations import epochs

    before = talk.signed.record
    record = replace(
        before,
        conversation=asked.id,
        epoch=before.epoch + 1,
        previous=before.hash,
        by=b64decode(asker.device, 16),
    )
    boxes = [os.urandom(1168) for _ in record.devices]
    signed = epochs.sign_record(asker.key, record.encode(), boxes)
    return {
        "record": b64encode(record.encode()),
        "signature": b64encode(signed.signature),
        "boxes": [b64encode(one) for one in boxes],
    }


async def test_a_device_that_was_revoked_is_out_of_all_conversations(house: House):
    one, other = await two(house)
    gone = await one.another()
    talk = Conversation()
    await talk.found(one, [other])
    await talk.post(gone)
    signed = remove(one.chain, one.key, b64decode(gone.device, 16))
    body = {"statement": b64encode(signed.encode()), "auth_key": one.auth_key}
    await one.call("POST", f"/devices/{gone.device}/revoke", json=body)
    for operation in of_one_conversation(house):
        path = operation.path.replace("{message}", text(16)).replace("{conversation}", talk.name)
        answer = await gone.call(operation.method, path)
        assert refusal(answer)["code"] == "device_revoked", operation.name
    assert refusal(await talk.post(other))["details"]["why"] == "devices"


async def test_messages_of_an_account_are_counted_by_each_of_them(house: House):
    one = await house.somebody().linked()
    talk = Conversation()
    await talk.found(one)
    for _ in range(7):
        assert (await talk.post(one, *(talk.entry(one) for _ in range(16)))).status_code == 201
    assert (
        refusal(await talk.post(one, *(talk.entry(one) for _ in range(16))))["code"] == "too_many"
    )
    assert (await talk.post(one, *(talk.entry(one) for _ in range(8)))).status_code == 201
