"""Proofs that a device makes a request: docs/accounts.md, section 9.

In the header `Ephemeral-Proof`, as `<time>.<signature>`. It is good for one method, path and token,
and for as long as the server's clock allows.
"""

import hashlib
import re
from typing import NamedTuple

from ephemeral.protocol.accounts.derivation import labelled_hash
from ephemeral.protocol.accounts.signing import SIGNATURE_SIZE, SigningKey, verify
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import INTEGER_MAX

__all__ = ["Proof", "audience", "proof", "read_proof", "verify_proof"]

_FORM = re.compile(r"(0|[1-9][0-9]{0,15})\.([A-Za-z0-9_-]{86})", re.ASCII)


class Proof(NamedTuple):
    """When a device signed, in ms by the server's clock, and its signature."""

    time: int
    signature: bytes


def audience(deployment_salt: bytes) -> str:
    """What this deployment is called in proofs and tokens: 22 characters."""
    return b64encode(labelled_hash("audience", deployment_salt)[:16])


def _signed(audience: str, method: str, path: str, token: str, time: int) -> bytes:
    named = f"{audience}\0{method}\0{path}\0"
    return named.encode() + hashlib.sha256(token.encode()).digest() + time.to_bytes(8, "big")


def proof(key: SigningKey, audience: str, method: str, path: str, token: str, time: int) -> str:
    """The header by which a device proves one request.

    `path` is as requested, without query; `token` the bearer's, or the refresh token, or "".
    """
    signature = key.sign("proof", _signed(audience, method, path, token, time))
    return f"{time}.{b64encode(signature)}"


def read_proof(text: str) -> Proof:
    """Time and signature of a header; refuses `proof_wrong`."""
    match = _FORM.fullmatch(text)
    time = int(match[1]) if match else -1
    if match is None or time > INTEGER_MAX:
        raise Refusal("proof_wrong")
    try:
        return Proof(time, b64decode(match[2], SIGNATURE_SIZE))
    except Refusal:
        raise Refusal("proof_wrong") from None


def verify_proof(
    public: bytes, proof: Proof, audience: str, method: str, path: str, token: str
) -> bool:
    """Whether the device with this key signed this very request; its time is not looked at."""
    signed = _signed(audience, method, path, token, proof.time)
    return verify(public, "proof", signed, proof.signature)
