"""Recovery: ten words from which the keys follow that undo everything. docs/accounts.md, 7."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from ephemeral.protocol.accounts.derivation import derived, labelled_hash
from ephemeral.protocol.accounts.hpke import PrivateKey
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.codes import new_words, read_typed
from ephemeral.protocol.keys import stretched

__all__ = [
    "COUNT",
    "RecoveryKeys",
    "new_recovery_words",
    "read_recovery_words",
    "recovery_root",
]

COUNT = 10


def new_recovery_words(random: Callable[[int], bytes]) -> str:
    """Ten words joined by `-`, each equally likely; `random(n)` of a secure generator."""
    return new_words(COUNT, random)


def read_recovery_words(typed: str) -> str:
    """The canonical words in what a person typed or pasted, read as a code is.

    Refuses `code_word` and `code_length`; `#` is a separator here, and no link is looked for.
    """
    return read_typed(typed, COUNT)


def recovery_root(words: str, deployment_salt: bytes) -> bytes:
    """The 32 bytes that follow from canonical words. Takes a tenth of a second, and 64 MiB."""
    return stretched(words.encode("ascii"), labelled_hash("recovery", deployment_salt))


@dataclass(frozen=True, slots=True)
class RecoveryKeys:
    """What follows from a root: the key that signs RECOVER, and the one that pins are sealed to."""

    signing: SigningKey = field(repr=False)
    seal_seed: bytes = field(repr=False)
    seal_public: bytes = field(repr=False)

    @classmethod
    def derived(cls, root: bytes) -> "RecoveryKeys":
        """From the root of ten words."""
        seed = derived(root, "seal")
        return cls(SigningKey.from_seed(derived(root, "sign")), seed, PrivateKey(seed).public)

    @property
    def seal_hash(self) -> bytes:
        """SHA-256 of the public sealing key, which the chain holds."""
        return hashlib.sha256(self.seal_public).digest()

    @property
    def sealing(self) -> PrivateKey:
        """The private sealing key."""
        return PrivateKey(self.seal_seed)
