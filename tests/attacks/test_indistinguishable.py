"""A wrong code, an expired, a destroyed and a never-made room: one answer, in every respect."""

import time
from collections.abc import Callable
from statistics import median

import asyncpg
import httpx
from support.machines.server import Program
from support.people.raw_client import Client, Member, Message, Room, text

ROUNDS = 60


async def absences(client: Client, server: Program) -> dict[str, Room]:
    """Rooms that are not there, each for a reason of its own; two of them had members."""
    destroyed, expired, standing = [await client.room() for _ in range(3)]
    for room in (destroyed, expired, standing):
        member = await room.member(resume={"token": text(32), "key": text(32)})
        await member.post(Message())
        room.member_of_it = member
    await destroyed.member_of_it.http("DELETE", "/room")
    connection = await asyncpg.connect(server.environment["DATABASE_URL"])
    # Over, and not swept: only the sweeper looks at this index.
    await connection.execute(
        "UPDATE rooms SET expires_at = clock_ms() WHERE room <> (SELECT room FROM rooms r "
        "ORDER BY created_at DESC LIMIT 1)"
    )
    await connection.close()
    wrong = Room(client.api, client.ws_url)
    wrong.member_of_it = standing.member_of_it
    never = Room(client.api, client.ws_url)
    never.member_of_it = Member(never)
    return {"wrong": wrong, "expired": expired, "destroyed": destroyed, "never": never}


def requests(room: Room) -> dict[str, dict[str, object]]:
    """Everything that can be asked of a room, with the credentials that once were right."""
    member = room.member_of_it
    seat = {**room.headers, "Ephemeral-Member": member.token}
    message = Message(attachment=True)
    chunk = f"/room/attachments/{message.attachment}/0"
    return {
        "look": {"method": "GET", "url": "/room", "headers": room.headers},
        "look with a seat": {"method": "GET", "url": "/room", "headers": seat},
        "join": {
            "method": "POST", "url": "/room/members", "headers": seat, "json": {},
        },
        "leave": {"method": "DELETE", "url": "/room/members", "headers": seat},
        "lock": {"method": "PATCH", "url": "/room", "headers": seat, "json": {"locked": True}},
        "destroy": {"method": "DELETE", "url": "/room", "headers": seat},
        "record": {"method": "GET", "url": "/room/record", "headers": seat},
        "list": {"method": "GET", "url": "/room/messages", "headers": seat},
        "post": {"method": "POST", "url": "/room/messages", "headers": seat, "json": message.post},
        "open": {"method": "POST", "url": f"/room/messages/{message.id}/open", "headers": seat},
        "reserve": {
            "method": "POST", "url": "/room/attachments", "headers": seat,
            "json": {"id": message.attachment, "chunks": 1, "padded": 65_536},
        },
        "send": {
            "method": "PUT", "url": chunk, "content": message.chunk,
            "headers": {**seat, "Content-Type": "application/octet-stream"},
        },
        "fetch": {"method": "GET", "url": chunk, "headers": seat},
        "give up": {"method": "DELETE", "url": chunk.removesuffix("/0"), "headers": seat},
        "status": {
            "method": "POST", "url": "/room/messages/status", "headers": seat,
            "json": {"ids": [message.id]},
        },
        "type": {
            "method": "POST", "url": "/room/typing", "headers": seat, "json": {"typing": True},
        },
    }  # fmt: skip


def shape(response: httpx.Response) -> tuple[object, ...]:
    headers = {k: v for k, v in response.headers.items() if k != "date"}
    return (response.status_code, response.content, tuple(sorted(headers.items())))


async def test_no_request_tells_why_a_room_is_not_there(serve: Callable[..., Program]):
    server = serve(SWEEP_SECONDS=60)
    async with Client(server.url, server.ws_url) as client:
        rooms = await absences(client, server)
        for name in requests(rooms["never"]):
            shapes = {
                why: shape(await client.api.request(**requests(room)[name]))
                for why, room in rooms.items()
            }
            assert set(shapes.values()) == {shapes["never"]}, name
            assert shapes["never"][0] == 404, name
            assert b"room_unknown" in shapes["never"][1]


async def test_no_clock_tells_why_a_room_is_not_there(serve: Callable[..., Program]):
    """Interleaved, so that what the machine does otherwise meets all alike; and a wide bound."""
    server = serve(SWEEP_SECONDS=60)
    async with Client(server.url, server.ws_url) as client:
        rooms = await absences(client, server)
        for name in ("look", "look with a seat", "join"):
            times: dict[str, list[float]] = {why: [] for why in rooms}
            for turn in range(ROUNDS + 5):
                for why, room in rooms.items():
                    asked = client.api.build_request(**requests(room)[name])
                    start = time.perf_counter()
                    await client.api.send(asked)
                    if turn >= 5:
                        times[why].append(time.perf_counter() - start)
            medians = {why: median(taken) for why, taken in times.items()}
            slowest, fastest = max(medians.values()), min(medians.values())
            # What would tell them apart is a key derivation or a scan, not a part of a millisecond.
            assert slowest < 2 * fastest, (name, medians)


async def test_no_socket_tells_why_a_room_is_not_there(serve: Callable[..., Program]):
    server = serve(SWEEP_SECONDS=60)
    async with Client(server.url, server.ws_url) as client:
        seen = set()
        for room in (await absences(client, server)).values():
            async with room.line() as line:
                greeting = {**room.member_of_it.greeting, "locator": room.locator}
                await line.send("hello", **greeting)
                seen.add(str(await line.end()))
        assert len(seen) == 1
