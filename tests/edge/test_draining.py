"""How a server stops: it answers what it took, sends its members elsewhere, and ends in time."""

import asyncio
import json
import re
import signal
from collections.abc import Callable

import httpx
import pytest
from support.machines.raw_line import RawLine, frame_of
from support.machines.server import AT_ANY_PACE, Program
from support.people.raw_client import Client, Message, text
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

Serve = Callable[..., Program]


async def test_what_was_stored_before_the_end_was_answered_and_the_rest_was_not_stored(
    serve: Serve,
):
    server = serve()
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        member = await room.member()
        messages = [Message() for _ in range(100)]
        async with member.line() as line:
            asked = {await line.send("post", **one.post): one.id for one in messages[:60]}
            await line.answer(1 + len(asked))
            server.signal(signal.SIGTERM)
            for one in messages[60:]:
                asked[await line.send("post", **one.post)] = one.id
            code, frames = await line.end()
        assert code == 1012
        answered = {asked[one["ref"]] for one in frames if one["type"] == "ok"}
        answered.add(asked[1 + 60])
        assert server.wait() == 0
        server.start()
        async with member.line() as line:
            [welcome] = await line.settle()
    assert {one["id"] for one in welcome["notices"]} == answered
    assert {one.id for one in messages[:60]} <= answered


async def test_a_draining_server_is_unready_serves_on_and_closes_one_socket_after_the_other(
    serve: Serve,
):
    # The second of two is closed in the middle of that, which nobody waits for.
    server = serve(DRAIN_SECONDS=500)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        members = [await room.member() for _ in range(2)]
        async with members[0].line() as one, members[1].line() as two:
            for line in (one, two):
                await line.settle()
            server.signal(signal.SIGTERM)
            ends = {asyncio.create_task(line.socket.wait_closed()): line for line in (one, two)}
            done, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            assert [ends[task].socket.close_code for task in done] == [1012]
            [task] = waiting
            stays = ends[task]
            ready = await client.api.get("/readyz")
            assert (ready.status_code, ready.json()["error"]["code"]) == (503, "unavailable")
            assert "stopping" in ready.json()["error"]["message"]
            assert (await client.api.get("/healthz")).status_code == 200
            with pytest.raises(InvalidStatus) as refused:
                await connect(server.ws_url, subprotocols=["ephemeral.v1"], proxy=None)
            assert refused.value.response.status_code == 503
            assert (await members[0].post(Message())).status_code == 201
            # It hears of the message, and not that the other had gone: who is sent elsewhere
            # comes back there, and keeps the seat until then.
            frames = await stays.settle()
            assert {frame["type"] for frame in frames} == {"notice"}
            server.signal(signal.SIGTERM)
            await task
    assert server.wait() == 0


async def test_a_request_that_never_ends_is_not_waited_for(serve: Serve):
    server = serve(STOP_SECONDS=1, REQUEST_SECONDS=600)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    # Of a kind that is listened to until its end: others are answered before.
    head = b"POST /rooms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n" % text(32).encode()
    kind = b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    writer.write(head + kind)
    await writer.drain()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{server.url}/healthz")).status_code == 200
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.read(1)
    server.signal(signal.SIGTERM)
    code = await asyncio.to_thread(server.wait)
    answer = await reader.read()
    writer.close()
    assert code == 0
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "unavailable"
    assert server.output().splitlines()[-1] == "Ephemeral has stopped."


def test_a_log_in_json_is_an_object_a_line_and_tells_what_the_sentences_tell(serve: Serve):
    server = serve(LOG_FORMAT="json")
    assert server.stop() == 0
    started, stopped = map(json.loads, server.output().splitlines())
    assert (started["event"], stopped["event"]) == ("started", "stopped")
    assert started["address"] == f"{server.url}/"
    assert started["message"].startswith(f"Ephemeral is open at {server.url}/ ")
    assert stopped["message"] == "Ephemeral has stopped."
    assert {one["level"] for one in (started, stopped)} == {"info"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", started["time"])


async def test_a_member_that_does_not_read_is_not_waited_for_and_is_no_fault(serve: Serve):
    server = serve(STOP_SECONDS=1, DRAIN_SECONDS=0, **AT_ANY_PACE)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room(seats=2)
        stuck, author = await room.member(), await room.member()
        raw = RawLine(room.ws_url)
        await raw.open()
        await raw.hello(room, stuck.token)
        async with author.line() as writing:
            messages = [Message(65536) for _ in range(80)]
            for message in messages:
                await writing.send("post", **message.post)
            await writing.settle()
            # What it asks for fills every buffer on the way.
            for ref, message in enumerate(messages):
                opening = [{"type": "open", "ref": ref, "id": message.id}]
                raw.writer.write(frame_of(json.dumps(opening).encode()))
            assert (await writing.ask("ping"))["type"] == "ok"
        server.signal(signal.SIGTERM)
        code = await asyncio.to_thread(server.wait)
        raw.writer.close()
    assert code == 0
    assert server.output().splitlines()[-1] == "Ephemeral has stopped."
