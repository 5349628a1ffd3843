"""A server that lies over the socket to the command line: nothing false is shown as true, nothing
that was not written for this room is shown at all, and every lie ends in a sentence.
"""

import hmac
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.machines.server import Program
from support.people.command_line import Cli
from support.people.liar import PROTOCOL, Frame, Liar, Page
from support.people.typist import Typist
from websockets.asyncio.server import ServerConnection, serve

from ephemeral.client.conversation import Conversation
from ephemeral.client.exits import ClientError, Exit
from ephemeral.client.transport import Server
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.keys import RoomKeys, SeatKeys
from ephemeral.protocol.session import Session

HIGHEST = 2**53 - 1


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


@pytest.mark.parametrize("moment", ["join", "welcome"])
def test_a_charter_that_changes_later_is_refused_and_the_seat_given_up(
    honest: Cli, victim: Cli, liar: Liar, moment: str
):
    honest.done("send", text="secret")

    def lies(frame: Frame) -> Frame:
        if frame["type"] == "welcome":
            frame["room"]["mac"] = other(frame["room"]["mac"])
        return frame

    def page(path: str, status: int, answer: Any) -> Page:
        if path == "/room/members" and answer is not None:
            answer["room"]["mac"] = other(answer["room"]["mac"])
        return status, answer, {}

    if moment == "join":
        liar.page = page
    else:
        liar.lies = lies
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
    keys = cli.keys(config)
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


def test_a_receipt_that_the_server_invented_is_told_as_false(victim: Cli, liar: Liar):
    """Nobody has read the message, and the server says that somebody has."""

    def lies(frame: Frame) -> Frame:
        return frame | {"state": "viewed"} if frame.get("state") == "stored" else frame

    liar.lies = lies
    result = victim.run("send", "--wait", "viewed", "--json", text="really?")
    assert result.returncode == Exit.FATE, result
    assert json.loads(result.stdout)["state"] == "false"
    assert "can't prove it" in result.stderr


@pytest.mark.parametrize(
    ("state", "told"), [("unconfirmed", "three times"), ("expired", "nobody confirmed")]
)
def test_a_fate_that_needs_no_proof_is_told(victim: Cli, liar: Liar, state: str, told: str):
    def lies(frame: Frame) -> Frame:
        return frame | {"state": state} if frame.get("state") == "stored" else frame

    liar.lies = lies
    result = victim.run("send", "--wait", "viewed", "--json", text="never read")
    assert (result.returncode, json.loads(result.stdout)["state"]) == (Exit.FATE, state)
    assert told in result.stderr


@pytest.mark.parametrize("number", [0, HIGHEST])
def test_lying_clocks_and_counts_harm_nobody(honest: Cli, victim: Cli, liar: Liar, number: int):
    change = dict.fromkeys(("posted_at", "expires_at", "lease_until", "sequence", "now"), number)

    def lie(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: change.get(key, lie(one)) for key, one in value.items()}
        return [lie(one) for one in value] if isinstance(value, list) else value

    liar.lies = lie
    with Typist(victim, "join", "--seat", "ada") as ada:
        ada.sees("You are in")
        honest.done("send", text="still read")
        ada.sees("a message waits")
        ada.enter()
        ada.sees("still read")
        ada.enter("/quit")
        assert ada.end() in {Exit.OK, Exit.NETWORK}
        assert "Traceback" not in ada.screen.everything()
        assert "fault" not in ada.screen.everything()


@pytest.mark.parametrize("kind", ["welcome", "ok"])
def test_junk_in_a_frame_ends_in_a_sentence(victim: Cli, liar: Liar, kind: str):
    """Of each kind of frame one; each value in each field is in tests/protocol/test_lies.py."""

    def lies(frame: Frame) -> Frame:
        if frame["type"] != kind:
            return frame
        return {name: frame[name] if name in {"type", "ref"} else "\x1b[2J" for name in frame}

    liar.lies = lies
    result = victim.run("send", "--timeout=0s", text="junk")
    assert result.returncode in set(Exit) - {Exit.OK, Exit.FAULT}, result
    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "said", [b"\xff", b'["' + b"a" * 9_000_000], ids=["no text", "without end"]
)
def test_what_is_no_frame_ends_in_a_sentence(victim: Cli, liar: Liar, said: bytes):
    liar.blurts = said
    result = victim.run("send", "--timeout=0s", text="lost")
    assert result.returncode in {Exit.NETWORK, Exit.REFUSED}, result


@pytest.mark.parametrize("code", [1002, 4404])
def test_a_socket_that_is_closed_ends_in_a_sentence(victim: Cli, liar: Liar, code: int):
    """One that may come back, and one that doesn't; every code: protocol/test_lies.py."""
    liar.closes = code
    result = victim.run("read", "--timeout=0s", "--json")
    assert result.returncode == (Exit.REFUSED if code == 4404 else Exit.NETWORK), result
    assert result.stdout.count("\n") == 1


async def test_a_server_that_takes_a_socket_and_never_answers_is_given_up():
    keys, charter = RoomKeys(bytes(32)), Charter(1, bytes(32), Policy.FIRST_VIEW, 2, 3600, 7200)
    mac = charter.mac(keys.charter_key)
    seat = SeatKeys.derived(bytes(16), charter.nonce)
    session = Session(keys, suite=1, charter=charter.encode(), mac=mac, seat=seat, random=bytes)
    room = dict.fromkeys(("now", "joins", "seats_taken", "created_at", "expires_at"), 1)
    room |= {"charter": b64encode(charter.encode()), "mac": b64encode(mac), "locked": False}
    session.joined({"generation": 0, "room": room})
    asked: list[Frame] = []

    async def silent(socket: ServerConnection) -> None:
        async for text in socket:
            asked.extend(json.loads(text))

    async with serve(silent, "127.0.0.1", 0, subprotocols=[PROTOCOL]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        talk = Conversation(
            Server(f"http://127.0.0.1:{port}"),
            session,
            chance=lambda: 1.0,
            patience=0,
            answer_seconds=0.1,
        )
        async with talk:
            with pytest.raises(ClientError) as given_up:
                await talk.next()
    assert given_up.value.code == "unreachable"
    assert [frame["type"] for frame in asked] == ["hello"]


def test_the_thief_of_a_seat_file_has_no_key_and_no_way_into_the_room(honest: Cli):
    honest.done("send", "--seat", "seat", text="a secret plan")
    stolen = (honest.folder / "seat").read_text()
    kept = json.loads(stolen)
    config = httpx.get(f"{honest.url}/config").json()
    keys = honest.keys(config)
    content = keys.content(b64decode(kept["room_nonce"]))
    secrets = {name: getattr(keys, name) for name in ("locator", "charter_key", "room_secret")}
    secrets |= {"message": content.message, "profile": content.profile}
    for name, secret in secrets.items():
        assert b64encode(secret) not in stolen, name
        assert secret.hex() not in stolen, name
    assert honest.code not in stolen
    assert "secret plan" not in stolen
    assert "viewing" not in stolen.replace("viewing_hash", "")
    token = b64encode(
        SeatKeys.derived(b64decode(kept["secret"]), b64decode(kept["room_nonce"])).token
    )
    values = [token, kept["room_nonce"], *(one["viewing_hash"] for one in kept["written"])]
    with httpx.Client(base_url=honest.url) as http:
        for value in values:
            member = {"Ephemeral-Member": token}
            wrong = http.get("/room", headers={"Authorization": f"Bearer {value}", **member})
            assert wrong.json()["error"]["code"] == "room_unknown"
            resumed = http.post("/room/members", headers={"Ephemeral-Resume": value})
            assert resumed.json()["error"]["code"] == "resume_unknown"
        alone = http.get("/room", headers={"Ephemeral-Member": token})
        assert alone.json()["error"]["code"] == "unauthorized"
