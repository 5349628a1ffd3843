"""Who may try secrets how often: counted by what is guessed at, not only by who guesses.

A password is guessed at through a name that everybody may know. So wrong tries are counted twice:
by that name together with where they come from, narrowly, and by the name alone, widely, for those
who come from everywhere. Right ones cost nothing, and what is under way counts until it is known.
Whether the name means anything makes no difference.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from ephemeral import metrics
from ephemeral.edge.limiter import Visitor
from ephemeral.live.buckets import Buckets, Claim, Name
from ephemeral.protocol.errors import Refusal

__all__ = ["Guesses"]


@dataclass(frozen=True, slots=True, eq=False)
class Guesses:
    """Tries at secrets of one kind; `name` names it among all, and in what hosts share.

    `subject(caller, body)` names what is guessed at; nothing is counted by an empty one. `wrong`
    are the refusals that say that a guess was wrong, `wait` is told who has to wait. `here`: how
    many from one place at once, and in how many seconds as many again; `anywhere`: from all.
    """

    name: str
    subject: Callable[[Any, Any], bytes]
    wrong: frozenset[str]
    wait: str
    here: tuple[int, int]
    anywhere: tuple[int, int]
    _buckets: tuple[Buckets, Buckets] = field(init=False)
    _under_way: dict[Name, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_buckets", (Buckets(*self.here), Buckets(*self.anywhere)))

    @asynccontextmanager
    async def tried(self, visitor: Visitor, caller: Any, body: Any) -> AsyncIterator[None]:
        """Around a try; refuses `wait` whoever has been wrong too often."""
        subject = self.subject(caller, body)
        if not subject:
            yield
            return
        limiter, place = visitor.counted_by
        field = b"%b:%b" % (self.name.encode(), subject)
        names = (limiter.name(b"%b:%b" % (repr(place).encode(), field)), limiter.name(field))
        now, under_way, shared = limiter.clock(), self._under_way, limiter.shared
        for bucket, name in zip(self._buckets, names, strict=True):
            # Each of those under way may turn out to be wrong.
            seconds = bucket.wait(name, under_way.get(name, 0) + 1, now)
            if seconds:
                raise self._refusal(seconds)
        for name in names:
            under_way[name] = under_way.get(name, 0) + 1
        is_asked, is_wrong = False, False
        try:
            seconds = 0.0 if shared is None else await shared.spend(self._claims(names, 1))
            if seconds:
                raise self._refusal(seconds)
            is_asked = True
            yield
        except Refusal as refusal:
            is_wrong = is_asked and refusal.code in self.wrong
            raise
        finally:
            for bucket, name in zip(self._buckets, names, strict=True):
                if under_way[name] > 1:
                    under_way[name] -= 1
                else:
                    del under_way[name]
                if is_wrong:
                    bucket.charge(name, 1, limiter.clock())
            if shared is not None and is_asked and not is_wrong:
                shared.charge(self._claims(names, -1))

    def _claims(self, names: Sequence[Name], cost: int) -> list[Claim]:
        limits = (("here", self.here), ("anywhere", self.anywhere))
        return [
            Claim(f"{self.name}:{kind}", name, cost, *often)
            for name, (kind, often) in zip(names, limits, strict=True)
        ]

    def _refusal(self, seconds: float) -> Refusal:
        metrics.limited(self.name)
        return Refusal(self.wait, retry_after=max(1, -int(-seconds // 1)))
