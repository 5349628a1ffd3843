"""Phones on bad links: they read slowly or not at all, send halves, vanish, and ask again."""

import asyncio
import base64
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
from support.machines.processes import status
from support.machines.server import AT_ANY_PACE, Program
from support.people.raw_client import Client, Line, Member, Message, Room

MIB = 1024 * 1024


@pytest.fixture
async def client(server: Program) -> AsyncIterator[Client]:
    async with Client(server.url, server.ws_url) as opened:
        yield opened


def masked(text: str) -> bytes:
    """One whole frame of a client (RFC 6455, 5.2), masked by zeros."""
    data = text.encode()
    size = len(data)
    head = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + head + bytes(4) + data


@asynccontextmanager
async def wire(server: Program, *, window: int = 0) -> AsyncIterator[tuple[Any, Any]]:
    """A connection after the handshake, as bare bytes. `window`: of what the kernel takes."""
    made = socket.socket()
    if window:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=made, limit=1024)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /room/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: ephemeral.v1\r\n\r\n".encode()
    )
    assert b"101" in await reader.readuntil(b"\r\n")
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


def hello(member: Member) -> str:
    return json.dumps([{"type": "hello", "ref": 1, **member.greeting}])


async def gone(line: Line, member: Member) -> None:
    await line.take(
        lambda one: one["type"] == "presence" and one["member"] == member.id and not one["present"]
    )


async def test_a_socket_that_breaks_anywhere_in_its_greeting_holds_no_seat(
    server: Program, client: Client
):
    room = await client.room(seats=3)
    member, watching = await room.member(), await room.member()
    length_of_it = len(masked(hello(member)))
    async with watching.line():
        for length in (0, 1, 5, length_of_it // 2, length_of_it - 1, length_of_it):
            for _ in range(3):
                whole = masked(hello(member))
                async with wire(server) as (stream, writer):
                    writer.write(whole[:length])
                    if length == len(whole):
                        # The first byte of the welcome; the rest comes to nobody.
                        await stream.readexactly(1)
        async with member.line() as again:
            assert (await again.ask("ping"))["type"] == "ok"
            state = await member.look()
            assert {one["member"] for one in state["members"] if one["present"]} == {
                member.id, watching.id,
            }  # fmt: skip
        async with asyncio.timeout(20):
            while True:
                state = await watching.look()
                if [one["member"] for one in state["members"] if one["present"]] == [watching.id]:
                    break


async def test_a_post_of_which_only_half_arrived_never_happened(server: Program, client: Client):
    room = await client.room()
    author, reader = await room.member(), await room.member()
    message = Message()
    async with reader.line() as line:
        async with wire(server) as (stream, writer):
            post = masked(json.dumps([{"type": "post", "ref": 2, **message.post}]))
            writer.write(masked(hello(author)) + post[:-1])
            await stream.readexactly(1)
            await line.take(lambda one: one["type"] == "presence" and one["present"])
        await gone(line, author)
        assert await reader.waiting() == []
        async with author.line() as again:
            assert (await again.ask("post", **message.post))["state"] == "stored"
        assert (await line.event("notice"))["id"] == message.id


async def test_a_frame_that_comes_byte_by_byte_is_read(server: Program, client: Client):
    room = await client.room()
    author, reader = await room.member(), await room.member()
    message = Message()
    async with reader.line() as line, wire(server) as (_, writer):
        for byte in masked(hello(author)) + masked(
            json.dumps([{"type": "post", "ref": 2, **message.post}])
        ):
            writer.write(bytes([byte]))
            await writer.drain()
        assert (await line.event("notice"))["id"] == message.id


async def test_a_reader_with_a_tiny_window_gets_everything_in_the_end(
    serve: Callable[..., Program],
):
    server = serve(**AT_ANY_PACE)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        messages = [Message(65536) for _ in range(30)]
        async with author.line() as line:
            for one in messages:
                await line.ask("post", **one.post)
        async with wire(server, window=4096) as (stream, writer):
            writer.write(masked(hello(reader)))
            for ref, one in enumerate(messages, 2):
                writer.write(masked(json.dumps([{"type": "open", "ref": ref, "id": one.id}])))
            writer.write(masked('[{"type":"ping","ref":99}]'))
            received = bytearray()
            async with asyncio.timeout(20):
                # The last words are looked for in what came last, not each time in everything.
                while b'"ref":99' not in received[-2000:]:
                    received += await stream.read(1000)
        for one in messages:
            assert one.envelope.encode()[-64:] in received


@asynccontextmanager
async def stuck(
    server: Program, members: list[Member], messages: list[Message]
) -> AsyncIterator[None]:
    """A socket for each, which asks for everything and takes nothing."""
    async with AsyncExitStack() as stack:
        for member in members:
            stream, writer = await stack.enter_async_context(wire(server, window=4096))
            stream._transport.pause_reading()
            writer.write(masked(hello(member)))
            for ref, one in enumerate(messages, 2):
                writer.write(masked(json.dumps([{"type": "open", "ref": ref, "id": one.id}])))
        yield


def resident(server: Program) -> int:
    """Bytes of memory that the server has."""
    return int(status(server.pid)["VmRSS"].split()[0]) * 1024


async def test_ten_who_stop_reading_cost_little_and_stall_nobody(serve: Callable[..., Program]):
    """Each asks for 5 MiB: the server holds what it must for each, and no more."""
    server = serve(**AT_ANY_PACE)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room(seats=50, policy=2)
        author = await room.member()
        readers = [await room.member() for _ in range(10)]
        messages = [Message(65536) for _ in range(60)]
        async with author.line() as line:
            for one in messages:
                await line.ask("post", **one.post)
            before = resident(server)
            async with stuck(server, readers, messages):
                present: set[str] = set()
                while len(present) < len(readers):
                    come = await line.take(lambda one: one["type"] == "presence")
                    present.add(come["member"])
                for _ in range(30):
                    assert (await line.ask("post", **Message().post))["state"] == "stored"
                grown = resident(server) - before
                print(f"{grown / MIB:.1f} MiB more")
                assert grown < len(readers) * 2 * MIB


async def test_each_answer_may_be_lost_and_each_request_repeated(server: Program, client: Client):
    """Twice over HTTP and once more over a socket: every answer is the first one's."""
    room = Room(client.api, client.ws_url)
    assert [(await room.create()).status_code for _ in range(3)] == [201, 200, 200]
    author, reader = Member(room), Member(room)
    for one in (author, reader):
        assert [(await one.join()).status_code for _ in range(3)] == [201, 200, 200]
    assert (await client.api.get("/room", headers=room.headers)).json()["joins"] == 2
    message = Message()
    posted = [await author.post(message) for _ in range(3)]
    assert [one.status_code for one in posted] == [201, 200, 200]
    assert len({one.text for one in posted}) == 1
    opened = [(await reader.open(message)).json() for _ in range(3)]
    assert len({one["lease_until"] for one in opened}) == 1
    assert {one["envelope"] for one in opened} == {message.envelope}
    released = [await reader.http("POST", f"/room/messages/{message.id}/release") for _ in range(2)]
    assert released[0].json()["state"] == "stored"
    assert released[1].json()["error"]["code"] == "lease_lost"
    await reader.open(message)
    viewed = [(await reader.acknowledge(message)).text for _ in range(3)]
    assert len(set(viewed)) == 1
    async with author.line() as line:
        again = await line.ask("post", **message.post)
        assert (again["state"], again["viewing"]) == ("viewed", message.viewing)
    for locked in (True, True, False, False):
        response = await author.http("PATCH", "/room", json={"locked": locked})
        assert response.json()["locked"] is locked
    left = [await reader.http("DELETE", "/room/members") for _ in range(2)]
    assert left[0].status_code == 204
    assert left[1].json()["error"]["code"] == "seat_unknown"
    destroyed = [await author.http("DELETE", "/room") for _ in range(2)]
    assert destroyed[0].status_code == 204
    assert destroyed[1].json()["error"]["code"] == "room_unknown"


async def test_who_opens_five_hundred_messages_at_once_gets_them_all_and_keeps_its_socket(
    serve: Callable[..., Program],
):
    server = serve(**AT_ANY_PACE)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        messages = [Message() for _ in range(500)]
        async with author.line() as line:
            refs = [await line.send("post", **one.post) for one in messages]
            for ref in refs:
                assert (await line.answer(ref))["state"] == "stored"
            crowded = await line.ask("post", **Message().post)
            assert crowded["error"]["code"] == "room_crowded"
        async with reader.line() as line:
            refs = [await line.send("open", id=one.id) for one in messages]
            answers = {}
            for ref in refs:
                answers[ref] = (await line.answer(ref))["envelope"]
            assert list(answers.values()) == [one.envelope for one in messages]
            for one in messages[:10]:
                await line.ask("ack", id=one.id, viewing=one.viewing)
        fresh = [await author.post(Message()) for _ in range(11)]
        assert [one.status_code for one in fresh] == [201] * 10 + [409]
