"""Bad input over sockets: one shape of errors, the right close code, and the server goes on."""

import asyncio
import base64
import json
import secrets

import pytest
from support.machines.server import Program
from support.people.raw_client import Client, Line, Member, Message, Room, text
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from ephemeral.protocol.errors import STATUS
from ephemeral.protocol.limits import FRAME_MAX, FRAMES_MAX

ZERO_ID, ZERO_SECRET = "A" * 22, "A" * 43
WRONG_GENERATIONS = ("0", "-1", "1.5", "9007199254740992", '"1"', "null", "true")


@pytest.fixture
async def room(client: Client) -> Room:
    return await client.room(seats=5)


def assert_error(frame: dict[str, object], code: str, ref: int | None) -> None:
    """The one shape of section 10, in a frame."""
    assert frame.keys() == {"type", "ref", "error"}
    assert (frame["type"], frame["ref"]) == ("error", ref)
    error = frame["error"]
    assert isinstance(error, dict)
    assert error.keys() >= {"code", "message", "retry_after"}
    assert error["code"] == code
    assert code in STATUS


async def assert_closed(line: Line, code: int, why: str) -> None:
    """The socket says why and closes."""
    closed, frames = await line.end()
    assert closed == code
    assert_error(frames[-1], why, None)


async def assert_serves(room: Room) -> None:
    """The room still works for somebody else."""
    member = await room.member()
    async with member.line() as line:
        assert (await line.ask("ping"))["type"] == "ok"


# Messages that are none

PING = '{"type":"ping","ref":1}'
HELLO = (
    f'{{"type":"hello","ref":1,"locator":"{ZERO_SECRET}","token":"{ZERO_SECRET}","generation":1}}'
)
NO_ARRAYS = [
    "",
    "{",
    "[",
    "[]",
    "{}",
    "null",
    "1",
    '"ping"',
    PING,
    f"[{PING}",
    f"[{PING},]",
    f"[{PING}]]",
    f"[{PING}][{PING}]",
    f"[[{PING}]]",
    f"[{PING},[{PING}]]",
    f"[{PING},null]",
    "[" + ",".join([PING] * (FRAMES_MAX + 1)) + "]",
    "[" * 90_000,
]
NO_FRAMES = [
    "null",
    "1",
    '"post"',
    "{}",
    '{"ref":1}',
    '{"type":"ping"}',
    '{"type":"nothing","ref":1}',
    '{"type":1,"ref":1}',
    '{"type":null,"ref":1}',
    '{"type":"ping","ref":-1}',
    '{"type":"ping","ref":9007199254740992}',
    '{"type":"ping","ref":1e400}',
    '{"type":"ping","ref":' + "9" * 5000 + "}",
    '{"type":"ping","ref":1.5}',
    '{"type":"ping","ref":true}',
    '{"type":"ping","ref":"1"}',
    '{"type":"ping","ref":null}',
    '{"type":"ping","ref":NaN}',
    '{"type":"ping","ref":1,"more":1}',
    '{"type":"ping","ref":1}{"type":"ping","ref":2}',
    '{"type":"ping","ref":1,"x":"\\ud800"}',
    '{"x":' + "[" * 90_000,
    '{"type":"open","ref":1}',
    '{"type":"open","ref":1,"id":null}',
    f'{{"type":"open","ref":1,"id":"{ZERO_ID}="}}',
    f'{{"type":"open","ref":1,"id":"{ZERO_ID[:-1]}B"}}',
    '{"type":"open","ref":1,"id":"AAAA"}',
    '{"type":"release","ref":1,"id":"AAAA"}',
    f'{{"type":"ack","ref":1,"id":"{ZERO_ID}","viewing":"AAAA"}}',
    f'{{"type":"ack","ref":1,"id":"{ZERO_ID}"}}',
    '{"type":"status","ref":1,"ids":[]}',
    f'{{"type":"status","ref":1,"ids":["{ZERO_ID}",1]}}',
    f'{{"type":"status","ref":1,"ids":["{ZERO_ID}","AAAA"]}}',
    f'{{"type":"status","ref":1,"ids":["{ZERO_ID}","{ZERO_ID}"]}}',
    '{"type":"lock","ref":1,"locked":1}',
    '{"type":"typing","typing":"yes"}',
    '{"type":"post","ref":1,"id":"AA","envelope":"AA","viewing_hash":"AA"}',
    # What HTTP has is not asked for here, and nobody comes twice.
    HELLO,
    '{"type":"messages","ref":1}',
    '{"type":"room","ref":1}',
    f'{{"type":"create","ref":1,"charter":"{"A" * 60}","mac":"{ZERO_SECRET}"}}',
    '{"type":"join","ref":1}',
    f'{{"type":"resume","ref":1,"resume":"{ZERO_SECRET}"}}',
]


async def welcomed(line: Line, member: Member) -> None:
    """Say hello on a socket that has not."""
    assert (await line.ask("hello", **member.greeting))["type"] == "welcome"


@pytest.mark.parametrize("message", NO_ARRAYS, ids=lambda message: message[:40])
async def test_a_message_that_is_no_array_of_frames_closes_with_4400(room: Room, message: str):
    member = await room.member()
    async with member.line() as line:
        await line.socket.send(message)
        await assert_closed(line, 4400, "malformed")
    await assert_serves(room)


@pytest.mark.parametrize("frame", NO_FRAMES, ids=lambda frame: frame[:70])
async def test_one_malformed_frame_closes_with_4400_and_nothing_of_its_message_is_done(
    room: Room, frame: str
):
    """Wherever it stands: what is before it is not done either."""
    member = await room.member()
    done = json.dumps({"type": "post", "ref": 7, **Message().post})
    for frames in ([frame], [done, frame], [frame, done]):
        async with member.line() as line:
            await line.socket.send(f"[{','.join(frames)}]")
            await assert_closed(line, 4400, "malformed")
            assert [one for one in line.frames if one.get("ref") == 7] == []
    assert await member.waiting() == []


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        "[{}]",
        HELLO,
        f"[{PING}]",
        f"[{HELLO},{PING}]",
        f'[{{"type":"open","ref":1,"id":"{ZERO_ID}"}}]',
        f'[{{"type":"create","ref":1,"locator":"{ZERO_SECRET}"}}]',
        f'[{{"type":"resume","ref":1,"resume":"{ZERO_SECRET}"}}]',
        *(
            f"[{HELLO.replace(*changed)}]"
            for changed in (
                (',"generation":1', ""),
                *((":1}", f":{wrong}}}") for wrong in WRONG_GENERATIONS),
                (f'"{ZERO_SECRET}"', "null"),
                ('"ref":1,', ""),
            )
        ),
    ],
    ids=lambda message: message[:50] + message[-20:],
)
async def test_the_first_message_is_a_whole_hello_alone(room: Room, message: str):
    async with room.line() as line:
        await line.socket.send(message)
        await assert_closed(line, 4400, "malformed")
    await assert_serves(room)


async def test_a_binary_message_closes_with_4400(room: Room):
    member = await room.member()
    async with member.line() as line:
        await line.socket.send(b'[{"type":"ping","ref":1}]')
        await assert_closed(line, 4400, "malformed")


async def test_text_that_is_not_utf_8_closes_with_1007(room: Room):
    member = await room.member()
    async with member.line() as line:
        await line.socket.send(b"\xff\xfe", text=True)
        assert (await line.end())[0] == 1007
    await assert_serves(room)


async def test_a_message_over_the_limit_closes_with_1009(room: Room):
    member = await room.member()
    async with member.line() as line:
        await line.socket.send(f"[{PING}]".ljust(FRAME_MAX + 1))
        assert (await line.end())[0] == 1009
    await assert_serves(room)


async def test_a_message_of_exactly_the_limit_is_read_even_in_pieces(room: Room):
    member = await room.member()
    frame = '[{"type":"ping","ref":7}]'.ljust(FRAME_MAX)
    async with member.line() as line:
        await line.socket.send(frame)
        assert (await line.answer(7))["type"] == "ok"
        await line.socket.send([frame[:10], frame[10:70_000], frame[70_000:]])
        assert (await line.answer(7))["type"] == "ok"


# Refusals that don't close


async def test_a_refusal_is_an_answer_and_the_socket_stays(room: Room):
    author, reader = await room.member(), await room.member()
    message, unknown = Message(), Message()
    async with author.line() as line, reader.line() as other:
        await line.ask("post", **message.post)
        for kind, fields, code in (
            ("open", {"id": message.id}, "message_author"),
            ("ack", {"id": message.id, "viewing": message.viewing}, "message_author"),
            ("open", {"id": unknown.id}, "message_unknown"),
            ("post", Message(500).post, "envelope_size"),
            ("post", {**Message().post, "id": message.id}, "message_conflict"),
        ):
            answer = await line.ask(kind, **fields)
            assert_error(answer, code, answer["ref"])
        for kind, fields, code in (
            ("release", {"id": message.id}, "lease_lost"),
            ("ack", {"id": message.id, "viewing": text(32)}, "viewing_wrong"),
        ):
            answer = await other.ask(kind, **fields)
            assert_error(answer, code, answer["ref"])
        await other.ask("ack", id=message.id, viewing=message.viewing)
        answer = await line.ask("open", id=message.id)
        assert_error(answer, "message_gone", answer["ref"])
        assert answer["error"]["state"] == "viewed"
        assert (await line.ask("ping"))["type"] == "ok"


# hello


async def assert_turned_away(line: Line, code: int, why: str, **hello: object) -> None:
    """A hello is refused by its answer alone, and the socket closed."""
    ref = await line.send("hello", **hello)
    closed, frames = await line.end()
    assert closed == code
    [refusal] = frames
    assert_error(refusal, why, ref)


@pytest.mark.parametrize("value", ["", "A" * 42, "A" * 44, "A" * 42 + "B", "x" * 5000, "é" * 43])
@pytest.mark.parametrize("field", ["locator", "token"])
async def test_malformed_credentials_at_hello_close_with_4401(room: Room, field: str, value: str):
    member = await room.member()
    async with room.line() as line:
        await assert_turned_away(line, 4401, "unauthorized", **{**member.greeting, field: value})


async def test_a_token_without_a_seat_closes_with_4401(room: Room):
    async with room.line() as line:
        await assert_turned_away(line, 4401, "seat_unknown", **Member(room).greeting)


async def test_a_wrong_code_a_destroyed_and_a_never_made_room_close_alike(client: Client):
    destroyed = await client.room()
    member = await destroyed.member()
    await member.http("DELETE", "/room")
    for room in (destroyed, Room(client.api, client.ws_url)):
        member.room = room
        async with room.line() as line:
            await assert_turned_away(line, 4404, "room_unknown", **member.greeting)


# The handshake


@pytest.mark.parametrize("subprotocols", [None, ["ephemeral.v2"], ["ephemeral.v10", "chat"]])
async def test_a_handshake_without_the_subprotocol_is_malformed(
    client: Client, subprotocols: list[str] | None
):
    with pytest.raises(InvalidStatus) as refused:
        async with connect(client.ws_url, subprotocols=subprotocols, proxy=None):
            pass
    response = refused.value.response
    assert response.status_code == 400
    assert json.loads(response.body)["error"]["code"] == "malformed"
    assert response.headers["Cache-Control"] == "no-store"


async def test_another_subprotocol_may_be_offered_beside_ours(client: Client):
    async with connect(client.ws_url, subprotocols=["x", "ephemeral.v1"], proxy=None) as socket:
        assert socket.subprotocol == "ephemeral.v1"


@pytest.mark.parametrize("path", ["/room/socket/", "/socket", "/", "/config", "/static/x.js"])
async def test_there_is_no_other_socket(client: Client, path: str):
    address = client.ws_url.replace("/room/socket", path)
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address, subprotocols=["ephemeral.v1"], proxy=None):
            pass
    response = refused.value.response
    assert response.status_code == 404
    assert json.loads(response.body)["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "changed",
    [
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": ""},
    ],
    ids=str,
)
async def test_a_handshake_that_is_none_gets_the_one_shape(
    shared_server: Program, client: Client, changed: dict[str, str]
):
    headers = {
        "Host": "localhost",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "Sec-WebSocket-Protocol": "ephemeral.v1",
    } | changed
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    reader, writer = await asyncio.open_connection("127.0.0.1", shared_server.port)
    writer.write(f"GET /room/socket HTTP/1.1\r\n{lines}\r\n".encode())
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["code"] == "malformed"
    assert (await client.api.get("/config")).status_code == 200
