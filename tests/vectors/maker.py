"""What the vectors are made with: the formulas of docs/protocol.md, written a second time.

Nothing here or beside it imports the package: a bug would vouch for itself.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Case = dict[str, Any]
Signature = dict[str, Any]


class Vectors:
    """One file: the operations it uses, and its cases. `terse`: whatever is flat is one line."""

    def __init__(self, name: str, about: str, *, terse: bool = False) -> None:
        self.name = name
        self.about = about
        self.terse = terse
        self.operations: dict[str, Signature] = {}
        self.cases: list[Case] = []

    def operation(
        self,
        op: str,
        takes: dict[str, str],
        gives: dict[str, str],
        *,
        refused: dict[str, str] | None = None,
        side: str = "both",
    ) -> None:
        """Declare an operation; a type ending in `?` may be absent. `refused`: with a refusal."""
        self.operations[op] = {"side": side, "in": takes, "out": gives}
        if refused:
            self.operations[op]["details"] = refused

    def success(self, op: str, name: str, why: str, given: Case, out: Case) -> None:
        self._add(op, name, why, given, {"expect": "success", "out": out})

    def refusal(
        self, op: str, name: str, why: str, given: Case, code: str, details: Case | None = None
    ) -> None:
        expected: Case = {"expect": "refusal", "refusal": code}
        if details is not None:
            expected["details"] = details
        self._add(op, name, why, given, expected)

    def _add(self, op: str, name: str, why: str, given: Case, expected: Case) -> None:
        assert all(case["name"] != name for case in self.cases), f"{name} twice in {self.name}"
        assert why.endswith("."), f"{name}: `why` is a sentence"
        assert not why[0].islower(), f"{name}: `why` is a sentence"
        signature = self.operations[op]
        fits(given, signature["in"], name)
        for part in {"out", "details"} & set(expected):
            fits(expected[part], signature[part], name)
        self.cases.append(
            {"name": name, "why": why, "op": op, "in": shown(given)} | shown(expected)
        )

    def text(self) -> str:
        head = {
            "protocol": "ephemeral.v1",
            "layout": 1,
            "about": self.about,
            "operations": self.operations,
            "cases": self.cases,
        }
        return (laid_out(head) if self.terse else json.dumps(head, indent=1)) + "\n"


def laid_out(value: Any, indent: str = "\n") -> str:
    """JSON with a line for each object or list that holds no other but lists of plain values."""
    if not isinstance(value, dict | list) or all(is_plain(one) for one in parts_of(value)):
        return json.dumps(value)
    within = indent + " "
    if isinstance(value, dict):
        lines = [f"{json.dumps(key)}: {laid_out(one, within)}" for key, one in value.items()]
    else:
        lines = [laid_out(one, within) for one in value]
    opens, closes = "{}" if isinstance(value, dict) else "[]"
    return opens + within + ("," + within).join(lines) + indent + closes


def parts_of(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return not any(isinstance(one, dict | list) for one in value)
    return not isinstance(value, dict)


def fits(values: Case, types: dict[str, str], name: str) -> None:
    assert set(values) <= set(types), f"{name}: {set(values) - set(types)} not declared"
    for key, kind in types.items():
        assert key in values or kind.endswith("?"), f"{name}: {key} is missing"
        if key in values:
            value = values[key]
            assert (kind.rstrip("?") == "hex") == isinstance(value, bytes), f"{name}: {key}"


def shown(value: Any) -> Any:
    """A value as the file holds it: bytes in hexadecimal, and the long and dull as pieces."""
    if isinstance(value, bytes):
        return shown_pieces(value.hex(), 2) if len(value) > 4096 else value.hex()
    if isinstance(value, str) and len(value) > 4096:
        return shown_pieces(value, 1)
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shown(each) for each in value]
    return value


def shown_pieces(text: str, width: int) -> Any:
    """`text` as runs of one unit of `width` characters, if that is much shorter; else itself."""
    pieces: list[list[Any]] = []
    for at in range(0, len(text), width):
        unit = text[at : at + width]
        if pieces and pieces[-1][0] == unit:
            pieces[-1][1] += 1
        else:
            pieces.append([unit, 1])
        if len(pieces) > 400:
            return text
    joined: list[list[Any]] = []
    for unit, times in pieces:
        if joined and times == 1 and joined[-1][1] == 1:
            joined[-1][0] += unit
        else:
            joined.append([unit, times])
    return {"pieces": joined}


def drawn(name: str, length: int) -> bytes:
    """Bytes that look random and are always the same for a name."""
    blocks = (length + 31) // 32
    stream = b"".join(hashlib.sha256(f"{name}/{i}".encode()).digest() for i in range(blocks))
    return stream[:length]


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def hkdf(ikm: bytes, salt: bytes, label: str) -> bytes:
    """RFC 5869 for one block of output: extract, then the first step of expand."""
    pseudorandom = hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
    return hmac.new(pseudorandom, label.encode() + b"\x01", hashlib.sha256).digest()


def mac_of(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def charter_of(
    *,
    version: int = 1,
    suite: int = 1,
    nonce: bytes,
    policy: int = 1,
    seats: int = 2,
    message_ttl: int = 86_400,
    room_ttl: int = 604_800,
) -> bytes:
    return (
        bytes([version, suite])
        + nonce
        + bytes([policy])
        + seats.to_bytes(2, "big")
        + message_ttl.to_bytes(4, "big")
        + room_ttl.to_bytes(4, "big")
    )


def sealed(key: bytes, nonce: bytes, plaintext: bytes, ad: bytes, version: int = 1) -> bytes:
    """The shape that envelopes and profiles share."""
    return bytes([version]) + nonce + AESGCM(key).encrypt(nonce, plaintext, ad)


def message_ad(room_nonce: bytes, author: bytes, message_id: bytes) -> bytes:
    return b"ephemeral/v1/message" + room_nonce + author + message_id


def profile_ad(room_nonce: bytes, member: bytes) -> bytes:
    return b"ephemeral/v1/profile" + room_nonce + member


def plaintext_of(
    content: bytes,
    *,
    viewing: bytes,
    counter: int = 1,
    version: int = 1,
    length: int | None = None,
    size: int | None = None,
    fill: bytes = b"",
) -> bytes:
    """The plaintext of a message. `length` and `size` (of the envelope) may be made to lie."""
    written = len(content) if length is None else length
    head = bytes([version]) + viewing + counter.to_bytes(8, "big") + written.to_bytes(4, "big")
    body = head + content + fill
    if size is None:
        size = 512
        while size < len(body) + 29:
            size *= 2
    assert len(body) + 29 <= size
    return body + bytes(size - 29 - len(body))


def padded_profile(data: bytes, *, length: int | None = None, fill: bytes = b"") -> bytes:
    written = len(data) if length is None else length
    body = written.to_bytes(2, "big") + data + fill
    assert len(body) <= 227
    return body + bytes(227 - len(body))


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)
