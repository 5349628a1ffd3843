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
    refusals(v)
    return v


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
