"""Who signs what stands in the chain of an account, and reads it: devices, and the ten words."""

import os
from dataclasses import dataclass, field
from hashlib import sha256

from ephemeral.protocol.accounts.chain import Chain, add, close, genesis, recover, remove
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed, consent, device_id


@dataclass
class KeyedMachine:
    """A device by its key; `number`: of its newest sealing key."""

    key: SigningKey = field(default_factory=lambda: SigningKey.generate(os.urandom))
    number: int = 0

    @property
    def id(self) -> bytes:
        return device_id(self.key.public)


class ChainSigner:
    """An owner's keys, and the chain as it was read."""

    def __init__(self, address: str) -> None:
        self.recovery = SigningKey.generate(os.urandom)
        self.seal_hash = sha256(address.encode()).digest()
        self.chain = Chain.empty()

    def begun(self, machine: KeyedMachine) -> Signed:
        """A GENESIS of this machine."""
        return genesis(machine.key, self.recovery.public, self.seal_hash)

    def added(self, by: KeyedMachine, machine: KeyedMachine) -> Signed:
        """An ADD of a machine, by another."""
        agreed = consent(machine.key, self.chain.id)
        return add(self.chain, by.key, machine.key.public, agreed)

    def removed(self, by: KeyedMachine, machine: KeyedMachine) -> Signed:
        """A REMOVE of a machine, by another."""
        return remove(self.chain, by.key, machine.id)

    def recovered(self, machine: KeyedMachine) -> Signed:
        """A RECOVER that leaves this machine alone."""
        agreed = consent(machine.key, self.chain.id)
        return recover(self.chain, self.recovery, machine.key.public, agreed)

    def closed(self, by: SigningKey) -> Signed:
        """A CLOSE by a machine's key, or by that of recovery."""
        return close(self.chain, by)

    def read(self, signed: Signed) -> None:
        """Believe a statement."""
        self.chain = self.chain.extend(signed)
