"""The formulas of docs/conversations.md, written a second time for its vectors."""

import hashlib
import hmac
from typing import Any

from account_maker import (
    ADD,
    CLOSE,
    GENESIS,
    RECOVER,
    ZERO,
    History,
    Person,
    canonical,
    labelled,
    sha,
)
from maker import b64, drawn

Record = dict[str, Any]
ADMIN, MEMBER = "admin", "member"


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def written(value: Any) -> Any:
    """The same with its bytes as base64url."""
    if isinstance(value, bytes):
        return b64(value)
    if isinstance(value, dict):
        return {key: written(one) for key, one in value.items()}
    return [written(one) for one in value] if isinstance(value, list) else value


def record_bytes(record: Record) -> bytes:
    return canonical(written(record))


def record_hash(record: Record) -> bytes:
    return sha(record_bytes(record))


def commitment(record: Record, seed: bytes) -> bytes:
    parts = (record["conversation"], u64(record["epoch"]), record["previous"], record["by"], seed)
    return sha(labelled("seed", *parts))


def entry_of(
    record: Record, author: "Person", boxes: list[bytes] | None = None, label: str = "epoch"
) -> bytes:
    """A record signed by its author, with boxes that nobody opens if none are given."""
    named = [box_of(one) for one in range(len(record["devices"]))] if boxes is None else boxes
    return signed_entry(record_bytes(record), author, [sha(one) for one in named], label)


def signed_entry(data: bytes, author: "Person", hashes: list[bytes], label: str = "epoch") -> bytes:
    return data + author.sign(label, sha(data) + sha(b"".join(hashes))) + b"".join(hashes)


def box_of(number: int) -> bytes:
    return drawn(f"conversations/box/{number}", 1168)


def box_info(record: bytes, device: bytes) -> bytes:
    return labelled("epoch-box", record, device)


def log_first(conversation: bytes) -> bytes:
    return sha(labelled("log", conversation))


def log_next(before: bytes, s: int, kind: int, device: bytes, digest: bytes) -> bytes:
    return sha(before + u64(s) + bytes([kind]) + device + digest)


def expanded(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF for 32 bytes."""
    pseudorandom = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(pseudorandom, info + b"\x01", hashlib.sha256).digest()


def message_key(seed: bytes, record: bytes, device: bytes) -> bytes:
    return expanded(seed, record, labelled("message", device))


def leave_of(signer: Person, conversation: bytes, chain: bytes, since: int) -> Record:
    signature = signer.sign("leave", conversation + chain + u64(since))
    return {"chain": chain, "since": since, "device": signer.id, "signature": signature}


class Someone:
    """An account: its devices, its words, and its chain as it goes on."""

    def __init__(self, name: str, devices: int = 1, history: History | None = None) -> None:
        self.name = name
        self.words = Person(f"{name}/words")
        self.devices = [Person(f"{name}/{at}") for at in range(devices)]
        if history is not None:
            self.line = history
            return
        new = History(recovery=self.words, seal=ZERO)
        first = self.devices[0]
        self.line = new.after(new.next(GENESIS, first, first))
        for one in self.devices[1:]:
            self.line = self.line.after(self.line.next(ADD, first, one))

    @property
    def chain(self) -> bytes:
        return self.line.id

    def says(self, kind: int, signer: Person, who: Person | None = None) -> "Someone":
        """The same after one more statement."""
        after = self.line.after(self.line.next(kind, signer, who))
        other = Someone(self.name, history=after)
        others = [one for one in self.devices if one is not who]
        came = [who] if who is not None and kind in {ADD, RECOVER} else []
        other.devices = came if kind in {RECOVER, CLOSE} else others + came
        return other

    def point(self, at: int | None = None) -> Record:
        sequence = len(self.line.said) - 1 if at is None else at
        return {"sequence": sequence, "head": sha(self.line.said[sequence][:198])}

    def person(
        self, role: str = MEMBER, since: int = 1, at: int | None = None, **lies: Any
    ) -> Record:
        return {"chain": self.chain, "role": role, "since": since, **self.point(at), **lies}

    def known(self, end: int | None = None) -> list[str]:
        """The chain as its reader has read it, whole or to an end."""
        return [one.hex() for one in self.line.said[:end]]


def member(device: Person, number: int = 1) -> Record:
    """As a record lists a device, with the key of this number."""
    sealing = sha(drawn(f"conversations/key/{device.id.hex()}/{number}", 1216)) if number else ZERO
    return {"device": device.id, "number": number, "sealing": sealing}


def in_order(people: list[Record]) -> list[Record]:
    return sorted(people, key=lambda one: (one["since"], one["chain"]))
