"""The command line in a network that lets requests pass and no WebSocket."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.machines.server import Program
from support.machines.upgradeless import FORBIDDEN, Upgradeless, upgradeless_to
from support.people.command_line import Cli
from websockets.exceptions import ConnectionClosed

from ephemeral.client.exits import Exit, unreachable
from ephemeral.client.polling import PolledSocket
from ephemeral.protocol.encoding import b64encode, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import member_id

SLOWER = "This network lets no WebSocket through; messages come more slowly."


@pytest.fixture
def front(shared_server: Program) -> Iterator[Upgradeless]:
    with upgradeless_to(shared_server.port) as opened:
        yield opened


@pytest.fixture
def away(front: Upgradeless, tmp_path: Path) -> Iterator[Cli]:
    """The command line in such a network, with a new room."""
    with closing(Cli(f"http://127.0.0.1:{front.port}", tmp_path)) as line:
        line.new_room()
        yield line


def test_a_message_is_sent_read_and_proved_and_that_it_is_slower_is_said_once(
    away: Cli, front: Upgradeless
):
    waiting = away.write("--wait", "viewed", "--timeout", "30", text="hello")
    read = away.run("read", "--wait", "30")
    assert (read.returncode, read.stdout) == (0, "hello")
    output, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, (output, errors)
    assert read.stderr.count(SLOWER) == errors.count(SLOWER) == 1
    assert front.refused == 4, "twice each, and then no more"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
def test_whatever_a_handshake_is_answered_with(
    shared_server: Program, tmp_path: Path, answer: bytes
):
    with (
        upgradeless_to(shared_server.port, answer) as front,
        closing(Cli(f"http://127.0.0.1:{front.port}", tmp_path)) as cli,
    ):
        cli.new_room()
        assert SLOWER in cli.run("send", text="x").stderr
        assert cli.done("read") == "x"


def test_a_server_that_cannot_be_reached_at_all_is_told_as_ever(
    shared_server: Program, tmp_path: Path
):
    with upgradeless_to(shared_server.port, FORBIDDEN) as front:
        url = f"http://127.0.0.1:{front.port}"
        with closing(Cli(url, tmp_path)) as cli:
            cli.new_room()
            cli.done("unlock", "--seat", "seat")
            front.close()
            told = cli.run("send", "--seat", "seat", "--timeout", "1", text="x")
            assert told.returncode == Exit.NETWORK
            assert SLOWER not in told.stderr


# The socket itself, against a server of a few lines

TOKEN = bytes(32)
ROOM = {"now": 1, "charter": "", "mac": "", "locked": False, "joins": 1, "seats_taken": 1,
        "created_at": 0, "expires_at": 10**6}  # fmt: skip


class Asked:
    """Notes what is asked; states are told by `tell`."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.tags: list[str | None] = []
        self.states: asyncio.Queue[Any] = asyncio.Queue()
        self.answer: Callable[[], Mapping[str, object]] = dict
        self._tag = 0

    def tell(self, state: Any) -> None:
        self.states.put_nowait(state)

    async def ask(self, method: str, path: str, **named: Any) -> Mapping[str, object]:
        assert (named["locator"], named["token"], named["once"]) == (b"l", TOKEN, True)
        self.requests.append((method, path, named["body"]))
        return self.answer()

    async def asked_again(self, times: int) -> None:
        async with asyncio.timeout(10):
            while True:
                if len(self.tags) >= times:
                    return
                await asyncio.sleep(0.01)

    async def watch(self, locator: bytes, token: bytes, tag: str | None, seconds: int) -> Any:
        assert (locator, token) == (b"l", TOKEN)
        self.tags.append(tag)
        state = await self.states.get()
        if isinstance(state, Exception):
            raise state
        self._tag += 1
        return state, f'"{self._tag}"'


def state(*notices: str) -> dict[str, object]:
    return {"now": 1, "room": ROOM, "members": [], "notices": list(notices)}


async def heard(socket: PolledSocket) -> Any:
    async with asyncio.timeout(10):
        [frame] = parse_json(await socket.recv())
        return frame


async def say(socket: PolledSocket, *frames: dict[str, object]) -> None:
    await socket.send(json.dumps(list(frames)))


async def welcomed(asked: Asked, socket: PolledSocket) -> None:
    asked.tell(state())
    await say(socket, {"type": "hello", "ref": 1, "generation": 1})
    me = b64encode(member_id(TOKEN))
    assert await heard(socket) == {"type": "welcome", "ref": 1, "member": me, **state()}


ID, HASH = "i" * 22, "h" * 43
REQUESTS = [
    ({"type": "post", "id": ID, "envelope": "e", "viewing_hash": HASH}, "POST", "/room/messages"),
    ({"type": "open", "id": ID}, "POST", f"/room/messages/{ID}/open"),
    ({"type": "ack", "id": ID, "viewing": HASH}, "POST", f"/room/messages/{ID}/ack"),
    ({"type": "release", "id": ID}, "POST", f"/room/messages/{ID}/release"),
    ({"type": "withdraw", "id": ID}, "DELETE", f"/room/messages/{ID}"),
    ({"type": "status", "ids": [ID]}, "POST", "/room/messages/status"),
    ({"type": "typing", "typing": True}, "POST", "/room/typing"),
    ({"type": "lock", "locked": True}, "PATCH", "/room"),
    ({"type": "leave"}, "DELETE", "/room/members"),
    ({"type": "destroy"}, "DELETE", "/room"),
]


async def test_each_frame_is_the_request_that_the_document_names_and_its_answer_a_frame():
    asked = Asked()
    async with PolledSocket(asked, b"l", TOKEN) as socket:
        await welcomed(asked, socket)
        for ref, (frame, method, path) in enumerate(REQUESTS, 2):
            asked.answer = lambda: {"id": ID, "type": "not this"}
            await say(socket, {**frame, "ref": ref})
            assert await heard(socket) == {"type": "ok", "ref": ref, "id": ID}
            body = {key: value for key, value in frame.items() if key != "type"}
            if "{id}" in path or ID in path:
                body.pop("id", None)
            assert asked.requests.pop() == (method, path, body or None)
        # Without a ref there is no answer.
        await say(socket, {"type": "typing", "typing": True}, {"type": "open", "id": ID, "ref": 99})
        assert (await heard(socket))["ref"] == 99

        def refuse() -> Mapping[str, object]:
            raise Refusal("message_leased", retry_after=7)

        asked.answer = refuse
        await say(socket, {"type": "open", "id": ID, "ref": 100})
        error = (await heard(socket))["error"]
        assert (error["code"], error["retry_after"]) == ("message_leased", 7)


async def test_a_state_is_told_when_it_is_another_one_and_not_behind_an_answer_that_is_newer():
    asked = Asked()
    async with PolledSocket(asked, b"l", TOKEN) as socket:
        await welcomed(asked, socket)
        asked.tell(state("one"))
        assert (await heard(socket)) == {"type": "backlog", **state("one")}
        await asked.asked_again(3)
        await say(socket, {"type": "ack", "id": ID, "viewing": HASH, "ref": 2})
        assert (await heard(socket))["type"] == "ok"
        # It was asked for before the answer: it may be older.
        asked.tell(state("one"))
        asked.tell(state("two"))
        assert (await heard(socket))["notices"] == ["two"]
        assert asked.tags[:4] == [None, '"1"', '"2"', '"2"']


@pytest.mark.parametrize(
    ("end", "frames", "code"),
    [
        (Refusal("room_unknown"), [("closed", "destroyed")], 4410),
        (Refusal("seat_unknown"), [("error", None)], 4401),
        (unreachable("It is gone."), [], 1006),
    ],
)
async def test_how_it_ends_is_told_as_by_a_socket(
    end: Exception, frames: list[tuple[str, str | None]], code: int
):
    asked = Asked()
    async with PolledSocket(asked, b"l", TOKEN) as socket:
        await welcomed(asked, socket)
        asked.tell(end)
        told = [await heard(socket) for _ in frames]
        assert [(one["type"], one.get("reason")) for one in told] == frames
        with pytest.raises(ConnectionClosed) as closed:
            await heard(socket)
        assert (1006 if closed.value.rcvd is None else closed.value.rcvd.code) == code


async def test_whoever_leaves_is_told_by_the_answer_alone():
    asked = Asked()
    async with PolledSocket(asked, b"l", TOKEN) as socket:
        await welcomed(asked, socket)

        def leave() -> Mapping[str, object]:
            asked.tell(Refusal("seat_unknown"))
            return {}

        asked.answer = leave
        await say(socket, {"type": "leave", "ref": 2})
        assert await heard(socket) == {"type": "ok", "ref": 2}
        await asyncio.sleep(0.05)
        assert socket._messages.empty()
