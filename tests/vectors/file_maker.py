"""The formulas of docs/files.md, written a second time for its vectors."""

import hashlib
from typing import Any

from account_maker import gcm
from conversation_maker import expanded
from maker import drawn

Case = dict[str, Any]

KIB, MIB, GIB = 2**10, 2**20, 2**30
CHUNK = 256 * KIB
ID = drawn("files/id", 16)
KEY = drawn("files/key", 32)
SALT = drawn("files/salt", 16)
OTHER_ID = drawn("files/other id", 16)
OTHER_KEY = drawn("files/other key", 32)


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def padme(size: int) -> int:
    """The least length from `size` on that has few digits: of E + 1 binary ones, E - S zeros end
    it."""
    length = max(size, 4096)
    digits = len(f"{length:b}") - 1
    kept = len(f"{digits:b}")
    unit = "1" + "0" * (digits - kept)
    rest = length % int(unit, 2)
    return length if rest == 0 else length - rest + int(unit, 2)


def lengths(padded: int) -> list[int]:
    """Of all segments."""
    if padded <= 16 * MIB:
        return cut(padded, MIB)
    middle = cut(padded - 8 * MIB, 2 * MIB if padded <= GIB else 8 * MIB)
    return [MIB] * 4 + middle + [MIB] * 4


def cut(length: int, step: int) -> list[int]:
    whole = [step] * (length // step)
    return [*whole, length % step] if length % step else whole


def segments(padded: int) -> list[list[int]]:
    """Start, length, chunks and bytes of the object, each."""
    found = []
    start = 0
    for length in lengths(padded):
        chunks = len(cut(length, CHUNK))
        found.append([start, length, chunks, 16 + length + 16 * chunks])
        start += length
    assert start == padded
    return found


def segment_key(file: bytes, key: bytes, number: int, salt: bytes) -> bytes:
    return expanded(key, salt, b"ephemeral/v1/file/segment" + file + u32(number))


def sealed_segment(
    plaintext: bytes,
    number: int,
    *,
    count: int,
    file: bytes = ID,
    key: bytes = KEY,
    salt: bytes = SALT,
) -> bytes:
    """The object of one of `count` segments."""
    by = segment_key(file, key, number, salt)
    parts = [plaintext[at : at + CHUNK] for at in range(0, len(plaintext), CHUNK)]
    sealed = salt
    for at, part in enumerate(parts):
        last = number == count - 1 and at == len(parts) - 1
        ad = b"ephemeral/v1/file/chunk" + file + u32(number) + u32(at) + bytes([last])
        sealed += aead(by, bytes(4) + at.to_bytes(8, "big"), part, ad)
    return sealed


def aead(key: bytes, nonce: bytes, plaintext: bytes, ad: bytes) -> bytes:
    """`gcm` of accounts writes the nonce as well."""
    return gcm(key, nonce, plaintext, ad)[len(nonce) :]


def sized(data: bytes) -> Case:
    return {"size": len(data), "sha256": hashlib.sha256(data).digest()}


def text_of(length: int) -> bytes:
    """Content of which each piece is another, and which is short to write down."""
    step = 64 * KIB
    whole = b"".join(bytes([65 + at % 26]) * step for at in range(-(-length // step)))
    return whole[:length]
