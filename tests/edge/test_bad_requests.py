"""Bad input over HTTP: one shape, a stable code, the right status, and the server goes on."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from support.machines.server import Program
from support.people.raw_client import Client, Member, Message, Room, charter, text

from ephemeral.protocol.errors import STATUS
from ephemeral.protocol.limits import FRAME_MAX

# Proper values of so many bytes.
ZEROS = {count: "A" * ((count * 8 + 5) // 6) for count in (16, 32)}


def assert_refused(response, code: str) -> None:
    """The one shape of section 10, with its status and headers."""
    body = response.json()
    assert body.keys() == {"error"}
    expected = {"code", "message", "retry_after"} | ({"state"} if code == "message_gone" else set())
    assert body["error"].keys() == expected
    assert (body["error"]["code"], response.status_code) == (code, STATUS[code][0])
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    retry = body["error"]["retry_after"]
    assert response.headers.get("retry-after") == (None if retry is None else str(retry))


@pytest.fixture
async def room(client: Client) -> Room:
    return await client.room(seats=5)


@pytest.fixture
async def member(room: Room) -> AsyncIterator[Member]:
    """A member whose room still works after whatever the test has done."""
    member = await room.member()
    yield member
    after = Message()
    assert (await member.post(after)).status_code == 201
    assert (await member.http("DELETE", "/room")).status_code == 204


# Bodies

NOT_JSON = [
    b"",
    b"{",
    b"[1]",
    b"null",
    b"{} {}",
    b'{"typing":true,}',
    b'{"typing":NaN}',
    b"{'typing':true}",
    b'{"typing":tru',
    b'\xef\xbb\xbf{"typing":true}',
    b'{"typing":true,"\xff":1}',
    b'{"typing":"\\ud800"}',
    b'{"typing":true,"a":' + b"[" * 90_000,
    b'{"a":' + b"[" * 90_000,
    b'{"typing":1}',
    b'{"typing":"true"}',
    b'{"typing":null}',
    b'{"typing":true,"more":1}',
    b'{"Typing":true}',
]


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:24]))
async def test_a_body_that_is_not_what_was_asked_for_is_malformed(member: Member, body: bytes):
    headers = {**member.headers, "Content-Type": "application/json"}
    api = member.room.api
    assert_refused(
        await api.request("POST", "/room/typing", headers=headers, content=body), "malformed"
    )


async def test_the_last_of_two_equal_keys_counts(member: Member):
    headers = {**member.headers, "Content-Type": "application/json"}
    body = b'{"locked":true,"locked":false}'
    answer = await member.room.api.patch("/room", headers=headers, content=body)
    assert answer.json()["locked"] is False


@pytest.mark.parametrize(
    "media", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]
)
async def test_a_body_of_another_media_type_is_unsupported(member: Member, media: str | None):
    headers = {**member.headers} | ({} if media is None else {"Content-Type": media})
    api = member.room.api
    answer = await api.request("POST", "/room/typing", headers=headers, content=b'{"typing":true}')
    assert_refused(answer, "unsupported_media")


async def test_a_charset_beside_the_media_type_is_taken(member: Member):
    headers = {**member.headers, "Content-Type": "Application/JSON; charset=utf-8"}
    answer = await member.room.api.post("/room/typing", headers=headers, content=b'{"typing":true}')
    assert answer.status_code == 204


async def test_a_body_over_the_limit_is_too_large_whether_announced_or_not(member: Member):
    headers = {**member.headers, "Content-Type": "application/json"}
    big = b'{"typing":true,"x":"' + b"x" * FRAME_MAX + b'"}'

    async def unannounced() -> AsyncIterator[bytes]:
        for start in range(0, len(big), 8192):
            yield big[start : start + 8192]

    for content in (big, unannounced()):
        api = member.room.api
        answer = await api.request("POST", "/room/typing", headers=headers, content=content)
        assert_refused(answer, "too_large")


async def test_a_body_of_exactly_the_limit_is_read(member: Member):
    headers = {**member.headers, "Content-Type": "application/json"}
    body = b'{"typing":true}'.ljust(FRAME_MAX)
    answer = await member.room.api.post("/room/typing", headers=headers, content=body)
    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/room"),
        ("DELETE", "/room"),
        ("DELETE", "/room/members"),
        ("GET", "/room/messages"),
        ("POST", f"/room/messages/{ZEROS[16]}/release"),
        ("GET", f"/room/attachments/{ZEROS[16]}/0"),
        ("DELETE", f"/room/attachments/{ZEROS[16]}"),
    ],
)
async def test_a_body_where_none_belongs_is_malformed(member: Member, method: str, path: str):
    assert_refused(await member.http(method, path, content=b"{}"), "malformed")


@pytest.mark.parametrize("number", ["-1", "x", "1.0", "1e1", "01", "%31x", "9" * 7])
async def test_a_number_of_a_chunk_is_a_whole_number(member: Member, number: str):
    path = f"/room/attachments/{ZEROS[16]}/{number}"
    assert_refused(await member.http("GET", path), "malformed")


@pytest.mark.parametrize("said", [1, None, "true", [True]])
async def test_whether_an_attachment_can_be_shown_is_yes_or_no(member: Member, said: object):
    path = f"/room/messages/{ZEROS[16]}/open"
    assert_refused(await member.http("POST", path, json={"attachment": said}), "malformed")
    for body in ({"content": b""}, {"json": {}}, {"json": {"attachment": False}}):
        assert_refused(await member.http("POST", path, **body), "message_unknown")


async def test_a_message_names_an_attachment_or_none(member: Member):
    for said in (None, "", ZEROS[16][:-1], 1):
        answer = await member.http(
            "POST", "/room/messages", json={**Message().post, "attachment": said}
        )
        assert_refused(answer, "malformed")


# Bytes


def spoiled(value: str) -> list[str]:
    """A base64url value in forms that are not canonical, or of another length."""
    last = chr(ord(value[-1]) + 1)
    return [
        "",
        value[:-1],
        value + "A",
        value + "=",
        value + "==",
        value[:-1] + last,
        "+" + value[1:],
        "/" + value[1:],
        " " + value[1:],
        value[:-1] + "\n",
        value[:-1] + "é",
        value + "\0",
    ]


@pytest.mark.parametrize("value", spoiled(ZEROS[16]), ids=repr)
async def test_an_id_that_is_not_16_canonical_bytes_is_malformed(member: Member, value: str):
    message = Message()
    message.id = value
    assert_refused(await member.post(message), "malformed")
    answer = await member.http("POST", "/room/messages/status", json={"ids": [text(16), value]})
    assert_refused(answer, "malformed")


@pytest.mark.parametrize("value", spoiled(ZEROS[32]), ids=repr)
async def test_viewing_bytes_that_are_not_32_canonical_bytes_are_malformed(
    member: Member, value: str
):
    path = f"/room/messages/{text(16)}/ack"
    assert_refused(await member.http("POST", path, json={"viewing": value}), "malformed")
    message = Message()
    message.viewing_hash = value
    assert_refused(await member.post(message), "malformed")


@pytest.mark.parametrize("value", ["A", "A" * 20, "A" * 23, "%20", "A" * 21 + "é", "..%2F.."])
async def test_an_id_in_a_path_that_is_none_is_malformed(member: Member, value: str):
    answer = await member.http("POST", f"/room/messages/{value}/open")
    assert_refused(answer, "not_found" if "%2F" in value else "malformed")


@pytest.mark.parametrize("size", [0, 1, 511, 513, 1023, 65535, 65537, 70000])
async def test_an_envelope_of_another_size_is_refused_by_its_own_code(member: Member, size: int):
    assert_refused(await member.post(Message(size)), "envelope_size")


@pytest.mark.parametrize("size", [512 << i for i in range(8)])
async def test_an_envelope_of_each_size_class_is_taken(member: Member, size: int):
    message = Message(size)
    assert (await member.post(message)).status_code == 201
    reader = await member.room.member()
    assert (await reader.open(message)).json()["envelope"] == message.envelope


@pytest.mark.parametrize("size", [0, 255, 257, 512])
async def test_a_profile_of_another_size_is_refused_by_its_own_code(room: Room, size: int):
    assert_refused(await Member(room).join(profile=text(size)), "profile_length")


@pytest.mark.parametrize("ids", [[], [ZEROS[16]] * 101, "x", [1], [None], {}])
async def test_a_status_request_of_no_or_too_many_ids_is_malformed(member: Member, ids: object):
    answer = await member.http("POST", "/room/messages/status", json={"ids": ids})
    assert_refused(answer, "malformed")


# Charters


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"version": 0}, "charter_version"),
        ({"version": 2}, "charter_version"),
        ({"suite": 2}, "charter_suite"),
        ({"suite": 0}, "charter_suite"),
        ({"policy": 0}, "charter_policy"),
        ({"policy": 3}, "charter_policy"),
        ({"seats": 1}, "charter_limits"),
        ({"seats": 51}, "charter_limits"),
        ({"seats": 65535}, "charter_limits"),
        ({"message_ttl": 59}, "charter_limits"),
        ({"message_ttl": 604801}, "charter_limits"),
        ({"message_ttl": 2**32 - 1}, "charter_limits"),
        ({"room_ttl": 299}, "charter_limits"),
        ({"room_ttl": 2592001}, "charter_limits"),
        ({"room_ttl": 2**32 - 1}, "charter_limits"),
    ],
    ids=str,
)
async def test_a_charter_against_the_rules_is_refused_by_its_own_code(
    client: Client, fields: dict[str, int], code: str
):
    assert_refused(await Room(client.api, client.ws_url, **fields).create(), code)


@pytest.mark.parametrize("size", [0, 44, 46, 1000])
async def test_a_charter_of_another_length_is_refused_by_its_own_code(client: Client, size: int):
    room = Room(client.api, client.ws_url)
    room.charter = text(size)
    assert_refused(await room.create(), "charter_length")


async def test_a_charter_or_mac_that_is_no_base64_is_malformed(client: Client):
    room = Room(client.api, client.ws_url)
    room.charter = room.charter[:-1] + "="
    assert_refused(await room.create(), "malformed")
    room = Room(client.api, client.ws_url)
    room.mac = text(31)
    assert_refused(await room.create(), "malformed")


async def test_another_charter_for_a_room_that_lives_is_refused(room: Room):
    assert (await room.create()).status_code == 200
    room.charter = charter()
    assert_refused(await room.create(), "room_exists")


# Credentials

BAD_BEARERS = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": f"Basic {ZEROS[32]}"},
    {"Authorization": ZEROS[32]},
    {"Authorization": f"Bearer {ZEROS[32][1:]}"},
    {"Authorization": f"Bearer {ZEROS[32]}A"},
    {"Authorization": f"Bearer {ZEROS[32]}="},
    {"Authorization": f"Bearer  {ZEROS[32]}"},
    {"Authorization": f"Bearer {ZEROS[32]}, Bearer {ZEROS[32]}"},
    {"Authorization": f"Bearer {'x' * 8000}"},
    {"Authorization": b"Bearer \xc3\xa9" + b"A" * 42},
    {"Authorization": f"Bearer {ZEROS[32][:-1]}B"},
]


@pytest.mark.parametrize("headers", BAD_BEARERS, ids=lambda headers: str(headers)[:60])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/rooms"),
        ("GET", "/room"),
        ("PATCH", "/room"),
        ("DELETE", "/room"),
        ("POST", "/room/members"),
        ("DELETE", "/room/members"),
        ("GET", "/room/record"),
        ("GET", "/room/messages"),
        ("POST", "/room/messages"),
        ("POST", f"/room/messages/{ZEROS[16]}/open"),
        ("POST", f"/room/messages/{ZEROS[16]}/ack"),
        ("POST", f"/room/messages/{ZEROS[16]}/release"),
        ("POST", "/room/messages/status"),
        ("POST", "/room/typing"),
    ],
)
async def test_without_a_proper_locator_nothing_is_said(
    client: Client, method: str, path: str, headers: dict[str, str]
):
    headers = headers | {"Ephemeral-Member": text(32)}
    answer = await client.api.request(method, path, headers=headers)
    assert_refused(answer, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", [None, "", "A" * 42, "A" * 44, "x" * 8000, "A" * 43 + "="])
async def test_without_a_proper_token_a_seat_is_not_looked_for(room: Room, token: str | None):
    headers = {**room.headers} | ({} if token is None else {"Ephemeral-Member": token})
    for method, path in (
        ("DELETE", "/room"),
        ("GET", "/room/messages"),
        ("GET", "/room/record"),
    ):
        answer = await room.api.request(method, path, headers=headers)
        assert_refused(answer, "unauthorized")


@pytest.mark.parametrize("name", ["Authorization", "Ephemeral-Member"])
async def test_a_credential_given_twice_is_unauthorized(member: Member, name: str):
    headers = [*member.headers.items(), (name, member.headers[name])]
    assert_refused(await member.room.api.get("/room/messages", headers=headers), "unauthorized")


async def test_credentials_in_a_query_or_a_body_are_none(member: Member):
    query = {"locator": member.room.locator, "token": member.token}
    assert_refused(await member.room.api.get("/room/messages", params=query), "unauthorized")
    api = member.room.api
    assert_refused(await api.post("/room/members", json=query), "unauthorized")


async def test_a_token_without_a_seat_is_told_so_and_a_wrong_locator_is_not(member: Member):
    stranger = Member(member.room)
    assert_refused(await stranger.http("GET", "/room/messages"), "seat_unknown")
    elsewhere = Member(Room(member.room.api, member.room.ws_url))
    assert_refused(await elsewhere.http("GET", "/room/messages"), "room_unknown")


async def test_a_wrong_code_a_destroyed_and_a_never_made_room_answer_alike(client: Client):
    destroyed = await client.room()
    member = await destroyed.member()
    assert (await member.http("DELETE", "/room")).status_code == 204
    never = Member(Room(client.api, client.ws_url))
    for method, path, body in (
        ("GET", "/room", None),
        ("DELETE", "/room", None),
        ("PATCH", "/room", {"locked": True}),
        ("POST", "/room/members", {}),
        ("POST", "/room/messages", Message().post),
        ("POST", f"/room/messages/{text(16)}/open", None),
    ):
        options = {} if body is None else {"json": body}
        one = await member.http(method, path, **options)
        other = await never.http(method, path, **options)
        assert_refused(one, "room_unknown")
        assert one.content == other.content
        # All but the second in which it was answered.
        assert dict(one.headers) | {"date": ""} == dict(other.headers) | {"date": ""}


@pytest.mark.parametrize("token", ["", "A" * 42, "x" * 4000])
async def test_a_resume_token_that_is_none_is_unauthorized(client: Client, token: str):
    answer = await client.api.post("/room/members", headers={"Ephemeral-Resume": token})
    assert_refused(answer, "unauthorized")


async def test_an_unknown_resume_token_is_told_so(client: Client):
    answer = await client.api.post("/room/members", headers={"Ephemeral-Resume": text(32)})
    assert_refused(answer, "resume_unknown")


async def test_a_resume_token_comes_alone(member: Member):
    resume = {"Ephemeral-Resume": text(32)}
    api = member.room.api
    for headers in (member.headers, member.room.headers, {"Ephemeral-Member": member.token}):
        answer = await api.post("/room/members", headers={**headers, **resume})
        assert_refused(answer, "malformed")
    answer = await api.post("/room/members", headers=resume, json={})
    assert_refused(answer, "malformed")


# Messages


async def test_a_message_id_used_again_by_another_or_with_other_bytes_is_a_conflict(
    member: Member,
):
    message = Message()
    assert (await member.post(message)).status_code == 201
    other = await member.room.member()
    assert_refused(await other.post(message), "message_conflict")
    changed = Message()
    changed.id = message.id
    assert_refused(await member.post(changed), "message_conflict")
    assert (await other.open(message)).json()["envelope"] == message.envelope


async def test_wrong_viewing_bytes_destroy_nothing(member: Member):
    message = Message()
    await member.post(message)
    reader = await member.room.member()
    path = f"/room/messages/{message.id}/ack"
    answer = await reader.http("POST", path, json={"viewing": text(32)})
    assert_refused(answer, "viewing_wrong")
    assert (await reader.open(message)).status_code == 200


async def test_one_message_is_read_by_one_member_at_a_time(member: Member):
    message = Message()
    await member.post(message)
    reader, late = await member.room.member(), await member.room.member()
    assert_refused(await member.open(message), "message_author")
    assert (await reader.open(message)).status_code == 200
    answer = await late.open(message)
    assert_refused(answer, "message_leased")
    assert 1 <= answer.json()["error"]["retry_after"] <= 120
    release = f"/room/messages/{message.id}/release"
    assert_refused(await late.http("POST", release), "lease_lost")
    await reader.acknowledge(message)
    assert_refused(await late.open(message), "message_gone")
    unknown = Message()
    assert_refused(await late.open(unknown), "message_unknown")


# Paths and methods


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/rooms", {"POST"}),
        ("PUT", "/room", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("OPTIONS", "/room", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("GET", "/room/members", {"POST", "DELETE"}),
        ("DELETE", "/room/messages", {"GET", "HEAD", "POST"}),
        ("GET", f"/room/messages/{ZEROS[16]}/open", {"POST"}),
        ("POST", "/config", {"GET", "HEAD"}),
        ("POST", "/", {"GET", "HEAD"}),
        ("POST", "/static/js/pages/main.js", {"GET", "HEAD"}),
        ("PROPFIND", "/room", {"GET", "HEAD", "PATCH", "DELETE"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    client: Client, method: str, path: str, allowed: set[str]
):
    answer = await client.api.request(method, path)
    assert_refused(answer, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/room/",
        "/rooms/",
        "/%2Froom",
        "/ROOM",
        "/config/",
        "/static",
        "/room/messages/x/y",
    ],
)
async def test_an_unknown_path_is_not_found(client: Client, path: str):
    assert_refused(await client.api.get(path), "not_found")


async def test_head_is_as_get_without_the_body(member: Member):
    api = member.room.api
    for path, headers in (("/config", {}), ("/room", member.headers), ("/nothing", {})):
        got = await api.get(path, headers=headers)
        head = await api.head(path, headers=headers)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


async def test_the_socket_is_no_page(client: Client):
    assert_refused(await client.api.get("/room/socket"), "malformed")


# What isn't HTTP


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\0B: c\r\n\r\n",
    ],
    ids=repr,
)
async def test_what_is_not_http_gets_the_same_shape(
    shared_server: Program, client: Client, request_bytes: bytes
):
    reader, writer = await asyncio.open_connection("127.0.0.1", shared_server.port)
    writer.write(request_bytes)
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["code"] in {"malformed", "unauthorized"}
    assert (await client.api.get("/config")).status_code == 200


async def test_a_request_that_is_given_up_half_way_is_no_fault(
    shared_server: Program, client: Client
):
    _, writer = await asyncio.open_connection("127.0.0.1", shared_server.port)
    head = "\r\n".join(
        [
            "POST /room/typing HTTP/1.1",
            "Host: x",
            "Content-Type: application/json",
            "Content-Length: 1000",
            f"Authorization: Bearer {text(32)}",
            f"Ephemeral-Member: {text(32)}",
        ]
    )
    writer.write(f"{head}\r\n\r\n".encode() + b'{"typ')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.api.get("/config")).status_code == 200
