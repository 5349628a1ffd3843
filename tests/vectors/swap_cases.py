"""Everything that is sealed, in the place of everything else: docs/protocol.md, 4, 7.5, 7.6, 8.3.

All keys follow from one root, as they do in a room; so what refuses is the separation of keys and
the associated data, and never that a key is a stranger's.
"""

from typing import Any

from maker import (
    Vectors,
    compact,
    drawn,
    hkdf,
    message_ad,
    padded_profile,
    plaintext_of,
    profile_ad,
    sealed,
)

ROOT = drawn("swaps/root", 32)
ROOM, AGAIN = drawn("swaps/room", 32), drawn("swaps/room made again", 32)
ANNA, BEN = drawn("swaps/anna", 16), drawn("swaps/ben", 16)
FIRST, SECOND = drawn("swaps/first", 16), drawn("swaps/second", 16)
NONCE = drawn("swaps/nonce", 12)
VIEWING = drawn("swaps/viewing", 32)

SECRET = hkdf(ROOT, b"", "ephemeral/v1/room-secret")
MESSAGE, PROFILE = (hkdf(SECRET, ROOM, f"ephemeral/v1/{one}") for one in ("message", "profile"))
# What somebody might seal with by mistake, or a server might hope for.
WRONG_KEYS = {
    "the_root": ROOT,
    "the_locator": hkdf(ROOT, b"", "ephemeral/v1/locator"),
    "the_charter_key": hkdf(ROOT, b"", "ephemeral/v1/charter"),
    "the_room_secret": SECRET,
    "the_message_key_without_a_nonce": hkdf(SECRET, b"", "ephemeral/v1/message"),
    "the_message_key_of_the_room_made_again": hkdf(SECRET, AGAIN, "ephemeral/v1/message"),
    "the_profile_key_of_the_room_made_again": hkdf(SECRET, AGAIN, "ephemeral/v1/profile"),
    "a_key_of_version_2": hkdf(SECRET, ROOM, "ephemeral/v2/message"),
    "a_key_with_the_label_of_resuming": hkdf(SECRET, ROOM, "ephemeral/v1/resume"),
    "a_key_by_the_nonce_as_label": hkdf(SECRET, b"ephemeral/v1/message", ROOM.hex()),
}
HELLO = plaintext_of(compact({"type": "text", "text": "hello"}), viewing=VIEWING)
ADA = padded_profile(compact({"name": "Ada", "colour": 3}))
MESSAGE_AD, PROFILE_AD = message_ad(ROOM, ANNA, FIRST), profile_ad(ROOM, ANNA)
ENVELOPE = sealed(MESSAGE, NONCE, HELLO, MESSAGE_AD)
NAME = sealed(PROFILE, NONCE, ADA, PROFILE_AD)


def make() -> Vectors:
    v = Vectors("swaps", "What is sealed in the place of something else: docs/protocol.md, 4 to 8")
    v.operation(
        "open_message",
        {"message_key": "hex", "room_nonce": "hex", "author": "hex", "id": "hex",
         "envelope": "hex"},
        {"viewing": "hex", "counter": "integer", "content": "json"},
    )  # fmt: skip
    v.operation(
        "open_profile",
        {"profile_key": "hex", "room_nonce": "hex", "member": "hex", "profile": "hex"},
        {"name": "text", "colour": "integer"},
    )
    in_place(v)
    messages(v)
    profiles(v)
    return v


def as_message(envelope: bytes, **change: bytes) -> dict[str, Any]:
    place = {"message_key": MESSAGE, "room_nonce": ROOM, "author": ANNA, "id": FIRST}
    return {**place, **change, "envelope": envelope}


def as_profile(profile: bytes, **change: bytes) -> dict[str, Any]:
    place = {"profile_key": PROFILE, "room_nonce": ROOM, "member": ANNA}
    return {**place, **change, "profile": profile}


def in_place(v: Vectors) -> None:
    said = {"viewing": VIEWING, "counter": 1, "content": {"type": "text", "text": "hello"}}
    v.success("open_message", "message", "In its place.", as_message(ENVELOPE), said)
    named = {"name": "Ada", "colour": 3}
    v.success("open_profile", "profile", "In its place.", as_profile(NAME), named)


def messages(v: Vectors) -> None:
    def refused(name: str, why: str, code: str, envelope: bytes, **change: bytes) -> None:
        v.refusal("open_message", f"message_{name}", why, as_message(envelope, **change), code)

    for name, key in (WRONG_KEYS | {"the_profile_key": PROFILE}).items():
        why = "Each key has one purpose."
        refused(f"by_{name}", why, "envelope_open", sealed(key, NONCE, HELLO, MESSAGE_AD))
    for name, change in (
        ("of_another_member", {"author": BEN}),
        ("under_another_id", {"id": SECOND}),
        ("of_another_member_under_another_id", {"author": BEN, "id": SECOND}),
        ("in_the_room_made_again", {"room_nonce": AGAIN}),
    ):
        refused(name, "Bound to its place.", "envelope_open", ENVELOPE, **change)
    refused("malformed_before_size", "Ids come first.", "malformed", ENVELOPE[:-1], author=BEN[:15])
    refused("malformed_before_version", "Ids come first.", "malformed", b"\2" + ENVELOPE[1:],
            id=FIRST + b"\0")  # fmt: skip
    large = sealed(PROFILE, NONCE, HELLO, PROFILE_AD + FIRST)
    for name, envelope, code, why in (
        ("that_is_a_profile", NAME, "envelope_size", "A profile has 256 bytes."),
        ("that_is_two_profiles", NAME + NAME, "envelope_open", "Of a right size by chance."),
        ("sealed_as_a_profile", large, "envelope_open", "Neither key nor label is a message's."),
        ("with_the_label_of_resuming",
         sealed(MESSAGE, NONCE, HELLO, b"ephemeral/v1/resume/seat"), "envelope_open", "A label."),
        ("with_the_label_of_the_server",
         sealed(MESSAGE, NONCE, HELLO, b"ephemeral/v1/server/payload\0message\0" + FIRST),
         "envelope_open", "The server's layer is another."),
        ("without_its_version", ENVELOPE[1:] + b"\0", "envelope_version", "Moved by a byte."),
        ("of_version_0", b"\0" + ENVELOPE[1:], "envelope_version", "There is none."),
        ("of_version_255", b"\xff" + ENVELOPE[1:], "envelope_version", "There is none."),
        ("extended_to_the_next_class", ENVELOPE + bytes(512), "envelope_open", "Extended."),
        ("twice", ENVELOPE + ENVELOPE, "envelope_open", "Extended."),
        ("extended_by_a_byte", ENVELOPE + b"\0", "envelope_size", "Extended."),
        ("cut_by_its_tag", ENVELOPE[:-16], "envelope_size", "Cut."),
        ("with_a_tag_of_zeros_for_12_bytes", ENVELOPE[:-12] + bytes(12), "envelope_open",
         "A part of a tag is no tag."),
    ):  # fmt: skip
        refused(name, why, code, envelope)


def profiles(v: Vectors) -> None:
    def refused(name: str, why: str, code: str, profile: bytes, **change: bytes) -> None:
        v.refusal("open_profile", f"profile_{name}", why, as_profile(profile, **change), code)

    for name, key in (WRONG_KEYS | {"the_message_key": MESSAGE}).items():
        why = "Each key has one purpose."
        refused(f"by_{name}", why, "profile_open", sealed(key, NONCE, ADA, PROFILE_AD))
    refused("of_another_member", "Bound to its member.", "profile_open", NAME, member=BEN)
    refused("in_the_room_made_again", "Bound to its room.", "profile_open", NAME, room_nonce=AGAIN)
    refused("malformed_before_length", "Ids come first.", "malformed", NAME[:-1], member=BEN[:15])
    for name, profile, code, why in (
        ("that_is_a_message", ENVELOPE, "profile_length", "A message has 512 bytes or more."),
        ("that_is_half_a_message", ENVELOPE[:256], "profile_open", "Of the right size by chance."),
        ("sealed_as_a_message", sealed(MESSAGE, NONCE, ADA, MESSAGE_AD), "profile_open",
         "Neither key nor label is a profile's."),
        ("with_the_label_of_a_message", sealed(PROFILE, NONCE, ADA, MESSAGE_AD), "profile_open",
         "The label is bound."),
        ("with_the_label_of_resuming",
         sealed(PROFILE, NONCE, ADA, b"ephemeral/v1/resume/seat"), "profile_open", "A label."),
        ("of_version_0", b"\0" + NAME[1:], "profile_version", "There is none."),
        ("extended_by_a_byte", NAME + b"\0", "profile_length", "Extended."),
        ("cut_by_its_tag", NAME[:-16], "profile_length", "Cut."),
    ):  # fmt: skip
        refused(name, why, code, profile)
