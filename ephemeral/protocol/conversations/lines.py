"""Lines: a chain together with all that it said before. docs/conversations.md, 3.

A record judges each person at a point of their chain, which need not be its end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ephemeral.protocol.accounts.chain import CLOSE, Chain, Signed
from ephemeral.protocol.errors import Refusal

__all__ = ["Line"]


@dataclass(frozen=True, slots=True)
class Line:
    """A chain as its reader has read it, with the state after each statement.

    `extend` gives the next; this one stays. All states but the last are without what grows with
    each statement, or the memory of a line would with the square of its length: of the hashes they
    have the last alone, and no removed devices.
    """

    states: tuple[Chain, ...]
    #: The sequences of the CLOSEs.
    closes: tuple[int, ...] = ()

    @classmethod
    def of(cls, statements: Iterable[Signed]) -> "Line":
        """From GENESIS on; refuses as a chain does, and `chain_back` if there is no statement."""
        states: list[Chain] = []
        closes = []
        last = Chain.empty()
        for signed in statements:
            last = last.extend(signed)
            states.append(_thin(last))
            if signed.statement.type == CLOSE:
                closes.append(signed.statement.sequence)
        if not states:
            raise Refusal("chain_back")
        return cls((*states[:-1], last), tuple(closes))

    def extend(self, signed: Signed) -> "Line":
        """The line with one more statement, or the refusal of the first rule that it breaks."""
        reached = self.last.extend(signed)
        closed = (reached.sequence,) if signed.statement.type == CLOSE else ()
        return Line((*self.states[:-1], _thin(self.last), reached), self.closes + closed)

    def at(self, sequence: int) -> Chain | None:
        """What the chain said after this statement, but for devices removed before it; None if it
        wasn't read so far."""
        if not 0 <= sequence < len(self.states):
            return None
        if sequence == self.last.sequence:
            return self.last
        return replace(self.states[sequence], hashes=self.last.hashes[: sequence + 1], removed=())

    @property
    def last(self) -> Chain:
        """What it says after the newest statement that was read."""
        return self.states[-1]

    @property
    def id(self) -> bytes:
        """The chain's id."""
        return self.last.id

    def closed_after(self, sequence: int) -> bool:
        """Whether a CLOSE stands after this statement, be it followed by others or not."""
        return bool(self.closes) and self.closes[-1] > sequence


def _thin(chain: Chain) -> Chain:
    """The state without what grows, but for its head."""
    return replace(chain, hashes=(chain.head,), removed=())
