"""Watching together: docs/files.md, section 14."""

import struct

from account_maker import labelled
from conversation_maker import expanded
from file_maker import ID, OTHER_ID, Case, aead
from maker import Vectors, drawn, flipped

SEED, RECORD = drawn("together/seed", 32), drawn("together/record", 32)
TALK, DEVICE = drawn("together/conversation", 16), drawn("together/device", 16)
NONCE = drawn("together/nonce", 12)
WHERE: Case = {
    "seed": SEED, "record": RECORD, "conversation": TALK, "file": ID, "device": DEVICE,
}  # fmt: skip
SAID: Case = {
    "session": drawn("together/session", 16).hex(), "n": 7, "by": DEVICE.hex(), "playing": True,
    "held": False, "waiting": True, "stalled": False, "leaving": False, "position": 125_250,
    "at": 1_800_000_000_123, "rate": 1000, "sent": 1_800_000_004_000,
}  # fmt: skip


def packed(said: Case, *, more: int = 0) -> bytes:
    names = ("playing", "held", "waiting", "stalled", "leaving")
    flags = sum(2**at for at, name in enumerate(names) if said[name]) + more
    return (
        bytes.fromhex(said["session"]) + struct.pack(">I", said["n"]) + bytes.fromhex(said["by"])
        + bytes([flags]) + struct.pack(">QQHQ", said["position"], said["at"], said["rate"],
                                       said["sent"])
    )  # fmt: skip


def sealed(state: bytes, *, first: bytes = b"\1", **other: bytes) -> bytes:
    where = WHERE | other
    key = expanded(where["seed"], where["record"], labelled("export", b"together\0", where["file"]))
    bound = labelled(
        "together", where["conversation"], where["record"], where["device"], where["file"]
    )
    return first + NONCE + aead(key, NONCE, state, bound)


def make() -> Vectors:
    v = Vectors("together", "Watching together. docs/files.md, 14")
    where = dict.fromkeys(WHERE, "hex")
    v.operation("seal_together", {**where, "said": "json", "random": "hex"}, {"sealed": "hex"})
    v.operation("open_together", {**where, "sealed": "hex"}, {"said": "json"})
    for name, change, why in (
        ("playing", {}, "It plays, and others are waited for."),
        ("held", {"playing": False, "held": True, "stalled": True}, "It waits for somebody."),
        ("leaving", {"leaving": True, "waiting": False, "rate": 1250}, "Somebody goes."),
        ("first", {"n": 1, "position": 0, "at": 0, "sent": 0, "rate": 250}, "The least."),
        ("last", {"n": 2**32 - 1, "position": 604_800_000, "at": 2**53 - 1, "sent": 2**53 - 1,
                  "rate": 4000}, "The most."),
    ):  # fmt: skip
        said = SAID | change
        box = sealed(packed(said))
        v.success(
            "seal_together", f"seal_{name}", why, {**WHERE, "said": said, "random": NONCE},
            {"sealed": box},
        )  # fmt: skip
        v.success("open_together", f"open_{name}", why, {**WHERE, "sealed": box}, {"said": said})
    newer(v)
    refusals(v)
    return v


def newer(v: Vectors) -> None:
    """Of two wishes: which counts. As texts of base64url they would be in another order."""
    v.operation("newer_wish", {"said": "json", "known": "json"}, {"counts": "json"})
    low, high = (f"{first:02x}" * 16 for first in (0x68, 0xD0))
    known = SAID | {"session": low, "n": 7, "by": low}
    other = known | {"session": high}
    most = 2**31
    for name, said, before, counts, why in (
        ("next", known | {"n": 8}, known, True, "The next one."),
        ("same", known, known, False, "The one that is known."),
        ("device", known | {"by": high}, known, True, "Of two alike the higher device's."),
        ("device_below", known, known | {"by": high}, False, "The lower device's doesn't."),
        ("before", known | {"n": 6, "by": high}, known, False, "An earlier one."),
        ("ahead", known | {"n": 71}, known, True, "As far ahead as may be."),
        ("far", known | {"n": 72}, known, False, "Nobody uses up the numbers at once."),
        ("beyond", known | {"n": most + 1}, known | {"n": most}, True, "One goes on counting."),
        ("session", other | {"n": 1}, known, True, "Of two sessions the higher one."),
        ("session_below", known | {"n": 99}, other, False, "The lower one doesn't."),
        ("session_far", other | {"n": most}, known, True, "There is room above it."),
        ("session_used", other | {"n": most + 1}, known, False, "Nor by another session."),
        ("first", known | {"n": most}, None, True, "The first that is heard."),
        ("first_used", known | {"n": most + 1}, None, False, "Not even then."),
    ):  # fmt: skip
        given = {"said": said, "known": before}
        v.success("newer_wish", f"newer_{name}", why, given, {"counts": counts})


def refusals(v: Vectors) -> None:
    good = packed(SAID)
    whole = sealed(good)
    for name, box, why in (
        ("empty", b"", "Nothing."),
        ("short", whole[:-1], "A byte is missing."),
        ("long", whole + b"\0", "A byte more."),
        ("version", sealed(good, first=b"\2"), "Another version."),
        ("changed", flipped(whole, 40), "A bit was changed."),
        ("file", sealed(good, file=OTHER_ID), "Of another film."),
        ("epoch", sealed(good, seed=drawn("together/other", 32)), "Of another epoch's secret."),
        ("record", sealed(good, record=drawn("together/other", 32)), "Of another epoch."),
        ("conversation", sealed(good, conversation=OTHER_ID), "Of another conversation."),
        ("device", sealed(good, device=OTHER_ID), "Of a device that the server doesn't name."),
    ):
        v.refusal("open_together", name, why, {**WHERE, "sealed": box}, "together_open")
    for name, change, why in (
        ("zero", {"n": 0}, "Counts from one."),
        ("position", {"position": 604_800_001}, "More than a week."),
        ("at", {"at": 2**53}, "More than JavaScript counts."),
        ("sent", {"sent": 2**53}, "More than JavaScript counts."),
        ("slow", {"rate": 249}, "Too slow."),
        ("fast", {"rate": 4001}, "Too fast."),
        ("both", {"held": True}, "It can't play and be held."),
    ):
        said = SAID | change
        given = {**WHERE, "sealed": sealed(packed(said))}
        v.refusal("open_together", f"reads_{name}", why, given, "together_form")
        if name not in {"at", "sent"}:
            given = {**WHERE, "said": said, "random": NONCE}
            v.refusal("seal_together", f"writes_{name}", why, given, "together_form")
    given = {**WHERE, "sealed": sealed(packed(SAID, more=32))}
    v.refusal("open_together", "flags", "A flag that nobody knows.", given, "together_form")
