"""The chain: which devices an account has, by its own devices' signatures. docs/accounts.md, 5.

The server orders statements and serves them; it can't write one. Everybody who reads a chain
judges it by the rules here, and two readers of the same statements come to the same devices.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ephemeral.protocol.accounts.signing import SigningKey, is_valid_key, verify
from ephemeral.protocol.accounts.statements import (
    CONSENTED,
    NO_HASH,
    NOBODY,
    Signed,
    Statement,
    StatementType,
    consent,
    device_id,
)
from ephemeral.protocol.errors import Refusal, refuse

__all__ = [
    "ADD",
    "ADDS_MAX",
    "CLOSE",
    "DEVICES_MAX",
    "GENESIS",
    "RECOVER",
    "REMOVE",
    "Chain",
    "Device",
    "Pin",
    "Signed",
    "Statement",
    "add",
    "close",
    "consent",
    "device_id",
    "genesis",
    "read_chain",
    "recover",
    "remove",
]

#: Devices that are active at the same time.
DEVICES_MAX = 10
#: ADDs since GENESIS or RECOVER.
ADDS_MAX = 256

GENESIS, ADD, REMOVE, RECOVER, CLOSE = StatementType


class Device(NamedTuple):
    """A device in a chain: its id (16 bytes), its Ed25519 key, the sequence that brought it in."""

    id: bytes
    key: bytes
    since: int


class Pin(NamedTuple):
    """How far somebody has read a chain: its id, a sequence, and the hash of that statement."""

    chain: bytes
    sequence: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """What a chain says after its last statement. `extend` gives the next; this one stays.

    `id` is zero while there is no statement. `devices` are the active ones in the order of their
    coming, `removed` all that once were. `closed_by` is "device", "recovery", or None.
    """

    id: bytes = NO_HASH
    hashes: tuple[bytes, ...] = ()
    devices: tuple[Device, ...] = ()
    removed: tuple[Device, ...] = ()
    recovery: bytes = NO_HASH
    recovery_seal: bytes = NO_HASH
    closed_by: str | None = None
    #: ADDs since the last GENESIS or RECOVER, which is statement `founded`.
    adds: int = 0
    founded: int = 0

    @classmethod
    def empty(cls) -> "Chain":
        """The chain before its first statement."""
        return cls()

    @property
    def sequence(self) -> int:
        """The number of the last statement, from 0; -1 while there is none."""
        return len(self.hashes) - 1

    @property
    def head(self) -> bytes:
        """The hash of the last statement; zero while there is none."""
        return self.hashes[-1] if self.hashes else NO_HASH

    @property
    def closed(self) -> bool:
        """Whether the account has said that it is over: only RECOVER may follow."""
        return self.closed_by is not None

    @property
    def pin(self) -> Pin:
        """The point up to which this has been read."""
        return Pin(self.id, self.sequence, self.head)

    def key_of(self, device: bytes) -> bytes | None:
        """The key of an active device."""
        return next((one.key for one in self.devices if one.id == device), None)

    def key_ever_of(self, device: bytes) -> bytes | None:
        """The key of a device that is or once was active."""
        every = (*self.devices, *self.removed)
        return next((one.key for one in every if one.id == device), None)

    def check_pin(self, pin: Pin) -> None:
        """Refuse a chain that doesn't extend what was read before.

        `chain_fork`: another chain, or another statement at the pin's place. `chain_back`: the
        pin's statement is missing, so what is served is older than what was read.
        """
        refuse(pin.chain != self.id, "chain_fork")
        refuse(pin.sequence > self.sequence, "chain_back")
        refuse(self.hashes[pin.sequence] != pin.head, "chain_fork")

    def extend(self, signed: Signed) -> "Chain":
        """The chain with one more statement, or the refusal of the first rule that it breaks.

        The order of the rules is that of docs/accounts.md, 5.5: what a race can bring about comes
        first, what costs most last.
        """
        made = signed.statement
        self._check_place(made)
        self._check_recovery(made)
        self._check_device(made)
        key = self._check_signer(made)
        self._check_numbers(made)
        refuse(not verify(key, "chain", made.encode(), signed.signature), "chain_signature")
        self._check_consent(signed)
        return self._after(made)

    def _check_place(self, made: Statement) -> None:
        first = not self.hashes
        refuse(first != (made.type == GENESIS), "chain_type")
        refuse(made.chain != self.id, "chain_id")
        refuse(made.sequence != self.sequence + 1, "chain_sequence")
        refuse(made.previous != self.head, "chain_previous")
        refuse(self.closed and made.type != RECOVER, "chain_closed")

    def _check_recovery(self, made: Statement) -> None:
        if made.type in {GENESIS, RECOVER}:
            refuse(not is_valid_key(made.recovery), "chain_recovery")
        else:
            same = (self.recovery, self.recovery_seal) == (made.recovery, made.recovery_seal)
            refuse(not same, "chain_recovery")

    def _check_device(self, made: Statement) -> None:
        if made.type in {REMOVE, CLOSE}:
            refuse(made.key != NO_HASH, "chain_key")
            known = made.device == NOBODY if made.type == CLOSE else self.key_of(made.device)
            refuse(not known, "chain_device")
        else:
            refuse(not is_valid_key(made.key), "chain_key")
            refuse(made.device != device_id(made.key), "chain_device")
            refuse(self.key_ever_of(made.device) is not None, "chain_device")

    def _check_signer(self, made: Statement) -> bytes:
        """The key that must have signed."""
        if made.type == GENESIS:
            refuse(made.signer != made.device, "chain_signer")
            return made.key
        if made.signer == NOBODY and made.type in {RECOVER, CLOSE}:
            return self.recovery
        key = None if made.type == RECOVER else self.key_of(made.signer)
        if key is None:
            raise Refusal("chain_signer")
        return key

    def _check_numbers(self, made: Statement) -> None:
        """The only limits; REMOVE, RECOVER and CLOSE are never too many."""
        refuse(made.type == REMOVE and len(self.devices) == 1, "chain_last")
        refuse(made.type == ADD and len(self.devices) >= DEVICES_MAX, "chain_full")
        refuse(made.type == ADD and self.adds >= ADDS_MAX, "chain_adds")

    def _check_consent(self, signed: Signed) -> None:
        made = signed.statement
        if made.type not in CONSENTED:
            refuse(signed.consent is not None, "chain_consent")
            return
        agreed = made.chain + made.device
        given = signed.consent or b""
        refuse(not verify(made.key, "consent", agreed, given), "chain_consent")

    def _after(self, made: Statement) -> "Chain":
        reached = replace(
            self,
            id=made.hash if made.type == GENESIS else self.id,
            hashes=(*self.hashes, made.hash),
            recovery=made.recovery,
            recovery_seal=made.recovery_seal,
        )
        new = Device(made.device, made.key, made.sequence)
        match made.type:
            case StatementType.ADD:
                return replace(reached, devices=(*self.devices, new), adds=self.adds + 1)
            case StatementType.REMOVE:
                gone = tuple(one for one in self.devices if one.id == made.device)
                left = tuple(one for one in self.devices if one.id != made.device)
                return replace(reached, devices=left, removed=self.removed + gone)
            case StatementType.CLOSE:
                return replace(
                    reached,
                    devices=(),
                    removed=self.removed + self.devices,
                    closed_by="recovery" if made.signer == NOBODY else "device",
                )
            case _:
                return replace(
                    reached,
                    devices=(new,),
                    removed=self.removed + self.devices,
                    closed_by=None,
                    adds=0,
                    founded=made.sequence,
                )


def read_chain(statements: Iterable[bytes], pin: Pin | None = None) -> Chain:
    """The chain that signed statements make, from GENESIS on; refuses the first that breaks a rule.

    With a `pin`, also what doesn't extend it (`chain_fork`, `chain_back`). No statement at all is
    `chain_back`.
    """
    chain = Chain.empty()
    for data in statements:
        chain = chain.extend(Signed.decode(data))
    refuse(not chain.hashes, "chain_back")
    if pin is not None:
        chain.check_pin(pin)
    return chain


def _signed(
    key: SigningKey,
    chain: Chain,
    kind: StatementType,
    *,
    device: bytes = NOBODY,
    public: bytes = NO_HASH,
    recovery: Sequence[bytes] | None = None,
    signer: bytes = NOBODY,
    agreed: bytes | None = None,
) -> Signed:
    recovery_key, recovery_seal = recovery or (chain.recovery, chain.recovery_seal)
    statement = Statement(
        type=kind,
        chain=chain.id,
        sequence=chain.sequence + 1,
        previous=chain.head,
        device=device,
        key=public,
        recovery=recovery_key,
        recovery_seal=recovery_seal,
        signer=signer,
    )
    return Signed(statement, key.sign("chain", statement.encode()), agreed)


def genesis(device: SigningKey, recovery: bytes, recovery_seal: bytes) -> Signed:
    """The first statement: a device, the public recovery key, the recovery sealing key's hash."""
    me = device_id(device.public)
    return _signed(
        device,
        Chain.empty(),
        GENESIS,
        device=me,
        public=device.public,
        recovery=(recovery, recovery_seal),
        signer=me,
    )


def add(chain: Chain, signer: SigningKey, key: bytes, agreed: bytes) -> Signed:
    """An active device adds the one that has the public `key` and `agreed` by its consent."""
    return _signed(
        signer,
        chain,
        ADD,
        device=device_id(key),
        public=key,
        signer=device_id(signer.public),
        agreed=agreed,
    )


def remove(chain: Chain, signer: SigningKey, device: bytes) -> Signed:
    """An active device removes another, or itself."""
    return _signed(signer, chain, REMOVE, device=device, signer=device_id(signer.public))


def recover(
    chain: Chain,
    recovery: SigningKey,
    key: bytes,
    agreed: bytes,
    next_recovery: tuple[bytes, bytes] | None = None,
) -> Signed:
    """The ten words' key empties the list and adds one device. `next_recovery`: the public key and
    the sealing key's hash that are in force from now on, if not the same."""
    return _signed(
        recovery,
        chain,
        RECOVER,
        device=device_id(key),
        public=key,
        recovery=next_recovery,
        agreed=agreed,
    )


def close(chain: Chain, signer: SigningKey) -> Signed:
    """The account is over. Signed by an active device, or by the recovery key (signer zero)."""
    by_recovery = signer.public == chain.recovery
    return _signed(signer, chain, CLOSE, signer=NOBODY if by_recovery else device_id(signer.public))
