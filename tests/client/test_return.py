"""Whoever has kept nothing but a return link: fates with proof, and taking back (protocol, 4.3)."""

import hashlib
import json
import re

import httpx
from support.people.command_line import Cli

from ephemeral.client.exits import Exit
from ephemeral.protocol.charter import decode_charter, verify_charter
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.keys import RoomKeys, SeatKeys
from ephemeral.protocol.links import make_return_link, read_return_link


def test_a_return_link_alone_brings_fates_with_proof_and_takes_back(room: Cli):
    room.done("send", "--seat", "seat", text="read")
    room.done("send", "--seat", "seat", text="unread")
    assert room.done("read") == "read"
    kept = json.loads((room.folder / "seat").read_text())
    with httpx.Client(base_url=room.url, trust_env=False) as http:
        config = http.get("/config").json()
        suite, salt = config["kdf"]["suite"], b64decode(config["salt"])
        secret = b64decode(kept["secret"])
        link = make_return_link(f"{room.url}/", suite, salt, room.code, secret)
        # From here on there is the link and nothing else.
        code, seat_secret = read_return_link(f"Bo: {link}.", suite, salt)
        assert code == room.code
        keys: RoomKeys = room.keys(config)
        bearer = {"Authorization": f"Bearer {b64encode(keys.locator)}"}
        shown = http.get("/room", headers=bearer).json()
        charter = verify_charter(
            b64decode(shown["charter"]), b64decode(shown["mac"]), keys.charter_key, suite
        )
        seat = SeatKeys.derived(seat_secret, charter.nonce)
        member = bearer | {"Ephemeral-Member": b64encode(seat.token)}
        drawn = [message for n in range(1, 101) if (message := seat.message(n))]
        ids = [b64encode(one) for one, _ in drawn]

        def receipts() -> list[dict]:
            answer = http.post("/room/messages/status", headers=member, json={"ids": ids})
            return answer.json()["receipts"]

        read, unread, *others = receipts()
        assert {one["state"] for one in others} == {"unknown"}
        assert (read["state"], read["opened"]) == ("viewed", 1)
        assert read["reader"] is not None
        assert read["ended_at"] >= shown["created_at"]
        proof = b64decode(read["viewing"])
        assert (proof, b64encode(hashlib.sha256(proof).digest())) == (
            drawn[0][1],
            kept["written"][0]["viewing_hash"],
        )
        assert (unread["state"], unread["opened"]) == ("stored", 0)
        taken = http.request("DELETE", f"/room/messages/{ids[1]}", headers=member)
        assert taken.json() == {"id": ids[1], "state": "withdrawn", "opened": 0}
        assert receipts()[1]["state"] == "withdrawn"
        # The seat is lost; whoever takes it again is the same member.
        http.request("DELETE", "/room/members", headers=member)
        assert http.get("/room/messages", headers=member).status_code == 401
        joined = http.post("/room/members", headers=member, json={})
        assert joined.status_code == 201
        assert [one["state"] for one in receipts()[:2]] == ["viewed", "withdrawn"]
        # Another token is another member, and is told nothing.
        stranger = SeatKeys.derived(bytes(16), charter.nonce)
        member = bearer | {"Ephemeral-Member": b64encode(stranger.token)}
        http.post("/room/members", headers=member, json={})
        assert {one["state"] for one in receipts()} == {"unknown"}


# --- the commands ---------------------------------------------------------------------------------


def left_with_link(room: Cli, *arguments: str, text: str = "the password") -> str:
    """Sends a message and keeps the return link alone."""
    return room.done("send", "--return", *arguments, text=text).strip()


def told(room: Cli, link: str, *arguments: str) -> list[dict]:
    """What `fates` says of each message."""
    lines = room.run("fates", "--json", *arguments, code=link).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_who_leaves_with_a_return_link_learns_who_read_it_and_when_with_proof(room: Cli):
    link = left_with_link(room)
    assert link.startswith(f"{room.url}/#1.")
    waiting = room.run("fates", code=link)
    assert waiting.returncode == Exit.OK
    assert re.fullmatch(r"1 \S{22} stored, until \d{4}-\d\d-\d\d \d\d:\d\d\n", waiting.stdout)
    reader = room.done("read", "--seat", "reader", "--name", "Bo")
    assert reader == "the password"
    seen = room.run("fates", code=link)
    assert seen.returncode == Exit.OK
    assert re.fullmatch(
        r"1 \S{22} viewed by ‹Bo›, \d{4}-\d\d-\d\d \d\d:\d\d, proved\n", seen.stdout
    )
    (fate,) = told(room, link)
    assert (fate["state"], fate["proved"], fate["name"]) == ("viewed", True, "Bo")
    assert fate["ended_at"] > 1_700_000_000_000
    # A name is known as long as its member is there.
    room.done("leave", "--seat", "reader")
    (fate,) = told(room, link)
    assert (fate["proved"], fate["name"]) == (True, None)


def test_what_a_server_says_without_proof_is_false(room: Cli, monkeypatch):
    link = left_with_link(room)
    room.done("read")
    monkeypatch.setattr(SeatKeys, "message", other_viewing(SeatKeys.message))
    result = room.run("fates", code=link)
    assert result.returncode == Exit.FATE
    assert "false: said to be viewed, and not proved" in result.stdout


def other_viewing(message):
    """As if the server had never had the bytes that prove."""
    return lambda seat, counter: (message(seat, counter)[0], bytes(32))


def test_an_unread_message_is_taken_back_and_a_read_one_is_not(room: Cli):
    room.done("send", "--seat", "mine", text="read")
    assert room.done("read") == "read"
    link = left_with_link(room, "--seat", "mine", text="unread")
    read, unread = told(room, link)
    too_late = room.run("take-back", "--id", read["id"], code=link)
    assert (too_late.returncode, too_late.stdout.split()[2]) == (Exit.FATE, "viewed")
    taken = room.run("take-back", code=link)
    assert taken.returncode == Exit.OK
    assert taken.stdout.split()[:3] == ["2", unread["id"], "withdrawn,"]
    assert room.run("read").returncode == Exit.NOTHING
    again = room.run("take-back", code=link)
    assert (again.returncode, again.stdout) == (Exit.NOTHING, "")
    assert [one["state"] for one in told(room, link)] == ["viewed", "withdrawn"]
    assert room.run("fates", code=link).returncode == Exit.OK


def test_a_message_that_is_being_read_is_not_taken_back(room: Cli):
    link = left_with_link(room)
    (fate,) = told(room, link)
    with httpx.Client(base_url=room.url, trust_env=False) as http:
        keys = room.keys(http.get("/config").json())
        bearer = {"Authorization": f"Bearer {b64encode(keys.locator)}"}
        member = bearer | {"Ephemeral-Member": b64encode(bytes(32))}
        http.post("/room/members", headers=member, json={}).raise_for_status()
        http.post(f"/room/messages/{fate['id']}/open", headers=member).raise_for_status()
    result = room.run("take-back", "--json", code=link)
    assert result.returncode == Exit.REFUSED
    shown, error = map(json.loads, result.stdout.splitlines())
    assert (shown["state"], shown["opened"]) == ("opened", 1)
    assert error["error"]["code"] == "message_leased"


def test_a_room_that_has_ended_tells_nothing_any_more(room: Cli):
    link = left_with_link(room)
    room.done("destroy")
    result = room.run("fates", "--json", code=link)
    assert result.returncode == Exit.REFUSED
    assert json.loads(result.stdout)["error"]["code"] == "room_unknown"


def test_a_seat_that_another_took_is_asked_from_after_joining_again(room: Cli):
    link = left_with_link(room)
    with httpx.Client(base_url=room.url, trust_env=False) as http:
        config = http.get("/config").json()
        code, secret = read_return_link(link, config["kdf"]["suite"], b64decode(config["salt"]))
        assert code == room.code
        keys = room.keys(config)
        bearer = {"Authorization": f"Bearer {b64encode(keys.locator)}"}
        charter = decode_charter(
            b64decode(http.get("/room", headers=bearer).json()["charter"]), suite=None
        )
        token = b64encode(SeatKeys.derived(secret, charter.nonce).token)
        http.delete("/room/members", headers=bearer | {"Ephemeral-Member": token})
    lost = room.run("fates", code=link)
    assert lost.returncode == Exit.REFUSED
    assert "--join" in lost.stderr
    joins = room.json("status")["joins"]
    assert [one["state"] for one in told(room, link, "--join")] == ["stored"]
    assert room.json("status")["joins"] == joins + 1


def test_what_is_no_return_link_says_so_and_quotes_nothing(room: Cli):
    link = left_with_link(room)
    for typed in (room.code, link.rpartition(".")[0], f"{link}00"):
        for command in ("fates", "take-back"):
            result = room.run(command, code=typed)
            assert (result.returncode, result.stdout) == (Exit.USAGE, "")
            assert "no return link" in result.stderr
            assert not [word for word in room.code.split("-") if word in result.stderr]
    # Nobody joins by it.
    assert room.run("read", code=link).returncode == Exit.USAGE


def test_a_seat_that_wrote_nothing_has_nothing_to_tell(room: Cli):
    link = left_with_link(room)
    other = link[:-1] + ("0" if link[-1] != "0" else "1")
    assert room.run("fates", "--join", code=other).returncode == Exit.NOTHING
    assert room.run("take-back", code=other).returncode == Exit.NOTHING


def test_a_return_link_names_its_server_and_is_printed_for_programs_too(room: Cli):
    lines = room.done("send", "--return", "--json", text="x").splitlines()
    link, sent = (json.loads(line) for line in lines)
    assert sent["state"] == "stored"
    elsewhere = {"EPHEMERAL_SERVER": ""}
    result = room.done("fates", "--json", code=f"Me: <{link['return']}>", environment=elsewhere)
    assert json.loads(result)["id"] == sent["id"]


def test_where_words_are_asked_for_a_return_link_is_called_one(room: Cli):
    result = room.run("read", code=left_with_link(room))
    assert result.returncode == Exit.USAGE
    assert "This is a return link" in result.stderr
