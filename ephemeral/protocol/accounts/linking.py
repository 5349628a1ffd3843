"""Linking: a new device and an old one, brought together by seven words. docs/accounts.md, 8.

The server keeps two sealed texts for ten minutes under a locator. Without the words it can neither
read nor write them; who knows them has to be signed in to the account as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.accounts.chain import Chain, Pin, device_id
from ephemeral.protocol.accounts.derivation import derived, labelled, labelled_hash
from ephemeral.protocol.accounts.hpke import PUBLIC_SIZE as SEALING_SIZE
from ephemeral.protocol.accounts.padding import padded_json, unpadded_json
from ephemeral.protocol.accounts.sealing_keys import SealingKey, verify_sealing
from ephemeral.protocol.accounts.signing import PUBLIC_SIZE, SIGNATURE_SIZE, is_valid_key, verify
from ephemeral.protocol.accounts.statements import DEVICE_SIZE, HASH_SIZE
from ephemeral.protocol.cleaning import clean
from ephemeral.protocol.codes import read_code
from ephemeral.protocol.encoding import b64decode, b64encode, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import stretched
from ephemeral.protocol.limits import KEY_SIZE, NONCE_SIZE
from ephemeral.protocol.names import is_name

__all__ = [
    "ANSWER_MAX",
    "REQUEST_MAX",
    "Answer",
    "LinkKeys",
    "LinkRequest",
    "check_request",
    "link_keys",
    "link_root",
    "link_text",
    "open_answer",
    "open_request",
    "read_link_code",
    "seal_answer",
    "seal_request",
]

VERSION = 1
#: Bytes of what is deposited, sealed.
REQUEST_MAX = 4_096
ANSWER_MAX = 49_152

_MARK = "#link="
_TO_OLD, _TO_NEW = b"\x01", b"\x02"
_U32_MAX = 2**32 - 1

_BOX = "This was not sealed with these words, or has been changed on its way."
_FORM = "What was sealed with these words is not in the form that the protocol asks for."


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """What follows from the root of a link's words. Only the locator leaves the client."""

    locator: bytes
    to_old: bytes = field(repr=False)
    to_new: bytes = field(repr=False)


class LinkRequest(NamedTuple):
    """What the new device asks: its id, key, consent, first sealing key signed, and its name."""

    device: bytes
    key: bytes
    consent: bytes
    sealing: SealingKey
    signature: bytes
    name: str


class Answer(NamedTuple):
    """What the old device tells: the chain with the new device in it, what it has pinned (None, or
    the content of a pin file), and what all devices of the account share."""

    pin: Pin
    pins: Mapping[str, object] | None
    registers: Mapping[str, object]


def link_root(code: str, deployment_salt: bytes) -> bytes:
    """The 32 bytes that follow from a canonical code, which is none of a room's with this salt.

    Takes a tenth of a second or more, and 64 MiB.
    """
    return stretched(code.encode("ascii"), labelled_hash("link", deployment_salt))


def link_keys(root: bytes) -> LinkKeys:
    """Locator and both directions' keys."""
    words = ("locator-link", "to-old", "to-new")
    return LinkKeys(*(derived(root, word) for word in words))


def link_text(page: str, code: str) -> str:
    """What the QR code on the new device says; `page` is the address of its page."""
    assert "#" not in page, "a page address has no fragment of its own"
    return f"{page}{_MARK}{code}"


def read_link_code(typed: str) -> str:
    """The canonical code in what was typed, or scanned from the new device; else a refusal of a
    code. Which page the text names is not looked at: it leads nowhere."""
    cleaned = clean(typed)
    at = cleaned.text.rfind(_MARK)
    return read_code(cleaned.text[at + len(_MARK) :] if at >= 0 else typed)


def _bound(account: bytes, locator: bytes, direction: bytes) -> bytes:
    return labelled("link", account, locator, direction)


def _sealed(
    key: bytes, bound: bytes, content: object, most: int, random: Callable[[int], bytes]
) -> bytes:
    nonce = random(NONCE_SIZE)
    sealed = nonce + AESGCM(key).encrypt(nonce, padded_json(content), bound)
    refuse(len(sealed) > most, "linking_form", _FORM)
    return sealed


def _opened(key: bytes, bound: bytes, sealed: bytes, most: int) -> dict[str, object]:
    refuse(not NONCE_SIZE < len(sealed) <= most, "linking_box", _BOX)
    try:
        plaintext = AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], bound)
    except InvalidTag:
        raise Refusal("linking_box", _BOX) from None
    return unpadded_json(plaintext, "linking_form")


def _is_version(value: object) -> bool:
    # True equals 1 in Python, and nowhere else.
    return value == VERSION and not isinstance(value, bool)


def _object(value: object, *keys: str) -> dict[str, object]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise Refusal("linking_form", _FORM)
    return value


def seal_request(
    keys: LinkKeys, account: bytes, request: LinkRequest, random: Callable[[int], bytes]
) -> bytes:
    """What the new device deposits."""
    content = {
        "v": VERSION,
        "device": b64encode(request.device),
        "key": b64encode(request.key),
        "consent": b64encode(request.consent),
        "sealing": {
            "number": request.sealing.number,
            "day": request.sealing.day,
            "key": b64encode(request.sealing.public),
            "signature": b64encode(request.signature),
        },
        "name": request.name,
    }
    bound = _bound(account, keys.locator, _TO_OLD)
    return _sealed(keys.to_old, bound, content, REQUEST_MAX, random)


def open_request(keys: LinkKeys, account: bytes, sealed: bytes) -> LinkRequest:
    """What was deposited under these words for this account.

    Refuses `linking_box`, then `linking_form`. It is not checked yet: `check_request`.
    """
    bound = _bound(account, keys.locator, _TO_OLD)
    value = _opened(keys.to_old, bound, sealed, REQUEST_MAX)
    content = _object(value, "v", "device", "key", "consent", "sealing", "name")
    sealing = _object(content["sealing"], "number", "day", "key", "signature")
    name = content["name"]
    if not _is_version(content["v"]) or not isinstance(name, str) or not is_name(name):
        raise Refusal("linking_form", _FORM)
    try:
        return LinkRequest(
            device=b64decode(content["device"], DEVICE_SIZE),
            key=b64decode(content["key"], PUBLIC_SIZE),
            consent=b64decode(content["consent"], SIGNATURE_SIZE),
            sealing=SealingKey(
                number=read_integer(sealing["number"], 1, _U32_MAX),
                day=read_integer(sealing["day"], 0, _U32_MAX),
                public=b64decode(sealing["key"], SEALING_SIZE),
            ),
            signature=b64decode(sealing["signature"], SIGNATURE_SIZE),
            name=name,
        )
    except Refusal:
        raise Refusal("linking_form", _FORM) from None


def check_request(request: LinkRequest, chain: Chain) -> None:
    """Whether a request may be shown, and added to this chain.

    Refuses `linking_device` (a key that isn't valid, another's id, or a device that was there
    before), `linking_consent`, `linking_sealing`.
    """
    known = chain.key_ever_of(request.device) is not None
    fits = is_valid_key(request.key) and device_id(request.key) == request.device
    refuse(known or not fits, "linking_device")
    agreed = chain.id + request.device
    refuse(not verify(request.key, "consent", agreed, request.consent), "linking_consent")
    signed = verify_sealing(
        request.key, chain.id, request.device, request.sealing, request.signature
    )
    refuse(not signed, "linking_sealing")


def seal_answer(
    keys: LinkKeys, account: bytes, answer: Answer, random: Callable[[int], bytes]
) -> bytes:
    """What the old device leaves with the ADD that it has made."""
    content = {
        "v": VERSION,
        "chain": b64encode(answer.pin.chain),
        "sequence": answer.pin.sequence,
        "head": b64encode(answer.pin.head),
        "pins": answer.pins,
        "registers": answer.registers,
    }
    bound = _bound(account, keys.locator, _TO_NEW)
    return _sealed(keys.to_new, bound, content, ANSWER_MAX, random)


def open_answer(keys: LinkKeys, account: bytes, sealed: bytes) -> Answer:
    """What the old device told; refuses `linking_box`, then `linking_form`.

    Whoever reads it checks the chain that the server serves against its pin.
    """
    bound = _bound(account, keys.locator, _TO_NEW)
    value = _opened(keys.to_new, bound, sealed, ANSWER_MAX)
    content = _object(value, "v", "chain", "sequence", "head", "pins", "registers")
    pins, registers = content["pins"], content["registers"]
    if (
        not _is_version(content["v"])
        or not isinstance(registers, dict)
        or not (pins is None or isinstance(pins, dict))
    ):
        raise Refusal("linking_form", _FORM)
    try:
        pin = Pin(
            chain=b64decode(content["chain"], HASH_SIZE),
            sequence=read_integer(content["sequence"], 0, _U32_MAX),
            head=b64decode(content["head"], HASH_SIZE),
        )
        b64decode(registers.get("names_key"), KEY_SIZE)
        b64decode(registers.get("recovery_seal"), SEALING_SIZE)
    except Refusal:
        raise Refusal("linking_form", _FORM) from None
    return Answer(pin, pins, registers)
