"""Whoever has kept nothing but a return link: fates with proof, and taking back (protocol, 4.3)."""

import hashlib
import json

import httpx
from support.people.command_line import Cli

from ephemeral.protocol.charter import verify_charter
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
