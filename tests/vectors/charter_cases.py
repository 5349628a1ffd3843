"""Charters, as a server and as a joiner read them: docs/protocol.md, section 5."""

from typing import Any

from maker import Vectors, charter_of, drawn, flipped, mac_of

NONCE = drawn("charter/nonce", 32)
KEY = drawn("charter/key", 32)
WIDEST = {"seats": [2, 50], "message_ttl": [60, 604_800], "room_ttl": [300, 2_592_000]}
FIELDS = {"suite": 1, "policy": 1, "seats": 2, "message_ttl": 86_400, "room_ttl": 604_800}


def make() -> Vectors:
    v = Vectors("charter", "The rules of a room and who vouches for them: docs/protocol.md, 5")
    fields = {
        "suite": "integer",
        "nonce": "hex",
        "policy": "integer",
        "seats": "integer",
        "message_ttl": "integer",
        "room_ttl": "integer",
    }
    v.operation(
        "encode_charter", {**fields, "charter_key": "hex"}, {"charter": "hex", "mac": "hex"}
    )
    v.operation(
        "decode_charter",
        {"charter": "hex", "suite": "integer", "limits": "json"},
        fields,
        side="server",
    )
    v.operation(
        "verify_charter",
        {"charter": "hex", "mac": "hex", "charter_key": "hex", "suite": "integer"},
        fields,
    )
    for name, change, why in (
        ("first_view", {}, "The usual room of two."),
        ("everyone", {"policy": 2, "seats": 50}, "The other policy."),
        ("suite_2", {"suite": 2}, "The other suite."),
        ("least", {"seats": 2, "message_ttl": 60, "room_ttl": 300}, "Every number at its least."),
        ("most", {"seats": 50, "message_ttl": 604_800, "room_ttl": 2_592_000}, "At its most."),
        ("message_outlives_room", {"message_ttl": 3600, "room_ttl": 300}, "No rule against it."),
    ):
        values: dict[str, Any] = {**FIELDS, **change, "nonce": NONCE}
        data = charter_of(**values)
        mac = mac_of(KEY, data)
        made = {**values, "charter_key": KEY}
        v.success("encode_charter", f"encode_{name}", why, made, {"charter": data, "mac": mac})
        given = {"charter": data, "suite": values["suite"], "limits": WIDEST}
        v.success("decode_charter", f"decode_{name}", why, given, values)
        shown = {"charter": data, "mac": mac, "charter_key": KEY, "suite": values["suite"]}
        v.success("verify_charter", f"verify_{name}", why, shown, values)
    decoding(v)
    verifying(v)
    return v


# What is wrong with a charter whatever its mac: name, bytes, refusal, why.
GOOD = charter_of(nonce=NONCE)
WRONG = (
    ("empty", b"", "charter_length", "Nothing."),
    ("44_bytes", GOOD[:44], "charter_length", "One byte is missing."),
    ("46_bytes", GOOD + b"\0", "charter_length", "Nothing is cut off."),
    ("version_0", charter_of(nonce=NONCE, version=0), "charter_version", "No such version."),
    ("version_2", charter_of(nonce=NONCE, version=2), "charter_version", "Not known yet."),
    ("suite_0", charter_of(nonce=NONCE, suite=0), "charter_suite", "No such suite."),
    ("other_suite", charter_of(nonce=NONCE, suite=2), "charter_suite", "The server's is 1."),
    ("policy_0", charter_of(nonce=NONCE, policy=0), "charter_policy", "No such policy."),
    ("policy_3", charter_of(nonce=NONCE, policy=3), "charter_policy", "No such policy."),
    ("seats_0", charter_of(nonce=NONCE, seats=0), "charter_limits", "Two at least."),
    ("seats_1", charter_of(nonce=NONCE, seats=1), "charter_limits", "Two at least."),
    ("seats_51", charter_of(nonce=NONCE, seats=51), "charter_limits", "Fifty at most."),
    ("seats_512", charter_of(nonce=NONCE, seats=512), "charter_limits", "Big-endian: not 2."),
    ("message_ttl_0", charter_of(nonce=NONCE, message_ttl=0), "charter_limits", "A minute."),
    ("message_ttl_59", charter_of(nonce=NONCE, message_ttl=59), "charter_limits", "A minute."),
    ("message_ttl_604801", charter_of(nonce=NONCE, message_ttl=604_801), "charter_limits",
     "A week at most."),
    ("message_ttl_beyond_signed", charter_of(nonce=NONCE, message_ttl=2**31 + 60),
     "charter_limits", "Unsigned, and too long."),
    ("room_ttl_299", charter_of(nonce=NONCE, room_ttl=299), "charter_limits", "Five minutes."),
    ("room_ttl_2592001", charter_of(nonce=NONCE, room_ttl=2_592_001), "charter_limits",
     "Thirty days at most."),
    ("room_ttl_most", charter_of(nonce=NONCE, room_ttl=2**32 - 1), "charter_limits",
     "Thirty days at most."),
    ("length_and_version", charter_of(nonce=NONCE, version=2)[:44], "charter_length",
     "The length is checked before the version."),
    ("version_and_suite", charter_of(nonce=NONCE, version=2, suite=2), "charter_version",
     "The version is checked before the suite."),
    ("suite_and_policy", charter_of(nonce=NONCE, suite=2, policy=3), "charter_suite",
     "The suite is checked before the policy."),
    ("policy_and_limits", charter_of(nonce=NONCE, policy=3, seats=51), "charter_policy",
     "The policy is checked before the limits."),
)  # fmt: skip


def decoding(v: Vectors) -> None:
    for name, data, refusal, why in WRONG:
        given = {"charter": data, "suite": 1, "limits": WIDEST}
        v.refusal("decode_charter", f"decode_{name}", why, given, refusal)
    given = {"charter": GOOD, "suite": 2, "limits": WIDEST}
    v.refusal("decode_charter", "decode_server_of_suite_2", "The server's is 2.", given,
              "charter_suite")  # fmt: skip
    for name, limits in (
        ("seats_of_this_server", {"seats": [3, 50]}),
        ("message_ttl_of_this_server", {"message_ttl": [60, 86_399]}),
        ("room_ttl_of_this_server", {"room_ttl": [604_801, 2_592_000]}),
    ):
        given = {"charter": GOOD, "suite": 1, "limits": {**WIDEST, **limits}}
        why = "A server may allow less than the protocol."
        v.refusal("decode_charter", f"decode_{name}", why, given, "charter_limits")


def verifying(v: Vectors) -> None:
    def refused(name: str, why: str, data: bytes, mac: bytes, refusal: str, suite: int = 1) -> None:
        given = {"charter": data, "mac": mac, "charter_key": KEY, "suite": suite}
        v.refusal("verify_charter", f"verify_{name}", why, given, refusal)

    for name, data, refusal, why in WRONG:
        refused(f"{name}_with_mac", why, data, mac_of(KEY, data), refusal)
        if refusal != "charter_length":
            before = "The mac is checked before anything but the length."
            bad = flipped(mac_of(KEY, data), 0)
            refused(f"{name}_without_mac", before, data, bad, "charter_mac")
    refused("46_bytes_mac_of_45", "The length comes first.", GOOD + b"\0", mac_of(KEY, GOOD),
            "charter_length")  # fmt: skip
    good_mac = mac_of(KEY, GOOD)
    refused("server_of_suite_2", "The server's is 2.", GOOD, good_mac, "charter_suite", 2)
    for name, mac, why in (
        ("mac_empty", b"", "No mac."),
        ("mac_of_31_bytes", good_mac[:31], "A part of a mac is no mac."),
        ("mac_of_33_bytes", good_mac + b"\0", "Nothing is cut off."),
        ("mac_first_bit", flipped(good_mac, 0, 7), "Every bit counts."),
        ("mac_last_bit", flipped(good_mac, 31), "Every bit counts."),
        ("mac_of_zeros", bytes(32), "Nobody has made it."),
        ("mac_by_another_key", mac_of(drawn("charter/other key", 32), GOOD), "Another code."),
        ("mac_of_another_room", mac_of(KEY, charter_of(nonce=drawn("charter/n2", 32))),
         "An earlier room of the same code."),
    ):  # fmt: skip
        refused(name, why, GOOD, mac, "charter_mac")
    for name, data, why in (
        ("changed_nonce", charter_of(nonce=flipped(NONCE, 31)), "The server replays old content."),
        ("changed_policy", charter_of(nonce=NONCE, policy=2), "The server lets everyone read."),
        ("changed_seats", charter_of(nonce=NONCE, seats=3), "The server makes room for itself."),
        ("changed_message_ttl", charter_of(nonce=NONCE, message_ttl=86_401), "It keeps longer."),
        ("changed_room_ttl", charter_of(nonce=NONCE, room_ttl=604_801), "It keeps longer."),
    ):
        refused(name, why, data, good_mac, "charter_mac")
