"""Profile: the sealed name and colour of a member. docs/protocol.md, 7.5."""

import struct
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.encoding import dump_json, parse_json, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import ContentKeys
from ephemeral.protocol.limits import (
    ENVELOPE_OVERHEAD,
    ID_SIZE,
    NONCE_SIZE,
    PROFILE_COLOURS,
    PROFILE_SIZE,
)
from ephemeral.protocol.names import is_name

__all__ = ["Profile", "open_profile", "seal_profile"]

VERSION = 1
_LENGTH = struct.Struct(">H")
_PADDED_SIZE = PROFILE_SIZE - ENVELOPE_OVERHEAD

_UNREADABLE = "This member's name can't be read."
_BAD_NAME = (
    "A name has 1 to 64 bytes of letters, numbers and signs that can be seen, with single spaces "
    "between; a colour is 0 to 11."
)


class Profile(NamedTuple):
    """`name` is one (names.py); `colour` is 0 to 11."""

    name: str
    colour: int

    def __repr__(self) -> str:
        return f"Profile(colour={self.colour})"  # no name in a traceback


def _associated_data(keys: ContentKeys, member: bytes) -> bytes:
    refuse(len(member) != ID_SIZE, "malformed")
    return b"ephemeral/v1/profile" + keys.room_nonce + member


def seal_profile(keys: ContentKeys, member: bytes, name: str, colour: int, nonce: bytes) -> bytes:
    """The 256 bytes of a profile. Refuses a name or colour against the rules (`profile_json`)."""
    assert len(nonce) == NONCE_SIZE, "a nonce has 12 bytes"
    try:
        data = dump_json({"name": name, "colour": colour})
    except Refusal:
        raise Refusal("profile_json", _BAD_NAME) from None
    _read(data, _BAD_NAME)
    padded = (_LENGTH.pack(len(data)) + data).ljust(_PADDED_SIZE, b"\0")
    ad = _associated_data(keys, member)
    return bytes([VERSION]) + nonce + AESGCM(keys.profile).encrypt(nonce, padded, ad)


def open_profile(keys: ContentKeys, member: bytes, data: bytes) -> Profile:
    """The profile of this member; refusals in the order of 7.5."""
    ad = _associated_data(keys, member)
    refuse(len(data) != PROFILE_SIZE, "profile_length")
    refuse(data[0] != VERSION, "profile_version", _UNREADABLE)
    try:
        padded = AESGCM(keys.profile).decrypt(data[1 : 1 + NONCE_SIZE], data[1 + NONCE_SIZE :], ad)
    except InvalidTag:
        raise Refusal("profile_open", _UNREADABLE) from None
    end = _LENGTH.size + _LENGTH.unpack_from(padded)[0]
    refuse(padded.count(0, end) != _PADDED_SIZE - end, "profile_padding", _UNREADABLE)
    return _read(padded[_LENGTH.size : end], _UNREADABLE)


def _read(data: bytes, message: str) -> Profile:
    try:
        profile = parse_json(data)
        if not isinstance(profile, dict):
            raise Refusal("malformed")
        colour = read_integer(profile.get("colour"), 0, PROFILE_COLOURS - 1)
    except Refusal:
        raise Refusal("profile_json", message) from None
    name = profile.get("name")
    if not isinstance(name, str) or not is_name(name):
        raise Refusal("profile_json", message)
    return Profile(name, colour)
