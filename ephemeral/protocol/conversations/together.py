"""What those who watch a film together say to each other: docs/files.md, section 14."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.accounts.derivation import labelled
from ephemeral.protocol.conversations.epochs import export
from ephemeral.protocol.errors import Refusal, refuse

__all__ = [
    "RATE_MAX", "RATE_MIN", "SEALED_SIZE", "Said", "Where", "is_newer", "open_together",
    "seal_together",
]  # fmt: skip

_VERSION, _NONCE_SIZE = 1, 12
_STATE = struct.Struct(">16sI16sBQQHQ")
SEALED_SIZE = 1 + _NONCE_SIZE + _STATE.size + 16
_POSITION_MAX, _TIME_MAX = 86_400_000 * 7, 2**53 - 1
RATE_MIN, RATE_MAX = 250, 4000
# Wishes run ahead of what is known by so many at most, and none of another session is higher: the
# numbers can't be used up.
_AHEAD, _OTHER_MAX = 64, 2**31
_FLAGS = ("is_playing", "is_held", "is_waiting", "is_stalled", "is_leaving")


@dataclass(frozen=True, slots=True)
class Where:
    """Of which film, in which epoch, and which device says it."""

    seed: bytes
    record: bytes
    conversation: bytes
    file: bytes
    device: bytes

    def key(self) -> AESGCM:
        """What all members have."""
        return AESGCM(export(self.seed, self.record, "together", self.file))

    def bound(self) -> bytes:
        """What stands beside what is sealed."""
        return labelled("together", self.conversation, self.record, self.device, self.file)


@dataclass(frozen=True, slots=True)
class Said:
    """`by`: whose wish it was, by device. Times are milliseconds, of the film and of the server's
    clock; `rate` in thousandths. `is_stalled`, `is_leaving`: of who says it."""

    session: bytes
    n: int
    by: bytes
    is_playing: bool
    is_held: bool
    is_waiting: bool
    is_stalled: bool
    is_leaving: bool
    position: int
    at: int
    rate: int
    sent: int

    def check(self) -> None:
        """Refuses `together_form`."""
        right = (
            len(self.session) == len(self.by) == 16
            and 1 <= self.n < 2**32
            and 0 <= self.position <= _POSITION_MAX
            and 0 <= self.at <= _TIME_MAX
            and 0 <= self.sent <= _TIME_MAX
            and RATE_MIN <= self.rate <= RATE_MAX
            and not (self.is_playing and self.is_held)
        )
        refuse(not right, "together_form")


def is_newer(said: Said, known: Said | None) -> bool:
    """Whether a wish takes the place of the one that is known, if any is that somebody holds to."""
    if known is None or said.session != known.session:
        return said.n <= _OTHER_MAX and (known is None or said.session > known.session)
    return said.n <= known.n + _AHEAD and (said.n, said.by) > (known.n, known.by)


def seal_together(where: Where, said: Said, random: Callable[[int], bytes]) -> bytes:
    """Refuses `together_form` for what nobody reads."""
    said.check()
    flags = sum(1 << at for at, name in enumerate(_FLAGS) if getattr(said, name))
    state = _STATE.pack(
        said.session, said.n, said.by, flags, said.position, said.at, said.rate, said.sent
    )
    nonce = random(_NONCE_SIZE)
    return bytes([_VERSION]) + nonce + where.key().encrypt(nonce, state, where.bound())


def open_together(where: Where, sealed: bytes) -> Said:
    """Refuses `together_open` (of another film, epoch or device, or none), `together_form`."""
    refuse(len(sealed) != SEALED_SIZE or sealed[0] != _VERSION, "together_open")
    nonce, box = sealed[1 : 1 + _NONCE_SIZE], sealed[1 + _NONCE_SIZE :]
    try:
        state = where.key().decrypt(nonce, box, where.bound())
    except InvalidTag:
        raise Refusal("together_open") from None
    session, n, by, flags, position, at, rate, sent = _STATE.unpack(state)
    refuse(flags >= 1 << len(_FLAGS), "together_form")
    is_playing, is_held, is_waiting, is_stalled, is_leaving = (
        bool(flags & 1 << place) for place in range(len(_FLAGS))
    )
    said = Said(
        session, n, by, is_playing, is_held, is_waiting, is_stalled, is_leaving,
        position, at, rate, sent,
    )  # fmt: skip
    said.check()
    return said
