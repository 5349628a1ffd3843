"""A seat and what follows from its secret: docs/protocol.md, 4.2 and 4.3."""

import hashlib
import hmac

from maker import Vectors, drawn, hkdf

_MESSAGES = 100


def expanded(ikm: bytes, salt: bytes, label: str, size: int) -> bytes:
    """RFC 5869 for any number of blocks."""
    pseudorandom = hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
    made = block = b""
    count = 0
    while len(made) < size:
        count += 1
        block = hmac.new(
            pseudorandom, block + label.encode() + bytes([count]), hashlib.sha256
        ).digest()
        made += block
    return made[:size]


def make() -> Vectors:
    v = Vectors("seats", "A seat and what follows from its secret: docs/protocol.md, 4.2 and 4.3")
    v.operation("member_id", {"token": "hex"}, {"member": "hex"})
    seat = {"seat_secret": "hex", "room_nonce": "hex"}
    v.operation("seat_keys", seat, {"token": "hex", "member": "hex"})
    message = {**seat, "counter": "integer"}
    v.operation("seat_message", message, {"id": "hex", "viewing": "hex"})
    v.operation("later_message", message, {"random": "json"})
    for name, token in (("drawn", drawn("seats/token", 32)), ("zeros", bytes(32))):
        out = {"member": hkdf(token, b"", "ephemeral/v1/member")[:16]}
        v.success("member_id", f"member_{name}", "The first 16 bytes.", {"token": token}, out)
    secret, nonce = drawn("seats/secret", 16), drawn("seats/nonce", 32)
    other_secret, other_nonce = drawn("seats/other secret", 16), drawn("seats/other nonce", 32)
    for name, chosen, where, why in (
        ("one", secret, nonce, "Token and member of a seat."),
        ("other_secret", other_secret, nonce, "Another seat in the room."),
        ("other_room", secret, other_nonce, "The same secret in a room made again."),
        ("zeros", bytes(16), nonce, "Zero bytes are bytes."),
    ):
        token = hkdf(chosen, where, "ephemeral/v1/seat-token")
        given = {"seat_secret": chosen, "room_nonce": where}
        out = {"token": token, "member": hkdf(token, b"", "ephemeral/v1/member")[:16]}
        v.success("seat_keys", f"seat_{name}", why, given, out)
    for name, chosen, where in (
        ("one", secret, nonce),
        ("other_secret", other_secret, nonce),
        ("other_room", secret, other_nonce),
    ):
        made = expanded(chosen, where, "ephemeral/v1/seat-messages", 48 * _MESSAGES)
        for counter in (1, 2, 50, 99, 100) if name == "one" else (1, 100):
            at = 48 * (counter - 1)
            v.success(
                "seat_message",
                f"message_{name}_{counter}",
                "Id and viewing bytes stand beside each other.",
                {"seat_secret": chosen, "room_nonce": where, "counter": counter},
                {"id": made[at : at + 16], "viewing": made[at + 16 : at + 48]},
            )
    for counter in (101, 2**53 - 1):
        given = {"seat_secret": secret, "room_nonce": nonce, "counter": counter}
        why = "Past the first hundred both are random."
        v.success("later_message", f"message_{counter}", why, given, {"random": True})
    return v
