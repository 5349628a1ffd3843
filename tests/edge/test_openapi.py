"""The contract is valid, says exactly what is served, and every answer keeps it."""

import json
import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from support.operations import OPERATIONS
from support.people.raw_client import Client, Member, Message, Room, charter, text

from ephemeral.protocol.errors import ACCOUNT_STATUS, CONVERSATION_STATUS, FILE_STATUS, STATUS


@pytest.fixture
async def contract(client: Client) -> dict[str, Any]:
    return (await client.api.get("/openapi.json")).json()


class Witness:
    """Holds every answer against the contract, and notes which operations have answered how."""

    def __init__(self, contract: dict[str, Any]) -> None:
        self._contract = contract
        self.seen: set[tuple[str, int]] = set()

    def __call__(self, response: httpx.Response) -> httpx.Response:
        path = re.sub(r"/messages/[^/]{22}(?=/|$)", "/messages/{id}", response.request.url.path)
        path = re.sub(r"/attachments/[^/]{22}(?=/|$)", "/attachments/{id}", path)
        path = re.sub(r"(?<=/attachments/{id}/)[0-9]+$", "{i}", path)
        operation = self._contract["paths"][path][response.request.method.lower()]
        promised = operation["responses"][str(response.status_code)]
        if "application/octet-stream" in promised.get("content", {}):
            assert response.headers["Content-Type"] == "application/octet-stream"
        elif "content" in promised:
            schema = promised["content"]["application/json"]["schema"]
            whole = {**schema, "components": self._contract["components"]}
            Draft202012Validator(whole).validate(response.json())
        else:
            assert response.content == b""
        for name in promised.get("headers", {}):
            if name == "WWW-Authenticate":
                assert response.headers[name] == "Bearer"
        self.seen.add((operation["operationId"], response.status_code))
        return response


async def test_the_contract_is_valid_openapi(contract: dict[str, Any]):
    assert contract["openapi"].startswith("3.1")
    validate(contract)


async def test_every_documented_operation_is_served_and_no_other_method_is(
    client: Client, contract: dict[str, Any]
):
    for path, operations in contract["paths"].items():
        concrete = path.replace("{id}", text(16)).replace("{i}", "0")
        methods = {method.upper() for method in operations}
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            response = await client.api.request(method, concrete)
            served = response.status_code != STATUS["method_not_allowed"][0]
            assert served is (method in methods), (method, path)


def test_every_operation_of_the_table_has_a_name_of_its_own():
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len(set(names))


async def test_every_operation_answers_as_the_contract_says(
    client: Client, contract: dict[str, Any]
):
    see = Witness(contract)
    api = client.api
    see(await api.get("/config"))
    room = Room(api, client.ws_url, seats=3)
    see(await room.create())
    see(await room.create())
    see(await api.get("/room", headers=room.headers))
    author, reader = Member(room), Member(room)
    resume = {"token": text(32), "key": text(32)}
    see(await author.join(profile=text(256), resume=resume))
    see(await author.join(profile=text(256), resume=resume))
    see(await api.post("/room/members", headers={"Ephemeral-Resume": resume["token"]}))
    see(await reader.join())
    see(await author.http("GET", "/room"))
    see(await author.http("PATCH", "/room", json={"locked": True}))
    see(await author.http("PATCH", "/room", json={"locked": False}))
    messages = [Message(), Message()]
    for message in messages:
        see(await author.post(message))
        see(await author.post(message))
    see(await author.http("GET", "/room/messages"))
    see(await author.http("GET", "/room/record"))
    state = see(await author.http("GET", "/room/state"))
    known = {**author.headers, "If-None-Match": state.headers["ETag"]}
    see(await api.get("/room/state", headers=known))
    see(await reader.open(messages[0]))
    see(await author.http("GET", "/room/messages"))
    see(await reader.http("POST", f"/room/messages/{messages[0].id}/release"))
    see(await reader.open(messages[0]))
    see(await reader.acknowledge(messages[0]))
    see(await author.http("DELETE", f"/room/messages/{messages[1].id}"))
    ids = [*(message.id for message in messages), text(16)]
    see(await author.http("POST", "/room/messages/status", json={"ids": ids}))
    see(await author.http("POST", "/room/typing", json={"typing": True}))
    attached = Message(attachment=True)
    for _ in range(2):
        see(await author.reserve(attached))
    see(await author.send(attached))
    await author.post(attached)
    await reader.open(attached)
    see(await reader.fetch(attached))
    given_up = Message(attachment=True)
    await author.reserve(given_up)
    see(await author.http("DELETE", f"/room/attachments/{given_up.attachment}"))
    see(await reader.http("DELETE", "/room/members"))
    see(await author.http("DELETE", "/room"))
    # Operations at the same address are one of the contract's, under the name of the last.
    named = {(one.path, one.method): one.name for one in OPERATIONS}
    promised = {
        (named[one.path, one.method], status)
        for one in OPERATIONS
        for status in one.answers
        if status != 101
    }
    assert see.seen >= promised, promised - see.seen


async def test_every_refusal_is_among_those_that_the_contract_names(
    client: Client, contract: dict[str, Any]
):
    see = Witness(contract)
    room = await client.room(seats=2)
    pair = {"token": text(32), "key": text(32)}
    author, reader, late = await room.member(resume=pair), await room.member(), Member(room)
    message, unknown = Message(), Message()
    see(await author.post(message))

    async def refused(response: httpx.Response, code: str) -> None:
        assert see(response).json()["error"]["code"] == code

    other = Room(client.api, client.ws_url)
    await refused(await other.api.get("/room", headers=other.headers), "room_unknown")
    await refused(await client.api.get("/room"), "unauthorized")
    await refused(await client.api.post("/rooms"), "unauthorized")
    room.charter, mine = charter(), room.charter
    await refused(await room.create(), "room_exists")
    room.charter = charter(policy=9)
    await refused(await room.create(), "charter_policy")
    room.charter = mine
    await refused(await late.join(profile=text(1)), "profile_length")
    await refused(await late.join(), "room_full")
    await refused(await late.http("GET", "/room"), "seat_unknown")
    await refused(await late.http("GET", "/room/record"), "seat_unknown")
    await refused(await reader.post(message), "message_conflict")
    await refused(await author.post(Message(7)), "envelope_size")
    await refused(await author.open(message), "message_author")
    await refused(await author.open(unknown), "message_unknown")
    await refused(await author.http("POST", "/room/messages", content=b"x"), "unsupported_media")
    await refused(await author.http("POST", "/room/typing", json={}), "malformed")
    big = {"typing": True, "x": "x" * 100_000}
    await refused(await author.http("POST", "/room/typing", json=big), "too_large")
    path = f"/room/messages/{message.id}"
    await refused(await reader.http("POST", f"{path}/release"), "lease_lost")
    await refused(await reader.http("DELETE", path), "author_only")
    wrong = {"viewing": text(32)}
    await refused(await reader.http("POST", f"{path}/ack", json=wrong), "viewing_wrong")
    attached = Message(attachment=True)
    await refused(await author.post(attached), "attachment_incomplete")
    await refused(await author.send(attached), "attachment_unknown")
    wrong = {"id": attached.attachment, "chunks": 2, "padded": 65536}
    reserving = "/room/attachments"
    await refused(await author.http("POST", reserving, json=wrong), "attachment_size")
    await author.reserve(attached)
    await refused(await reader.reserve(attached), "attachment_conflict")
    chunk = f"{reserving}/{attached.attachment}/0"
    await refused(await author.http("PUT", chunk, json={}), "unsupported_media")
    octets = {"Content-Type": "application/octet-stream", **author.headers}
    large = await client.api.put(chunk, headers=octets, content=bytes(262_161))
    await refused(large, "too_large")
    await author.send(attached)
    await author.post(attached)
    await refused(await reader.fetch(attached), "lease_lost")
    await refused(
        await reader.http("POST", f"/room/messages/{attached.id}/open"), "attachment_client"
    )
    await reader.acknowledge(message)
    await refused(await reader.open(message), "message_gone")
    await author.http("PATCH", "/room", json={"locked": True})
    await reader.http("DELETE", "/room/members")
    await refused(await Member(room).join(), "room_locked")
    await author.http("PATCH", "/room", json={"locked": False})
    await refused(await Member(room).join(resume=pair), "member_taken")


async def test_the_contract_names_every_code_that_the_server_has(contract: dict[str, Any]):
    named = set(re.findall(r"`([a-z_]+)`", json.dumps(contract["paths"])))
    # These belong to no operation: a method that is none, a socket.
    assert set(STATUS) - named == {"method_not_allowed", "replaced"}
    # What is sealed or typed is looked at by clients alone; here no other service opens accounts.
    assert set(ACCOUNT_STATUS) - named == {
        "json_form", "password_length",
        "id_token_wrong", "identity_unknown", "reauthentication_needed", "identity_taken",
        "identity_full",
    }  # fmt: skip
    assert set(CONVERSATION_STATUS) - named == set()
    assert set(FILE_STATUS) - named == set()
