"""Invitations: a link that makes two people contacts at once. docs/conversations.md.

Who made it and who redeems it tell each other their chains under the link's secret, which the
server never has; so the link pins whom it came from.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.accounts.chain import Pin
from ephemeral.protocol.accounts.derivation import derived, labelled
from ephemeral.protocol.accounts.padding import padded_json, unpadded_json
from ephemeral.protocol.accounts.statements import HASH_SIZE
from ephemeral.protocol.conversations.records import CONVERSATION_SIZE
from ephemeral.protocol.encoding import b64decode, b64encode, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE, NONCE_SIZE
from ephemeral.protocol.names import is_name

__all__ = [
    "SEALED_MAX",
    "Invitation",
    "Inviting",
    "open_invitation",
    "open_redemption",
    "read_invitation",
    "seal_invitation",
    "seal_redemption",
]

VERSION = 1
#: Bytes of what either side leaves, sealed.
SEALED_MAX = 4_096

_MARK = "invite="
# The id and the secret, and then whatever stands behind a link in a text.
_LINK = re.compile(r"([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-]).*", re.DOTALL)
_OUT, _IN = b"\x01", b"\x02"
_KEYS = {"v", "chain", "sequence", "head", "name", "conversation"}

_BOX = "This was not sealed with this invitation, or has been changed on its way."
_FORM = "What was sealed with this invitation is not in the form that the protocol asks for."
_NONE = "This is no invitation."


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the link has: an id, which the server knows, and a secret, which it doesn't."""

    id: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> "Invitation":
        """A new one; `random(n)` gives n bytes of a secure generator."""
        return cls(random(ID_SIZE), random(KEY_SIZE))

    def fragment(self) -> str:
        """What stands behind the `#` of the link."""
        return f"{_MARK}{b64encode(self.id)}.{b64encode(self.secret)}"

    @property
    def joining(self) -> bytes:
        """What a record names in `joining` while this link may be used more than once."""
        return derived(self.secret, "joining")


class Inviting(NamedTuple):
    """Who somebody is: how far they have read their own chain, a name if they give one, and the
    conversation that the invitation leads into, if it does."""

    pin: Pin
    name: str | None = None
    conversation: bytes | None = None


def read_invitation(text: str) -> Invitation:
    """The invitation in a link, or in its fragment alone; refuses `invitation_form`.

    Which page the link names is not looked at: it leads nowhere.
    """
    found = _LINK.fullmatch(text.rpartition(_MARK)[2]) if _MARK in text else None
    if found is None:
        raise Refusal("invitation_form", _NONE)
    try:
        return Invitation(b64decode(found[1], ID_SIZE), b64decode(found[2], KEY_SIZE))
    except Refusal:
        raise Refusal("invitation_form", _NONE) from None


def seal_invitation(
    invitation: Invitation, inviting: Inviting, random: Callable[[int], bytes]
) -> bytes:
    """What who invites leaves with the server."""
    return _sealed(invitation, "invitation-out", _OUT, inviting, random)


def open_invitation(invitation: Invitation, sealed: bytes) -> Inviting:
    """Who invites; refuses `invitation_box`, `invitation_form`."""
    return _opened(invitation, "invitation-out", _OUT, sealed)


def seal_redemption(
    invitation: Invitation, inviting: Inviting, random: Callable[[int], bytes]
) -> bytes:
    """What who redeems it leaves for who made it."""
    return _sealed(invitation, "invitation-in", _IN, inviting, random)


def open_redemption(invitation: Invitation, sealed: bytes) -> Inviting:
    """Who redeemed it; refuses `invitation_box`, `invitation_form`."""
    return _opened(invitation, "invitation-in", _IN, sealed)


def _sealed(
    invitation: Invitation,
    word: str,
    direction: bytes,
    inviting: Inviting,
    random: Callable[[int], bytes],
) -> bytes:
    of = inviting.conversation
    name = inviting.name
    refuse(name is not None and not is_name(name), "invitation_form", _FORM)
    content = {
        "v": VERSION,
        "chain": b64encode(inviting.pin.chain),
        "sequence": inviting.pin.sequence,
        "head": b64encode(inviting.pin.head),
        "name": name,
        "conversation": None if of is None else b64encode(of),
    }
    nonce = random(NONCE_SIZE)
    cipher = AESGCM(derived(invitation.secret, word))
    bound = labelled("invitation", invitation.id, direction)
    return nonce + cipher.encrypt(nonce, padded_json(content), bound)


def _opened(invitation: Invitation, word: str, direction: bytes, sealed: bytes) -> Inviting:
    refuse(not NONCE_SIZE < len(sealed) <= SEALED_MAX, "invitation_box", _BOX)
    cipher = AESGCM(derived(invitation.secret, word))
    bound = labelled("invitation", invitation.id, direction)
    try:
        plaintext = cipher.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], bound)
    except InvalidTag:
        raise Refusal("invitation_box", _BOX) from None
    content = unpadded_json(plaintext, "invitation_form")
    try:
        refuse(set(content) != _KEYS, "invitation_form")
        read_integer(content["v"], VERSION, VERSION)
        pin = Pin(
            b64decode(content["chain"], HASH_SIZE),
            read_integer(content["sequence"], 0, 2**32 - 1),
            b64decode(content["head"], HASH_SIZE),
        )
        name, of = content["name"], content["conversation"]
        if name is not None and not (isinstance(name, str) and is_name(name)):
            raise Refusal("invitation_form")
        conversation = None if of is None else b64decode(of, CONVERSATION_SIZE)
    except Refusal:
        raise Refusal("invitation_form", _FORM) from None
    return Inviting(pin, name, conversation)
