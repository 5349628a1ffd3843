"""Pages of other origins, and what a client would like to see come back in a header.

Credentials are headers and fields of frames, never cookies: a foreign page that sends a visitor's
browser here brings nothing that it doesn't hold itself, and can't read what it is answered.
"""

import asyncio
import re
import urllib.parse
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.machines.server import Program
from support.operations import OPERATIONS
from support.people.raw_client import PATIENCE, Client, Member, Message
from websockets.asyncio.client import connect

FOREIGN = {
    "Origin": "https://evil.example",
    "Referer": "https://evil.example/form",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Cookie": "session=1; locator=2",
}
# What a form may send, and a script without asking first.
SIMPLE = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
ENDS = "\r\nSet-Cookie: planted=1\r\nX-Planted: 1\r\n\r\n<script>"


@pytest.fixture
async def client(shared_server: Program) -> AsyncIterator[Client]:
    async with Client(shared_server.url, shared_server.ws_url) as opened:
        yield opened


def as_a_form(member: Member, message: Message) -> bytes:
    """Credentials and a message where a form could put them."""
    fields = {"locator": member.room.locator, "token": member.token, **message.post}
    return urllib.parse.urlencode(fields).encode()


@pytest.mark.parametrize("media", SIMPLE)
async def test_a_form_of_another_origin_does_nothing(client: Client, media: str):
    """Not even one that knows the room's credentials: there is no field for them in a form."""
    member = await (await client.room()).member()
    message = Message()
    for operation in OPERATIONS:
        if operation.method not in {"GET", "POST"} or operation.path == "/config":
            continue
        answer = await client.api.request(
            operation.method,
            operation.path.replace("{id}", message.id),
            headers=FOREIGN | {"Content-Type": media},
            content=as_a_form(member, message) if operation.method == "POST" else None,
        )
        assert answer.status_code in {400, 401}
    assert (await member.http("GET", "/room/messages")).json()["notices"] == []


async def test_no_answer_admits_other_origins_or_sets_a_cookie(client: Client):
    member = await (await client.room()).member()
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "*"}
    for path in ("/", "/config", "/room", "/rooms", "/room/messages", "/static/js/pages/main.js"):
        for method, headers in (
            ("OPTIONS", asked),
            ("GET", {}),
            ("GET", member.headers),
            ("POST", {}),
        ):
            answer = await client.api.request(method, path, headers=FOREIGN | headers)
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert "set-cookie" not in answer.headers
            assert method != "OPTIONS" or answer.status_code == 405
            policy = answer.headers.get("cross-origin-resource-policy")
            assert policy == "same-origin"


async def test_a_socket_of_another_origin_has_nothing_but_what_it_says_itself(client: Client):
    """It is opened: it could be by any program. Without credentials of its own it gets nowhere."""
    member = await (await client.room()).member()
    cookies = {"Cookie": f"locator={member.room.locator}; token={member.token}"}
    async with connect(
        f"{client.ws_url}?locator={member.room.locator}&token={member.token}",
        origin="https://evil.example",
        additional_headers={**cookies, **member.headers},
        subprotocols=["ephemeral.v1"],
        proxy=None,
    ) as socket:
        await socket.send('[{"type":"ping","ref":1}]')
        async with asyncio.timeout(PATIENCE):
            await socket.wait_closed()
        assert socket.close_code == 4400


# Replays


async def replayed(of: Member, by: Member, message: Message) -> dict[str, tuple[int, str]]:
    """What becomes of everything that `of` could do with a message, sent by somebody else."""
    answers: dict[str, Any] = {
        "open": await by.open(message),
        "acknowledge": await by.acknowledge(message),
        "release": await by.http("POST", f"/room/messages/{message.id}/release"),
        "status": await by.http("POST", "/room/messages/status", json={"ids": [message.id]}),
    }
    return {
        name: (answer.status_code, answer.json().get("error", {}).get("code", "granted"))
        for name, answer in answers.items()
    }


async def test_what_was_sent_in_one_room_has_no_effect_in_another(client: Client):
    """The same ids, envelope and proof, replayed by a member of another room."""
    room, elsewhere = await client.room(seats=3), await client.room(seats=3)
    author, reader = await room.member(), await room.member()
    stranger = await elsewhere.member()
    message = Message()
    assert (await author.post(message)).status_code == 201
    found = await replayed(reader, stranger, message)
    assert {found[name][1] for name in ("open", "acknowledge", "release")} == {"message_unknown"}
    # A message of the same id, envelope and proof may be there as well, and is another one.
    assert (await stranger.post(message)).status_code == 201
    twin = await elsewhere.member()
    assert (await twin.open(message)).status_code == 200
    assert (await twin.acknowledge(message)).json()["state"] == "viewed"
    assert [
        one["id"] for one in (await reader.http("GET", "/room/messages")).json()["notices"]
    ] == [message.id]
    assert (await reader.open(message)).status_code == 200


async def test_a_token_is_of_one_room_and_an_id_of_one_member(client: Client):
    room, elsewhere = await client.room(seats=3), await client.room(seats=3)
    author, reader = await room.member(), await room.member()
    message = Message()
    assert (await author.post(message)).status_code == 201
    mixed = Member(elsewhere)
    mixed.token = author.token
    assert (await mixed.http("GET", "/room/messages")).json()["error"]["code"] == "seat_unknown"
    # The same token makes a seat there, as for anybody, and none of this room's.
    assert (await mixed.join()).status_code == 201
    assert (await mixed.http("GET", "/room/messages")).json()["notices"] == []
    # The post of one member, sent again by another, is no retry.
    answer = await reader.post(message)
    assert answer.json()["error"]["code"] == "message_conflict"
    assert (await author.post(message)).status_code == 200


async def test_what_is_over_stays_over_when_it_is_sent_again(client: Client):
    room = await client.room(seats=3)
    author, reader = await room.member(), await room.member()
    message = Message()
    await author.post(message)
    await reader.open(message)
    await reader.acknowledge(message)
    assert (await author.post(message)).json()["state"] == "viewed"
    assert (await reader.open(message)).json()["error"]["code"] == "message_gone"
    assert (await reader.acknowledge(message)).json()["state"] == "viewed"
    assert (await author.http("DELETE", "/room")).status_code == 204
    for again in (author.post(message), reader.open(message), reader.acknowledge(message)):
        assert (await again).json()["error"]["code"] == "room_unknown"


# Headers


async def raw(program: Program, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
    writer.write(said)
    async with asyncio.timeout(PATIENCE):
        heard = await reader.read()
    writer.close()
    return heard


@pytest.mark.parametrize("encoded", [False, True], ids=["as it is", "encoded"])
@pytest.mark.parametrize(
    "place", ["path", "query", "language", "etag", "host", "subprotocol", "coding", "bearer", "key"]
)
async def test_nothing_that_is_sent_comes_back_as_a_header(
    shared_server: Program, place: str, encoded: bool
):
    """Ends of lines, in everything that could be a part of an answer."""
    evil = urllib.parse.quote(ENDS) if encoded else ENDS.replace("\r\n", "\r")
    headers = {"Host": "x", "Accept": "text/html", "Connection": "close"}
    target = "/"
    match place:
        case "path":
            target = f"/static/{evil}"
        case "query":
            target = f"/?lang={evil}&{evil}=1"
        case "language":
            headers["Accept-Language"] = f"de{evil}"
        case "etag":
            headers["If-None-Match"] = f'"{evil}"'
        case "host":
            headers["Host"] = evil
        case "subprotocol" | "key":
            target = "/room/socket"
            headers |= {
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": evil if place == "key" else "A" * 22 + "==",
                "Sec-WebSocket-Protocol": f"ephemeral.v2{evil}",
            }
        case "coding":
            headers["Accept-Encoding"] = f"br{evil}"
        case "bearer":
            target = "/room"
            headers["Authorization"] = f"Bearer {evil}"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    heard = await raw(shared_server, f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode())
    head = heard.partition(b"\r\n\r\n")[0].lower()
    assert re.match(rb"http/1\.1 [234][0-9][0-9] ", head)
    assert b"planted" not in heard.lower()
    assert b"<script>" not in heard.partition(b"\r\n\r\n")[0]
