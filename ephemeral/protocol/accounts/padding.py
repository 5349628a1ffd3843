"""Contents whose length says little: docs/accounts.md, 8.3."""

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["padded_json", "unpadded_json"]

_BLOCK = 1024
_LENGTH = 4


def padded_json(value: object) -> bytes:
    """`u32 length || canonical JSON || zeros` to the next multiple of 1,024 bytes."""
    content = canonical_json.encode(value)
    plaintext = len(content).to_bytes(_LENGTH, "big") + content
    return plaintext + bytes(-len(plaintext) % _BLOCK)


def unpadded_json(plaintext: bytes, code: str) -> dict[str, object]:
    """The object that `padded_json` wrote so; refuses everything else with `code`."""
    end = _LENGTH + int.from_bytes(plaintext[:_LENGTH], "big")
    whole = len(plaintext) >= end and len(plaintext) == end + (-end % _BLOCK)
    refuse(not whole or any(plaintext[end:]), code)
    try:
        value = canonical_json.decode(plaintext[_LENGTH:end])
    except Refusal:
        raise Refusal(code) from None
    if not isinstance(value, dict):
        raise Refusal(code)
    return value
