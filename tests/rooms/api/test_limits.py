"""How often may be asked, by address, room and member: over HTTP and sockets alike.

One server trusts this machine as a proxy, so that each test comes from addresses of its own. Its
limits are a few at once and nothing more for an hour.
"""

import asyncio
import functools
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from support.machines.database import Server as Postgres
from support.machines.server import Program, Serve
from support.operations import OPERATIONS
from support.people.raw_client import Client, Line, Member, Message, Room, text
from websockets.exceptions import InvalidStatus

LIMITS = {
    "TRUSTED_PROXIES": "127.0.0.1",
    "CREATES_PER_ADDRESS": "3/3600",
    "JOINS_PER_ADDRESS": "6/3600",
    "JOINS_PER_ROOM": "5/3600",
    "MISSES_PER_ADDRESS": "6/3600",
    "CONNECTS_PER_ADDRESS": "8/3600",
    "CONNECTS_PER_ROOM": "6/3600",
    "POSTS_PER_ADDRESS": "7/3600",
    "POST_BYTES_PER_ADDRESS": "131072/3600",
    "POSTS_PER_ROOM": "5/3600",
    "POSTS_PER_SEAT": "3/3600",
    "OPENS_PER_ADDRESS": "7/3600",
    "OPENS_PER_ROOM": "5/3600",
    "OPENS_PER_SEAT": "3/3600",
    "STATES_PER_ADDRESS": "7/3600",
    "STATES_PER_ROOM": "5/3600",
    "STATES_PER_SEAT": "3/3600",
    "CONNECTIONS_PER_ADDRESS": "4",
    "CONNECTIONS_PER_ROOM": "3",
}
# Of the networks that are kept for documents (RFC 3849, RFC 5737), and found nowhere else.
NUMBERS = itertools.count(1)
NOWHERE = ("2001:db8:", "20010db8", "203.0.113.", "cb0071")

Ask = Callable[[Member], Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
def limited(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    starting = Serve(postgres, tmp_path_factory.mktemp("limited"))
    running = starting(**LIMITS)
    running.forbid(*NOWHERE)
    yield running
    starting.close()


class People:
    """Clients of the limited server, each from an address of its own."""

    def __init__(self, server: Program, stack: AsyncExitStack) -> None:
        self._server = server
        self._stack = stack

    async def __call__(self, address: str | None = None) -> Client:
        sent_from = address or f"2001:db8:{next(NUMBERS):x}::1"
        client = Client(self._server.url, self._server.ws_url, sent_from)
        return await self._stack.enter_async_context(client)

    async def room(self) -> Room:
        """A room that an address of its own has made."""
        return await (await self()).room(seats=10)

    async def member(self, room: Room, client: Client | None = None) -> Member:
        """A member of a room, who joined from one address and from now on comes from another."""
        joined = await elsewhere(room, await self()).member()
        joined.room = elsewhere(room, client or await self())
        return joined


@pytest.fixture
async def people(limited: Program) -> Any:
    async with AsyncExitStack() as stack:
        yield People(limited, stack)


def elsewhere(room: Room, client: Client) -> Room:
    """The same room, as it is reached from another address."""
    same = Room(client.api, client.ws_url)
    same.locator, same.charter, same.mac = room.locator, room.charter, room.mac
    return same


def is_limited(answer: httpx.Response) -> bool:
    """Whether it is the one answer to whoever asks too often; nothing else has that code."""
    if answer.status_code != 429:
        return False
    error = answer.json()["error"]
    assert answer.json().keys() == {"error"}
    assert error.keys() == {"code", "message", "retry_after"}
    assert error["code"] == "too_many"
    assert error["message"] == "Too much at once. Wait a moment."
    assert 1 <= error["retry_after"] <= 3600
    assert answer.headers["Retry-After"] == str(error["retry_after"])
    assert answer.headers["Content-Type"] == "application/json"
    return True


def is_refused(frame: dict[str, Any]) -> bool:
    """The same for a frame."""
    if frame["type"] != "error" or frame["error"]["code"] != "too_many":
        return False
    assert 1 <= frame["error"]["retry_after"] <= 3600
    return True


async def counted(ask: Callable[[], Awaitable[httpx.Response]]) -> int:
    """How often that is answered before it is refused; from then on it stays refused."""
    done = 0
    while not is_limited(await ask()):
        done += 1
        assert done < 20
    assert is_limited(await ask())
    return done


def test_everything_that_names_a_room_is_counted():
    rest = {one.path for one in OPERATIONS if one.action is None}
    assert rest == {"/config", "/room/socket"}
    assert not [one.name for one in OPERATIONS if one.caller.credentials and one.action is None]


# --- rooms and seats ------------------------------------------------------------------------------


async def test_an_address_makes_so_many_rooms_and_another_is_not_hindered(people: People):
    client, other = await people(), await people()
    assert await counted(lambda: Room(client.api, client.ws_url).create()) == 3
    assert (await Room(other.api, other.ws_url).create()).status_code == 201


async def test_who_may_not_make_rooms_may_still_join_one(people: People):
    client, room = await people(), await people.room()
    await counted(lambda: Room(client.api, client.ws_url).create())
    assert (await Member(elsewhere(room, client)).join()).status_code == 201


async def test_an_address_joins_so_often(people: People):
    client, rooms = await people(), [await people.room() for _ in range(2)]
    every = itertools.cycle([elsewhere(room, client) for room in rooms])
    assert await counted(lambda: Member(next(every)).join()) == 6


async def test_a_room_is_joined_so_often_wherever_from(people: People):
    room = await people.room()
    clients = [await people() for _ in range(3)]
    every = itertools.cycle([elsewhere(room, client) for client in clients])
    assert await counted(lambda: Member(next(every)).join()) == 5
    assert (await Member(await people.room()).join()).status_code == 201


async def test_resuming_counts_as_joining(people: People):
    client, room = await people(), await people.room()
    token = text(32)
    await elsewhere(room, client).member(resume={"token": token, "key": text(32)})

    async def resume() -> httpx.Response:
        return await client.api.post("/room/members", headers={"Ephemeral-Resume": token})

    assert await counted(resume) == 5


# --- rooms that aren't there ----------------------------------------------------------------------


def looking_from_outside(room: Room) -> Awaitable[httpx.Response]:
    """By the code alone."""
    return room.api.get("/room", headers=room.headers)


def everything(member: Member) -> dict[str, Callable[[], Awaitable[httpx.Response]]]:
    """All that can be asked of a room."""
    message = Message()
    return {
        "look": lambda: looking_from_outside(member.room),
        "look with a seat": lambda: member.http("GET", "/room"),
        "join": member.join,
        "leave": lambda: member.http("DELETE", "/room/members"),
        "lock": lambda: member.http("PATCH", "/room", json={"locked": True}),
        "destroy": lambda: member.http("DELETE", "/room"),
        "list": lambda: member.http("GET", "/room/messages"),
        "record": lambda: member.http("GET", "/room/record"),
        "state": lambda: watching(member),
        "post": lambda: member.post(message),
        "open": lambda: member.open(message),
        "acknowledge": lambda: member.acknowledge(message),
        "release": lambda: member.http("POST", f"/room/messages/{message.id}/release"),
        "status": lambda: member.http("POST", "/room/messages/status", json={"ids": [message.id]}),
        "type": lambda: member.http("POST", "/room/typing", json={"typing": True}),
    }


async def test_an_address_asks_for_so_many_rooms_that_are_not_there(people: People):
    client = await people()

    async def look() -> httpx.Response:
        return await looking_from_outside(Room(client.api, client.ws_url))

    assert await counted(look) == 6


async def test_rooms_that_are_asked_for_at_the_same_time_are_no_more(people: People):
    client = await people()
    rooms = [Room(client.api, client.ws_url) for _ in range(40)]
    answers = await asyncio.gather(*map(looking_from_outside, rooms))
    assert sum(answer.status_code == 404 for answer in answers) <= 6
    assert all(answer.status_code == 404 or is_limited(answer) for answer in answers)


async def test_whoever_guesses_learns_no_more_even_of_rooms_that_are_there(people: People):
    """The answer is one and the same for every request, with every credential."""
    guesser, there = await people(), await people.room()
    present = await people.member(there, guesser)
    wrong = Member(elsewhere(there, guesser))
    never = Member(Room(guesser.api, guesser.ws_url))
    for _ in range(6):
        await looking_from_outside(Room(guesser.api, guesser.ws_url))
    shapes = set()
    for member in (present, wrong, never):
        for name, ask in everything(member).items():
            answer = await ask()
            assert is_limited(answer), name
            body = {**answer.json()["error"], "retry_after": None}
            headers = {
                key: value
                for key, value in answer.headers.items()
                if key not in {"date", "retry-after", "content-length"}
            }
            shapes.add(json.dumps([body, headers], sort_keys=True))
        async with member.room.line() as line:
            said = await line.ask("hello", **member.greeting)
            assert is_refused(said)
            assert await line.end() == (4429, [])
    assert len(shapes) == 1


async def test_a_guesser_can_still_make_a_room_and_its_open_sockets_live_on(people: People):
    guesser, there = await people(), await people.room()
    member = await people.member(there, guesser)
    async with member.line() as line:
        for _ in range(7):
            await looking_from_outside(Room(guesser.api, guesser.ws_url))
        assert is_limited(await member.http("GET", "/room"))
        assert (await line.ask("post", **Message().post))["type"] == "ok"
    assert (await Room(guesser.api, guesser.ws_url).create()).status_code == 201


async def test_a_proof_that_fails_counts_as_five_wrong_codes(people: People):
    room = await people.room()
    present = await people.member(room)
    message = Message()
    await present.post(message)
    reader = await people.member(room)
    await reader.open(message)

    async def token(client: Client) -> httpx.Response:
        return await Member(elsewhere(room, client)).http("GET", "/room")

    async def resume(client: Client) -> httpx.Response:
        return await client.api.post("/room/members", headers={"Ephemeral-Resume": text(32)})

    async def viewing(client: Client) -> httpx.Response:
        reader.room = elsewhere(room, client)
        wrong = Message()
        wrong.id = message.id
        return await reader.acknowledge(wrong)

    for proof, code in (
        (token, "seat_unknown"),
        (resume, "resume_unknown"),
        (viewing, "viewing_wrong"),
    ):
        client = await people()
        assert (await proof(client)).json()["error"]["code"] == code
        nowhere = Room(client.api, client.ws_url)
        assert await counted(functools.partial(looking_from_outside, nowhere)) == 1, code


async def test_a_proof_that_fails_over_a_socket_counts_the_same(people: People):
    room = await people.room()
    author, reader = await people.member(room), await people.member(room)
    message = Message()
    await author.post(message)
    async with reader.line() as line:
        await line.ask("open", id=message.id)
        wrong = await line.ask("ack", id=message.id, viewing=text(32))
        assert wrong["error"]["code"] == "viewing_wrong"
    nowhere = Room(reader.room.api, reader.room.ws_url)
    assert await counted(functools.partial(looking_from_outside, nowhere)) == 1


async def test_a_hello_to_a_room_that_is_not_there_counts(people: People):
    client = await people()
    room = Room(client.api, client.ws_url)
    for _ in range(6):
        async with room.line() as line:
            await line.ask("hello", **Member(Room(client.api, client.ws_url)).greeting)
            assert (await line.end())[0] == 4404
    assert is_limited(await looking_from_outside(room))


# --- what members do ------------------------------------------------------------------------------


async def many(line: Line, kind: str, count: int, **fields: object) -> list[bool]:
    """Which of so many frames are refused."""
    return [is_refused(await line.ask(kind, **fields)) for _ in range(count)]


def posting(member: Member) -> Awaitable[httpx.Response]:
    return member.post(Message())


def opening(member: Member) -> Awaitable[httpx.Response]:
    return member.open(Message())


def releasing(member: Member) -> Awaitable[httpx.Response]:
    return member.http("POST", f"/room/messages/{text(16)}/release")


def typing(member: Member) -> Awaitable[httpx.Response]:
    return member.http("POST", "/room/typing", json={"typing": True})


def listing(member: Member) -> Awaitable[httpx.Response]:
    return member.http("GET", "/room/messages")


def looking(member: Member) -> Awaitable[httpx.Response]:
    return member.http("GET", "/room")


def recording(member: Member) -> Awaitable[httpx.Response]:
    return member.http("GET", "/room/record")


def watching(member: Member) -> Awaitable[httpx.Response]:
    return member.http("GET", "/room/state")


def asking(member: Member) -> Awaitable[httpx.Response]:
    return member.http("POST", "/room/messages/status", json={"ids": [text(16)]})


def locking(member: Member) -> Awaitable[httpx.Response]:
    return member.http("PATCH", "/room", json={"locked": False})


OFTEN = [
    posting, opening, releasing, typing, listing, looking, recording, watching, asking, locking,
]  # fmt: skip


@pytest.mark.parametrize("ask", OFTEN)
async def test_a_member_a_room_and_an_address_each_ask_so_often(people: People, ask: Ask):
    client, room = await people(), await people.room()
    # From wherever one member comes.
    member = await people.member(room)
    homes = itertools.cycle([elsewhere(room, await people()) for _ in range(2)])

    async def moving() -> httpx.Response:
        member.room = next(homes)
        return await ask(member)

    assert await counted(moving) == 3
    # Whoever the members are.
    others = [await people.member(room) for _ in range(2)]
    assert [is_limited(await ask(others[number % 2])) for number in range(3)] == [
        False, False, True,
    ]  # fmt: skip
    # Whatever the rooms are.
    rooms = [await people.room() for _ in range(5)]
    scattered = itertools.cycle([await people.member(one, client) for one in rooms])
    assert await counted(lambda: ask(next(scattered))) == 7


FRAMES: list[tuple[Ask, str, Callable[[], dict[str, object]]]] = [
    (posting, "post", lambda: dict(Message().post)),
    (opening, "open", lambda: {"id": text(16)}),
    (opening, "release", lambda: {"id": text(16)}),
    (opening, "ack", lambda: {"id": text(16), "viewing": text(32)}),
    (opening, "withdraw", lambda: {"id": text(16)}),
    (typing, "typing", lambda: {"typing": True}),
    (typing, "status", lambda: {"ids": [text(16)]}),
    (typing, "lock", lambda: {"locked": False}),
]


@pytest.mark.parametrize(("ask", "kind", "fields"), FRAMES, ids=[kind for _, kind, _ in FRAMES])
async def test_over_a_socket_as_over_http(
    people: People, ask: Ask, kind: str, fields: Callable[[], dict[str, object]]
):
    room = await people.room()
    member, other = await people.member(room), await people.member(room)
    async with member.line() as line, other.line() as quiet:
        assert not is_limited(await ask(member))
        refused = [is_refused(await line.ask(kind, **fields())) for _ in range(4)]
        assert refused == [False, False, True, True]
        assert is_limited(await ask(member))
        # The socket lives on, and who has asked for nothing is served.
        assert (await line.ask("ping"))["type"] == "ok"
        assert not is_refused(await quiet.ask(kind, **fields()))


async def test_an_address_posts_so_many_bytes_by_whatever_way(people: People):
    client, large = await people(), 65536
    one, other = [await people.member(await people.room(), client) for _ in range(2)]
    async with one.line() as line:
        assert (await one.post(Message(large))).status_code == 201
        assert not is_refused(await line.ask("post", **Message(large // 2).post))
        assert is_refused(await line.ask("post", **Message(large).post))
        assert is_limited(await other.post(Message(large)))
    other.room = elsewhere(other.room, await people())
    assert (await other.post(Message(large))).status_code == 201


async def test_an_address_announces_and_moves_so_many_bytes_of_attachments(
    serve: Callable[..., Program],
):
    most = f"{10 * 2**20}/3600"
    server = serve(ATTACHMENT_BYTES_PER_ADDRESS=most, CHUNK_BYTES_PER_ADDRESS=most)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        member, other = await room.member(), await room.member()
        large = {"id": text(16), "chunks": 40, "padded": 10 * 2**20}
        assert (await member.http("POST", "/room/attachments", json=large)).status_code == 201
        message = Message(attachment=True)
        assert is_limited(await other.reserve(message))
        # One that is sent counts by its length, one that is asked for as a whole chunk.
        assert (await other.send(message)).status_code == 404
        assert [(await other.fetch(message)).status_code for _ in range(39)] == [409] * 39
        assert is_limited(await other.fetch(message))


async def test_who_sends_chunks_without_end_is_in_no_readers_way(serve: Callable[..., Program]):
    server = serve()
    async with Client(server.url, server.ws_url) as client, AsyncExitStack() as stack:
        member = await (await client.room()).member()
        message = Message(attachment=True)
        lines = [f"PUT /room/attachments/{message.attachment}/0 HTTP/1.1", "Host: here"]
        lines += [f"{name}: {value}" for name, value in member.headers.items()]
        lines += ["Content-Type: application/octet-stream", "Content-Length: 65552", "", "half"]

        async def send_half() -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            stack.callback(writer.close)
            writer.write("\r\n".join(lines).encode())

        # What is sent whole takes a place as well, for a moment.
        sent = 0
        while (answer := await member.send(message)).status_code != 429:
            assert answer.status_code == 404
            await send_half()
            sent += 1
            assert sent < 100
        assert answer.json()["error"]["message"] == "There are too many connections. Try later."
        assert (await member.fetch(message)).json()["error"]["code"] == "lease_lost"
        await stack.aclose()
        while (answer := await member.send(message)).status_code != 404:
            assert answer.status_code == 429


async def test_typing_that_wants_no_answer_is_dropped_in_silence(people: People):
    room = await people.room()
    member, other = await people.member(room), await people.member(room)
    async with member.line() as line, other.line() as seen:
        for _ in range(6):
            await line.socket.send(json.dumps([{"type": "typing", "typing": True}]))
        assert [frame["type"] for frame in await line.settle()] == ["welcome", "presence"]
        told = [frame["type"] for frame in await seen.settle()]
        assert told.count("typing") == 3


async def test_nobody_is_kept_from_leaving_or_destroying(people: People):
    room, there = await people.room(), await people.room()
    member, other = await people.member(room), await people.member(room)
    await counted(lambda: typing(member))
    await counted(lambda: posting(member))
    assert (await member.http("DELETE", "/room/members")).status_code == 204
    assert (await other.http("DELETE", "/room")).status_code == 204
    one, two = await people.member(there), await people.member(there)
    async with one.line() as line, two.line() as second:
        asked = {"ids": [text(16)]}
        assert await many(line, "status", 4, **asked) == [False, False, False, True]
        assert await many(second, "status", 3, **asked) == [False, False, True]
        assert (await line.ask("leave"))["type"] == "ok"
        assert (await second.ask("destroy"))["type"] == "ok"


# --- connections ----------------------------------------------------------------------------------


async def test_an_address_opens_sockets_so_often_and_is_told_before_it_has_one(people: People):
    client = await people()
    room = Room(client.api, client.ws_url)
    for _ in range(8):
        async with room.line():
            pass
    with pytest.raises(InvalidStatus) as refused:
        async with room.line():
            pass
    answer = refused.value.response
    assert answer.status_code == 429
    error = json.loads(answer.body or b"")["error"]
    assert (error["code"], str(error["retry_after"])) == ("too_many", answer.headers["Retry-After"])
    other = await people()
    async with Room(other.api, other.ws_url).line():
        pass


async def test_one_address_has_so_many_sockets_and_a_place_is_free_when_one_has_gone(
    people: People,
):
    client = await people()
    room = Room(client.api, client.ws_url)
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(room.line()) for _ in range(5)]
        code, frames = await lines[-1].end()
        assert (code, is_refused(frames[-1])) == (4429, True)
        await lines[0].socket.close()
        again = await stack.enter_async_context(room.line())
        assert not is_refused(await again.ask("hello", **Member(room).greeting))


async def test_one_room_has_so_many_sockets_wherever_from(people: People):
    room = await people.room()
    members = [await people.member(room) for _ in range(5)]
    async with AsyncExitStack() as stack:
        for member in members[:3]:
            await stack.enter_async_context(member.line())
        surplus = await stack.enter_async_context(members[3].room.line())
        said = await surplus.ask("hello", **members[3].greeting)
        assert is_refused(said)
        assert (await surplus.end())[0] == 4429
    async with members[4].line() as line:
        assert (await line.ask("ping"))["type"] == "ok"


async def test_sockets_come_into_a_room_so_often(people: People):
    room = await people.room()
    member = await people.member(room)
    for _ in range(6):
        async with member.line():
            pass
    async with member.room.line() as line:
        assert is_refused(await line.ask("hello", **member.greeting))
        assert (await line.end())[0] == 4429


# --- addresses ------------------------------------------------------------------------------------


async def test_neighbours_in_one_64_share_and_others_do_not(people: People):
    neighbours = [await people(f"2001:db8:ffff:2::{number}") for number in range(4)]
    made = [await Room(one.api, one.ws_url).create() for one in neighbours]
    assert [is_limited(one) for one in made] == [False, False, False, True]
    other = await people("2001:db8:ffff:3::1")
    assert not is_limited(await Room(other.api, other.ws_url).create())


async def test_a_client_behind_a_proxy_cannot_choose_its_address(people: People):
    claims = [await people(f"198.51.100.{number}, 203.0.113.200") for number in range(4)]
    made = [await Room(one.api, one.ws_url).create() for one in claims]
    assert [is_limited(one) for one in made] == [False, False, False, True]


async def test_without_trust_an_address_that_is_claimed_is_ignored(
    serve: Callable[..., Program],
):
    server = serve(CREATES_PER_ADDRESS="3/3600", CONNECTS_PER_ADDRESS="2/3600")
    for number in range(5):
        claim = f"192.0.2.{number}"
        async with Client(server.url, server.ws_url, claim) as client:
            client.api.headers["Forwarded"] = f"for={claim}"
            room = Room(client.api, client.ws_url)
            assert is_limited(await room.create()) is (number >= 3)
            if number < 2:
                async with room.line():
                    pass
            else:
                with pytest.raises(InvalidStatus):
                    async with room.line():
                        pass


async def test_junk_in_every_header_that_names_an_address_is_answered(people: People):
    client = await people()
    for junk in ("", ",", "\xff", "[", "for=", "1" * 8000, "unknown, _x, [::1"):
        for name in ("X-Forwarded-For", "Forwarded"):
            asked = await client.api.get("/room", headers=[(name, junk.encode("latin-1"))])
            # They all count as the proxy's own, which comes to its limit by that.
            assert asked.json()["error"]["code"] in {"unauthorized", "too_many"}
