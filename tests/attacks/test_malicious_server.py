"""A server that lies over the socket to the command line: nothing false is shown as true, nothing
that was not written for this room is shown at all, and every lie ends in a sentence.
"""

import asyncio
import hmac
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.machines.server import Program
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ephemeral.client.exits import Exit
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.keys import RoomKeys, derive_root

sys.path.append(str(Path(__file__).resolve().parents[1] / "client"))
from people import PATIENCE, Cli, Person

Frame = dict[str, Any]
PROTOCOL = Subprotocol("ephemeral.v1")
HIGHEST = 2**53 - 1


class Liar:
    """Stands before the real server. `lies` changes each frame that the server says, None drops it;
    `answers` may answer a client's frame in the server's place.
    """

    def __init__(self, url: str) -> None:
        self._target = url
        self.lies: Callable[[Frame], Frame | None] = lambda frame: frame
        self.answers: Callable[[Frame], list[Frame] | None] = lambda frame: None
        self.closes: int | None = None
        self.blurts: bytes | None = None
        self.holds = False
        self.asked: list[Frame] = []
        self.said: list[Frame] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        async with serve(
            self._carry,
            "127.0.0.1",
            0,
            process_request=self._page,
            subprotocols=[PROTOCOL],
            max_size=None,
            close_timeout=1,
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"http://127.0.0.1:{port}"
            self._ready.set()
            await self._over.wait()

    async def _page(self, _: ServerConnection, request: Request) -> Response | None:
        if request.path == "/room/socket":
            return None
        passed = {
            name: value
            for name, value in request.headers.raw_items()
            if name.lower() in {"authorization", "ephemeral-member"}
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            true = await client.get(self._target + request.path, headers=passed)
        headers = Headers({"Content-Length": str(len(true.content)), "Connection": "close"})
        # A client that kept this would tell visits apart.
        headers["Set-Cookie"] = "visitor=1"
        return Response(
            true.status_code, HTTPStatus(true.status_code).phrase, headers, true.content
        )

    async def _carry(self, near: ServerConnection) -> None:
        if self.closes is not None:
            await near.close(self.closes)
            return
        if self.blurts is not None:
            await near.send(self.blurts)
            return
        address = f"ws{self._target.removeprefix('http')}/room/socket"
        async with connect(address, subprotocols=[PROTOCOL], max_size=None, proxy=None) as far:

            async def back() -> None:
                with suppress(ConnectionClosed):
                    async for text in far:
                        frames = [self._bent(frame) for frame in json.loads(text)]
                        await near.send(json.dumps([one for one in frames if one is not None]))
                if not self.holds:
                    await near.close(far.close_code or 1011)

            task = asyncio.create_task(back())
            with suppress(ConnectionClosed):
                async for text in near:
                    frame = json.loads(text)
                    self.asked.append(frame)
                    answer = self.answers(frame)
                    if answer is None:
                        await far.send(text)
                    elif answer:
                        await near.send(json.dumps(answer))
            task.cancel()
            await asyncio.wait([task])

    def _bent(self, frame: Frame) -> Frame | None:
        self.said.append(frame)
        return self.lies(json.loads(json.dumps(frame)))

    def asked_for(self, kind: str) -> list[Frame]:
        return [frame for frame in self.asked if frame["type"] == kind]


@pytest.fixture
def honest(shared_server: Program, tmp_path: Path) -> Iterator[Cli]:
    """The command line beside the liar, with a new room of three."""
    with closing(Cli(shared_server.url, tmp_path)) as line:
        line.new_room("--seats", "3")
        yield line


@pytest.fixture
def liar(honest: Cli) -> Iterator[Liar]:
    with closing(Liar(honest.url)) as lying:
        yield lying


@pytest.fixture
def victim(honest: Cli, liar: Liar) -> Iterator[Cli]:
    """The command line that is sent to the liar."""
    with closing(Cli(liar.url, honest.folder)) as line:
        line.code = honest.code
        yield line


def code_of(result: Any) -> str:
    return json.loads(result.stdout.splitlines()[-1])["error"]["code"]


def other(text: str) -> str:
    """Other bytes of the same length, in base64url."""
    return b64encode(bytes(byte ^ 1 for byte in b64decode(text)))


def test_through_a_liar_that_tells_the_truth_everything_works(honest: Cli, victim: Cli, liar: Liar):
    honest.done("send", text="true")
    assert victim.done("read") == "true"
    assert not any("cookie" in json.dumps(frame).lower() for frame in liar.asked)


@pytest.mark.parametrize("field", ["charter", "mac"])
@pytest.mark.parametrize("moment", ["join", "welcome", "backlog"])
def test_a_charter_that_changes_at_the_socket_is_refused_and_the_seat_given_up(
    honest: Cli, victim: Cli, liar: Liar, moment: str, field: str
):
    honest.done("send", text="secret")
    state: Frame = {}

    def lies(frame: Frame) -> Frame:
        if "members" not in frame:
            return frame
        is_welcome = frame["type"] == "welcome"
        if (moment == "welcome") == is_welcome and moment != "backlog":
            frame["room"][field] = other(frame["room"][field])
        if is_welcome:
            state.update(frame)
        return frame

    def answers(frame: Frame) -> list[Frame] | None:
        if moment != "backlog" or frame["type"] != "open":
            return None
        room = state["room"] | {field: other(state["room"][field])}
        return [state | {"type": "backlog", "room": room}]

    liar.lies, liar.answers = lies, answers
    result = victim.run("read", "--json")
    assert result.returncode == Exit.REFUSED
    assert code_of(result) == "charter_mac"
    assert "secret" not in result.stdout
    if moment == "join":
        assert not liar.asked_for("hello")
    else:
        assert liar.asked_for("leave")
    assert not liar.asked_for("ack")


def test_old_envelopes_in_a_room_made_again_with_the_same_code_do_not_open(
    honest: Cli, victim: Cli, liar: Liar
):
    """The strongest replay: the old notice and the old answer, with their own ids and author."""
    honest.done("send", text="old secret")
    assert victim.done("read") == "old secret"
    [opened] = [frame for frame in liar.said if "envelope" in frame]
    [notice] = [
        one for frame in liar.said if frame["type"] == "welcome" for one in frame["notices"]
    ]
    charter = remade(honest)
    liar.asked.clear()

    def lies(frame: Frame) -> Frame:
        if frame["type"] == "welcome":
            assert frame["room"]["charter"] == charter
            frame["notices"].append(notice)
        return frame

    def answers(frame: Frame) -> list[Frame] | None:
        if frame.get("id") != notice["id"]:
            return None
        return [opened | {"ref": frame["ref"]}]

    liar.lies, liar.answers = lies, answers
    result = victim.run("read", "--json")
    assert result.returncode == Exit.REFUSED
    assert code_of(result) == "envelope_open"
    assert "old secret" not in result.stdout + result.stderr
    assert liar.asked_for("release")
    assert not liar.asked_for("ack")


def remade(cli: Cli) -> str:
    """Destroys the room and makes another with its code, as any client may; its charter."""
    config = httpx.get(f"{cli.url}/config").json()
    keys = RoomKeys(derive_root(cli.code, config["kdf"]["suite"], b64decode(config["salt"])))
    bearer = {"Authorization": f"Bearer {b64encode(keys.locator)}"}
    old = b64decode(httpx.get(f"{cli.url}/room", headers=bearer).json()["charter"])
    cli.done("destroy")
    # Another nonce, and the same policy.
    charter = old[:2] + bytes(byte ^ 255 for byte in old[2:34]) + old[34:]
    mac = hmac.digest(keys.charter_key, charter, "sha256")
    body = {"charter": b64encode(charter), "mac": b64encode(mac)}
    assert httpx.post(f"{cli.url}/rooms", headers=bearer, json=body).status_code == 201
    return body["charter"]


def test_an_envelope_of_another_message_or_author_is_given_back_and_never_shown(
    honest: Cli, victim: Cli, liar: Liar
):
    for text in ("first", "second"):
        honest.done("send", "--seat", "anna", text=text)
    kept: list[Frame] = []

    def another_message(frame: Frame) -> Frame:
        if "envelope" in frame:
            kept.append(frame)
            frame["envelope"] = kept[0]["envelope"]
            if len(kept) == 1:
                frame["author"] = other(frame["author"])
        return frame

    liar.lies = another_message
    result = victim.run("read", "--all", "--json")
    assert result.returncode == Exit.REFUSED
    assert code_of(result) == "envelope_open"
    assert len(kept) == 2
    assert "first" not in result.stdout
    assert "second" not in result.stdout
    assert len(liar.asked_for("release")) == 2
    assert not liar.asked_for("ack")
    liar.lies = lambda frame: frame
    assert victim.done("read", "--all") == "first\nsecond\n"


@pytest.mark.parametrize("command", [("read", "--follow"), ("pipe", "--follow")], ids=" ".join)
def test_what_does_not_open_is_asked_for_once_and_stops_nobody(
    honest: Cli, victim: Cli, liar: Liar, command: tuple[str, ...]
):
    """A peer with the code can post what nobody can open, as well as a server can spoil it."""
    honest.done("send", text="bad")
    bad: list[str] = []

    def spoils_the_first(frame: Frame) -> Frame:
        if "envelope" not in frame:
            return frame
        bad.append(frame["id"])
        return frame | {"envelope": other(frame["envelope"])} if frame["id"] == bad[0] else frame

    liar.lies = spoils_the_first
    reader = victim.start(*command)
    assert reader.stderr is not None
    assert reader.stdout is not None
    assert "could not be decrypted" in reader.stderr.readline()
    honest.done("send", text="good")
    assert reader.stdout.readline() == "good\n"
    assert len([frame for frame in liar.asked_for("open") if frame["id"] == bad[0]]) == 1


@pytest.mark.parametrize("viewing", [None, "A" * 43, "", "AAAA"])
@pytest.mark.parametrize("way", ["event", "answer"])
def test_a_receipt_that_the_server_invented_is_told_as_false(
    victim: Cli, liar: Liar, way: str, viewing: str | None
):
    """Nobody has read the message, and the server says that somebody has."""

    def lies(frame: Frame) -> Frame:
        if way == "answer" and frame.get("state") == "stored" and frame["type"] == "ok":
            return frame | {"state": "viewed", "viewing": viewing}
        if way == "event" and frame["type"] == "notice":
            fate = {"state": "viewed", "viewing": viewing, "member": None}
            return {"type": "destroyed", "id": frame["id"], **fate}
        return frame

    liar.lies = lies
    result = victim.run("send", "--wait", "viewed", "--json", text="really?")
    assert result.returncode == Exit.FATE, result
    assert json.loads(result.stdout)["state"] == "false"
    assert "can't prove it" in result.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"posted_at": HIGHEST, "expires_at": HIGHEST, "lease_until": HIGHEST},
        {"posted_at": 0, "expires_at": 0, "lease_until": 0},
        {"sequence": HIGHEST},
        {"now": HIGHEST},
        {"now": 0},
    ],
    ids=str,
)
def test_lying_clocks_and_counts_harm_nobody(
    honest: Cli, victim: Cli, liar: Liar, change: dict[str, int]
):
    def lie(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: change.get(key, lie(one)) for key, one in value.items()}
        return [lie(one) for one in value] if isinstance(value, list) else value

    liar.lies = lie
    with Person(victim, "join", "--seat", "ada") as ada:
        ada.sees("You are in")
        honest.done("send", text="still read")
        ada.sees("a message waits")
        ada.enter()
        ada.sees("still read")
        ada.enter("/quit")
        assert ada.end() in {Exit.OK, Exit.NETWORK}
        assert "Traceback" not in ada.screen.everything()
        assert "fault" not in ada.screen.everything()


JUNK: list[Any] = [
    None, True, -1, 1.5, HIGHEST + 1, "", "\x1b[2J", "A" * 100_000, [], [[]], {},
    {"__proto__": 1}, "\u202e",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["welcome", "notice", "ok"])
def test_junk_in_any_field_ends_in_a_sentence(victim: Cli, liar: Liar, kind: str):
    """One junk value at a time, in a field that moves on with each visit."""
    visits = 0

    def lies(frame: Frame) -> Frame:
        if frame["type"] != kind:
            return frame
        fields = [name for name in frame if name not in {"type", "ref"}]
        name = fields[visits % len(fields)] if fields else "ref"
        return frame | {name: JUNK[visits % len(JUNK)]}

    liar.lies = lies
    for visit in range(len(JUNK)):
        visits = visit
        result = victim.run("send", "--timeout=0s", text="junk")
        assert result.returncode in set(Exit) - {Exit.FAULT}, result
        assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "said",
    [b"", b"null", b"[]", b"[[]]", b'[{"type":1}]', b"[" * 2000, b"\xff", b'["' + b"a" * 9_000_000],
    ids=lambda said: repr(said[:8]),
)
def test_what_is_no_frame_ends_in_a_sentence(victim: Cli, liar: Liar, said: bytes):
    liar.blurts = said
    result = victim.run("send", "--timeout=0s", text="lost")
    assert result.returncode not in {Exit.OK, Exit.FAULT} or said == b"[]", result


@pytest.mark.parametrize(
    "code",
    [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 3000, 4400, 4401, 4404, 4408, 4409,
     4410, 4413, 4429, 4999],
)  # fmt: skip
def test_every_close_code_ends_in_a_sentence(victim: Cli, liar: Liar, code: int):
    liar.closes = code
    result = victim.run("read", "--timeout=0s", "--json")
    assert result.returncode in {Exit.NETWORK, Exit.REFUSED, Exit.NOTHING, Exit.FATE}, result
    assert result.stdout.count("\n") <= 1


def test_a_server_that_never_answers_is_given_up(victim: Cli, liar: Liar):
    """Not when one joins, nor when one says hello. Both wait at once, for they wait long."""
    joining: list[str] = []

    def silent(frame: Frame) -> list[Frame] | None:
        if frame["type"] == "join":
            joining.append(frame["token"])
        # Whoever joins first gets no further, whoever comes later does.
        unanswered = frame["type"] == "hello" or frame.get("token") == joining[0]
        return [] if unanswered else None

    liar.holds = True
    liar.answers = silent
    readers = [victim.start("read", "--timeout=1s", "--json") for _ in range(2)]
    for reader in readers:
        told, _ = reader.communicate(timeout=PATIENCE)
        assert reader.returncode == Exit.NETWORK
        assert json.loads(told)["error"]["code"] == "unreachable"
    assert len(set(joining)) == 2
    assert len({frame["token"] for frame in liar.asked_for("hello")}) == 1


def test_the_thief_of_a_seat_file_has_no_key_and_no_way_into_the_room(honest: Cli):
    honest.done("send", "--seat", "seat", text="a secret plan")
    stolen = (honest.folder / "seat").read_text()
    kept = json.loads(stolen)
    config = httpx.get(f"{honest.url}/config").json()
    root = derive_root(honest.code, config["kdf"]["suite"], b64decode(config["salt"]))
    keys = RoomKeys(root)
    content = keys.content(b64decode(kept["room_nonce"]))
    secrets = {name: getattr(keys, name) for name in ("locator", "charter_key", "room_secret")}
    secrets |= {"root": root, "message": content.message, "profile": content.profile}
    for name, secret in secrets.items():
        assert b64encode(secret) not in stolen, name
        assert secret.hex() not in stolen, name
    assert honest.code not in stolen
    assert "secret plan" not in stolen
    assert "viewing" not in stolen.replace("viewing_hash", "")
    values = [kept["token"], kept["room_nonce"], *(one["viewing_hash"] for one in kept["written"])]
    with httpx.Client(base_url=honest.url) as http:
        for value in values:
            member = {"Ephemeral-Member": kept["token"]}
            wrong = http.get("/room", headers={"Authorization": f"Bearer {value}", **member})
            assert wrong.json()["error"]["code"] == "room_unknown"
            resumed = http.post("/room/members", headers={"Ephemeral-Resume": value})
            assert resumed.json()["error"]["code"] == "resume_unknown"
        alone = http.get("/room", headers={"Ephemeral-Member": kept["token"]})
        assert alone.json()["error"]["code"] == "unauthorized"
