"""The judge of docs/conversations.md, 10.2, written from its pseudo-code, line by line.

A third one beside Python's and the browser's: it shows that the document says enough.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ephemeral.protocol.accounts.signing import verify
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.encoding import b64decode

Json = dict[str, Any]
ZERO = "A" * 43


class Bad(Exception):
    """The code of the first rule broken."""


class Missing(Exception):
    """Chains, of which statements are missing, and the code if they can't be had."""


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def parted(entry: bytes) -> tuple[bytes, bytes, list[bytes]]:
    """Record, signature, box hashes."""
    text = entry.decode("latin-1")
    end = len(text[: json.JSONDecoder().raw_decode(text)[1]])
    rest = entry[end:]
    return entry[:end], rest[:64], [rest[at : at + 32] for at in range(64, len(rest), 32)]


def require(holds: bool, code: str) -> None:
    if not holds:
        raise Bad(code)


class PlainJudge:
    """`lines`: chains by id, in base64url."""

    def __init__(self, before: Json | None, entry: bytes, lines: Mapping[str, Line]) -> None:
        self.b = before
        self.lines = lines
        self.data, self.signature, self.box_hashes = parted(entry)
        self.r: Json = json.loads(self.data)
        self.P = len(self.r["people"])

    def judge(self, *, complete: bool) -> tuple[str, list[str]]:
        """("good" or a code, []), or ("waiting", chains)."""
        try:
            self._judge()
        except Bad as bad:
            return str(bad), []
        except Missing as missing:
            code, chains = missing.args
            return (code, []) if complete else ("waiting", chains)
        return "good", []

    def at(self, p: Json) -> Any:
        line = self.lines.get(p["chain"])
        return line and line.at(p["sequence"])

    def listed(self, p: Json) -> list[bytes]:
        return [one.id for one in self.at(p).devices[: max(2, 100 // self.P)]]

    def was(self, p: Json) -> Json | None:
        people = self.b["people"] if self.b else []
        return next((one for one in people if one["chain"] == p["chain"]), None)

    def _judge(self) -> None:
        r, b = self.r, self.b
        if b:
            require(r["conversation"] == b["conversation"], "record_conversation")
            require(r["epoch"] == b["epoch"] + 1, "record_epoch")
            require(r["previous"] == b["R"], "record_previous")
            require(r["suite"] >= b["suite"], "record_suite")
            require(r["seen"] >= b["seen"], "record_seen")
        self._people()
        if not b:
            require((r["epoch"] == 1) == (r["previous"] == ZERO), "record_previous")
            log = sha(b"ephemeral/v1/log\0" + b64decode(r["conversation"]))
            begun = (r["seen"], b64decode(r["log"])) == (0, log)
            require(r["epoch"] > 1 or begun, "record_seen")
        self._points()
        devices = [b64decode(one["device"]) for one in r["devices"]]
        listed = dict.fromkeys(one for p in r["people"] for one in self.listed(p))
        require(devices == list(listed), "record_devices")
        self._sealing()
        by = b64decode(r["by"])
        author = next((p for p in r["people"] if by in self.listed(p)), None)
        require(author is not None and (not b or self.was(author) is not None), "record_author")
        assert author is not None
        if b:
            self._leaves()
            self._rights(author)
            require("continues" not in r, "record_continues")
        else:
            require(r["epoch"] > 1 or not r["leaves"], "record_leave")
            admins = [p for p in r["people"] if p["role"] == "admin"]
            require(author in admins if r["epoch"] == 1 else bool(admins), "record_admin")
            require(r["epoch"] == 1 or "continues" not in r, "record_continues")
        signed = sha(self.data) + sha(b"".join(self.box_hashes))
        key = self.at(author).key_of(by)
        require(verify(key, "epoch", signed, self.signature), "record_signature")

    def _people(self) -> None:
        people, epoch = self.r["people"], self.r["epoch"]
        order = [(p["since"], b64decode(p["chain"])) for p in people]
        right = len({p["chain"] for p in people}) == self.P <= 50 and order == sorted(order)
        for p in people:
            was = self.was(p)
            if self.b:
                right &= p["since"] == (was["since"] if was else epoch)
            else:
                right &= p["since"] == 1 if epoch == 1 else p["since"] <= epoch
        require(right, "record_people")

    def _points(self) -> None:
        missing = []
        for p in self.r["people"]:
            was, state = self.was(p), self.at(p)
            require(not was or p["sequence"] >= was["sequence"], "record_point")
            if state is None:
                missing.append(p["chain"])
            else:
                right = state.head == b64decode(p["head"]) and not state.closed
                require(right, "record_point")
        if missing:
            raise Missing("record_point", missing)

    def _sealing(self) -> None:
        known = {one["device"]: one for one in self.b["devices"]} if self.b else {}
        for d in self.r["devices"]:
            o = known.get(d["device"])
            if d["number"] == 0:
                require(d["sealing"] == ZERO, "record_sealing")
            elif o:
                require(d["number"] > o["number"] or d == o, "record_sealing")

    def _leaves(self) -> None:
        assert self.b is not None
        last, missing = -1, []
        there = {p["chain"] for p in self.r["people"]}
        for leave in self.r["leaves"]:
            places = [i for i, o in enumerate(self.b["people"]) if o["chain"] == leave["chain"]]
            i = places[0] if places and leave["chain"] not in there else -1
            require(i > last, "record_leave")
            last = i
            o = self.b["people"][i]
            require(leave["since"] == o["since"], "record_leave")
            state = self.at(o)
            if state is None:
                missing.append(o["chain"])
                continue
            key = state.key_of(b64decode(leave["device"]))
            of = b64decode(self.r["conversation"]) + b64decode(leave["chain"])
            said = of + leave["since"].to_bytes(8, "big")
            signature = b64decode(leave["signature"])
            right = key is not None and verify(key, "leave", said, signature)
            require(right, "record_leave")
        if missing:
            raise Missing("record_leave", missing)

    def _rights(self, author: Json) -> None:
        r, b = self.r, self.b
        assert b is not None
        pairs = [(p, self.was(p)) for p in r["people"]]
        writer = self.was(author)
        lawful = writer is not None and writer["role"] == "admin"
        kept = any(was and was["role"] == "admin" for _, was in pairs)
        if not lawful:
            require(all(was for _, was in pairs), "record_role")
            same = (r["timer"], r["joining"]) == (b["timer"], b["joining"])
            require(same, "record_role")
            roles = all(was and p["role"] == was["role"] for p, was in pairs)
            require(not kept or roles, "record_role")
            there = {one["chain"] for one in (*r["people"], *r["leaves"])}
            missing = []
            for o in b["people"]:
                line = self.lines.get(o["chain"])
                closed = line is not None and line.closed_after(o["sequence"])
                if o["chain"] not in there and not closed:
                    missing.append(o["chain"])
            if missing:
                raise Missing("record_role", missing)
        admins = [p for p in r["people"] if p["role"] == "admin"]
        require(bool(admins) if lawful or kept else admins == r["people"][:1], "record_admin")
