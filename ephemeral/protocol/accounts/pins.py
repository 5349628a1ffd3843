"""Pin files: what a device leaves for whoever recovers the account. docs/accounts.md, 11."""

from collections.abc import Mapping
from typing import NamedTuple

from ephemeral.protocol.accounts import hpke
from ephemeral.protocol.accounts.chain import Chain, Pin
from ephemeral.protocol.accounts.derivation import labelled
from ephemeral.protocol.accounts.padding import padded_json, unpadded_json
from ephemeral.protocol.accounts.signing import SigningKey, verify
from ephemeral.protocol.accounts.statements import HASH_SIZE
from ephemeral.protocol.encoding import b64decode, b64encode, read_integer
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["PINS_MAX", "Pins", "check_pins", "open_pins", "seal_pins"]

VERSION = 1
#: Bytes of a sealed pin file.
PINS_MAX = 65_536

_FORM = "This pin file is not in the form that the protocol asks for."
_KEYS = {"v", "chain", "sequence", "head", "contacts", "registers"}


class Pins(NamedTuple):
    """How far a device had read its own chain, its contacts, and what all its devices share."""

    pin: Pin
    contacts: tuple[Mapping[str, object], ...]
    registers: Mapping[str, object]


def seal_pins(key: SigningKey, recovery_seal: bytes, pins: Pins) -> tuple[bytes, bytes]:
    """A pin file and its signature; `recovery_seal` is the public recovery sealing key."""
    content = {
        "v": VERSION,
        "chain": b64encode(pins.pin.chain),
        "sequence": pins.pin.sequence,
        "head": b64encode(pins.pin.head),
        "contacts": list(pins.contacts),
        "registers": pins.registers,
    }
    sealed = hpke.seal(recovery_seal, labelled("pins", pins.pin.chain), padded_json(content))
    refuse(len(sealed) > PINS_MAX, "pins_form", _FORM)
    return sealed, key.sign("pins", sealed)


def check_pins(chain: Chain, device: bytes, sealed: bytes, signature: bytes) -> None:
    """Whether a device that is or was in this chain made this file; refuses `pins_signature`."""
    key = chain.key_ever_of(device)
    signed = key is not None and verify(key, "pins", sealed, signature)
    refuse(len(sealed) > PINS_MAX or not signed, "pins_signature")


def open_pins(
    private: hpke.PrivateKey, chain: Chain, device: bytes, sealed: bytes, signature: bytes
) -> Pins:
    """What a device of this chain pinned, for whoever has the ten words.

    Refuses `pins_signature`, `box_broken`, `pins_form`, and what the chain doesn't extend:
    `chain_fork`, `chain_back`.
    """
    check_pins(chain, device, sealed, signature)
    plaintext = private.unseal(labelled("pins", chain.id), sealed)
    content = unpadded_json(plaintext, "pins_form")
    contacts, registers = content.get("contacts"), content.get("registers")
    if (
        set(content) != _KEYS
        or content["v"] != VERSION
        or isinstance(content["v"], bool)
        or not isinstance(contacts, list)
        or not all(isinstance(one, dict) for one in contacts)
        or not isinstance(registers, dict)
    ):
        raise Refusal("pins_form", _FORM)
    try:
        pin = Pin(
            chain=b64decode(content["chain"], HASH_SIZE),
            sequence=read_integer(content["sequence"], 0, 2**32 - 1),
            head=b64decode(content["head"], HASH_SIZE),
        )
    except Refusal:
        raise Refusal("pins_form", _FORM) from None
    chain.check_pin(pin)
    return Pins(pin, tuple(contacts), registers)
