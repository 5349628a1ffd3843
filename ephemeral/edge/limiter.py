"""Who may ask how often, without knowing who asks.

Everything that costs the server work is counted at the edge, before the database hears of it: by
the address that it comes from, and by the subjects that the wing names (a room, a seat). None of
these is kept. What is kept are eight bytes of a keyed hash (HMAC-SHA-256), whose key lives in the
memory of this process for a day and is then replaced; from then on nobody, not even whoever holds a
copy of that memory, can tell which address, room or seat they were of. With a new key everybody
begins anew.

Several processes and hosts count together (`Shared`) where something must not be had again at each
of them: making rooms, joining, asking for rooms that aren't there. That is asked for in coroutines,
through `Visitor.spend_together` and `Visitor.asking_together`, and counted here as well. Posting
and what else is asked for on a socket stays with the process that holds the socket.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from math import ceil
from types import TracebackType
from typing import Protocol, Self

from starlette.types import Scope

from ephemeral import metrics
from ephemeral.edge.addresses import Address, client_address
from ephemeral.live.buckets import DIGEST_BYTES, Buckets, Claim, Name, name_of
from ephemeral.protocol.errors import Refusal
from ephemeral.settings import Often, Settings

__all__ = [
    "ADDRESS",
    "KEY_SECONDS",
    "Action",
    "Concurrency",
    "Limiter",
    "Shared",
    "Visitor",
    "crowded",
]

KEY_SECONDS = 86_400
_KEY_BYTES = 32

#: The subject that every request has: where it comes from.
ADDRESS = "address"
# What a metric calls asking for what isn't there.
_MISS = "miss_address"

# A subscriber's line has a /64, often 256 of them, and 65,536 are to be had for nothing: so a /48
# has an allowance too, that of so many addresses.
_NEIGHBOURS = 64

# Nobody knows when a connection will end.
_CROWDED_SECONDS = 10

# So much of an answer costs as much as the answer itself.
_ANSWER_BYTES = 64 * 1024

# An address's name, and its buckets' names; what each is charged of a cost.
_Names = tuple[tuple[Name, float], ...]
# Where to spend, by which name, how much; and what a metric calls the limit.
_Charge = tuple[Callable[[Name, float, float], float], Name, float, str]
_Charges = tuple[_Charge, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """What is counted. `limits`: how often, by kind of subject, the narrowest first.

    `name` names it among all wings, and in what hosts share. An action that `asks` tells whether
    something is there: `misses` are the refusals that say it isn't, with what each costs whoever
    asks. With `together` all hosts count as one. Of whoever has said hello on a socket only the
    process that holds it counts, and it has nothing left to miss.
    """

    name: str
    limits: Mapping[str, Often]
    asks: bool = True
    misses: Mapping[str, int] = field(default_factory=dict)
    together: bool = False


class Shared(Protocol):
    """Buckets that several processes keep together."""

    async def spend(self, claims: Sequence[Claim]) -> float:
        """Take all of them, or none: 0, or the seconds to wait. 0 also where that isn't known."""

    def charge(self, claims: Sequence[Claim]) -> None:
        """Take all of them soon, whether they are there or not."""


class Limiter:
    """The counts of this process. `clock` is in seconds and doesn't go backwards.

    Serve in its context: it is there that no key gets older than a day.
    """

    def __init__(
        self,
        settings: Settings,
        random: Callable[[int], bytes],
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        #: Set where several hosts count together.
        self.shared: Shared | None = None
        self.misses = _buckets(settings.misses_per_address)
        self.misses_often = settings.misses_per_address
        self.asking: dict[Name, int] = {}
        self.connections = Concurrency(settings.connections_per_address)
        self._buckets: dict[tuple[Action, str], Buckets | None] = {}
        self._trusted = settings.trusted_proxies
        self._random = random
        self._key = random(_KEY_BYTES)
        self._renewal: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._renew()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._renewal is not None:
            self._renewal.cancel()

    def buckets(self, action: Action, subject: str) -> Buckets | None:
        """Where an action is counted by a kind of subject; None where it isn't limited.

        Made when it is first asked for: one table for each limit that is stated, however many
        subjects there are.
        """
        key = action, subject
        if key not in self._buckets:
            self._buckets[key] = _buckets(action.limits[subject])
        return self._buckets[key]

    def visitor(self, scope: Scope) -> "Visitor":
        """Whoever sent this request or handshake."""
        address = client_address(scope, self._trusted)
        return Visitor(self, tuple((self.name(field), w) for field, w in _fields(address)))

    def name(self, field: bytes) -> Name:
        """What is kept of an address or another subject. The beginning says of which kind."""
        return name_of(hmac.digest(self._key, field, "sha256")[:DIGEST_BYTES])

    def adopt(self, key: bytes, seconds: float) -> None:
        """Make names by a key of all hosts, for so long; everybody begins anew."""
        if self._renewal is not None:
            self._renewal.cancel()
        self._key = key
        seconds = min(seconds, KEY_SECONDS)
        self._renewal = asyncio.get_running_loop().call_later(seconds, self._renew)

    def _renew(self) -> None:
        self._key = self._random(_KEY_BYTES)
        self._renewal = asyncio.get_running_loop().call_later(KEY_SECONDS, self._renew)


class Visitor:
    """Somebody at an address, who may have named a room and a seat. Holds none of them."""

    __slots__ = ("_address", "_charges", "_limiter", "_subjects")

    def __init__(
        self, limiter: Limiter, address: _Names, subjects: Mapping[str, Name] | None = None
    ) -> None:
        self._limiter = limiter
        self._address = address
        self._subjects = subjects or {}
        self._charges: dict[Action, _Charges] = {}

    def at(self, subjects: Mapping[str, bytes]) -> Self:
        """The same, who names these subjects: bytes by kind.

        Whether there is such a room or seat makes no difference.
        """
        name = self._limiter.name
        named = {kind: name(b"%b:%b" % (kind.encode(), one)) for kind, one in subjects.items()}
        return type(self)(self._limiter, self._address, named)

    @property
    def counted_by(self) -> "tuple[Limiter, Name]":
        """Where this visitor is counted, and the narrowest name of where it comes from."""
        return self._limiter, self._address[0][0]

    @property
    def address(self) -> _Names:
        """What is kept of where this visitor comes from, with what it counts there."""
        return self._address

    def subject(self, kind: str) -> Name | None:
        """What is kept of a subject of this kind; None if none was named."""
        return self._subjects.get(kind)

    def spend(self, action: Action, times: int = 1) -> None:
        """Count an action, so many times at once; refuses `too_many`.

        The narrowest comes first: who has spent what is theirs takes nothing from the others.
        """
        now = self._limiter.clock()
        for spend, name, cost, limit in self._charges.get(action) or self._charges_of(action):
            wait = spend(name, cost * times, now)
            if wait:
                raise _too_many(wait, limit)

    def _charges_of(self, action: Action) -> _Charges:
        """What an action takes, found out once: a socket posts more than once."""
        charges: list[_Charge] = []
        for kind in action.limits:
            buckets = self._limiter.buckets(action, kind)
            if buckets is not None:
                limit = f"{action.name}_{kind}"
                charges += [(buckets.spend, *one, limit) for one in self._names(kind)]
        return self._charges.setdefault(action, tuple(charges))

    def _names(self, kind: str) -> _Names:
        """Names of a kind of subject, each with what a cost counts there."""
        if kind == ADDRESS:
            return self._address
        name = self._subjects.get(kind)
        return () if name is None else ((name, 1),)

    @contextmanager
    def asking(self, action: Action) -> Iterator[None]:
        """Around an action that tells whether there is a room, a seat or a secret; counts it.

        Refuses `too_many` also whoever has asked for too many that aren't there. That is known
        before the store is asked, so the answer is the same for those that are.
        """
        under_way, misses = self._limiter.asking, self._limiter.misses
        if misses is not None:
            now = self._limiter.clock()
            for name, weight in self._address:
                # Each of those under way may turn out to be one.
                wait = misses.wait(name, weight * (under_way.get(name, 0) + 1), now)
                if wait:
                    raise _too_many(wait, _MISS)
        self.spend(action)
        for name, _ in self._address:
            under_way[name] = under_way.get(name, 0) + 1
        try:
            yield
        except Refusal as refusal:
            self.refused(action, refusal)
            raise
        finally:
            for name, _ in self._address:
                _give_back(under_way, name)

    def refused(self, action: Action, refusal: Refusal) -> None:
        """Count the answer to something asked, if it is one that is counted."""
        misses, cost = self._limiter.misses, action.misses.get(refusal.code)
        if self._limiter.shared is not None and cost is not None:
            self._limiter.shared.charge(self._missing(cost))
        if misses is not None and cost is not None:
            now = self._limiter.clock()
            for name, weight in self._address:
                misses.charge(name, cost * weight, now)

    def charge(self, action: Action, size: int) -> None:
        """Count an answer of `size` bytes: each 64 KiB beyond the first as one more of an action.

        It is known afterwards how large it was, so that it is taken whether it is there or not.
        """
        more = size // _ANSWER_BYTES
        if more:
            now = self._limiter.clock()
            for kind in action.limits:
                buckets = self._limiter.buckets(action, kind)
                if buckets is not None:
                    for name, cost in self._names(kind):
                        buckets.charge(name, cost * more, now)

    async def spend_together(self, action: Action) -> None:
        """As `spend`, and counted by all hosts."""
        await self._take(action, self._claims(action))
        self.spend(action)

    @asynccontextmanager
    async def asking_together(self, action: Action) -> AsyncIterator[None]:
        """As `asking`, and counted by all hosts."""
        shared = self._limiter.shared
        if shared is None:
            with self.asking(action):
                yield
            return
        # It may turn out to be a miss; until that is known it counts as one at all hosts.
        await self._take(action, [*self._claims(action), *self._missing(1)])
        try:
            with self.asking(action):
                yield
        finally:
            shared.charge(self._missing(-1))

    @asynccontextmanager
    async def counted(self, action: Action) -> AsyncIterator[None]:
        """Around whatever an action is: counts it as it has to be, here and at all hosts."""
        if action.asks:
            async with self.asking_together(action):
                yield
        else:
            await self.spend_together(action)
            yield

    async def _take(self, action: Action, claims: Sequence[Claim]) -> None:
        shared = self._limiter.shared
        wait = await shared.spend(claims) if shared is not None else 0
        if wait:
            # Which of them it is, is not told.
            raise _too_many(wait, f"{action.name}_shared" if action.together else _MISS)

    def _claims(self, action: Action) -> list[Claim]:
        """What an action takes from buckets that all hosts keep together."""
        if not action.together:
            return []
        return [
            Claim(f"{action.name}:{kind}", name, cost, *often)
            for kind, often in action.limits.items()
            if often is not None
            for name, cost in self._names(kind)
        ]

    def _missing(self, cost: int) -> list[Claim]:
        """What asking for something that isn't there takes from such buckets."""
        often = self._limiter.misses_often
        if often is None:
            return []
        return [Claim("miss:address", one, cost * w, *often) for one, w in self._address]

    def connected(self) -> bool:
        """A socket was opened, and counts until `disconnected`; whether it is within the limit."""
        within = [self._limiter.connections.add(*one) for one in self._address]
        return all(within)

    def disconnected(self) -> None:
        """The socket has ended."""
        for name, _ in self._address:
            self._limiter.connections.remove(name)


class Concurrency:
    """How many there are at this moment, by name; as large as that number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[Name, int] = {}

    def add(self, name: Name, weight: float) -> bool:
        """One more; whether that is within the limit, for a name that counts by `weight`."""
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name] * weight <= self._most

    def remove(self, name: Name) -> None:
        """One less."""
        _give_back(self._counts, name)


def _give_back(counts: dict[Name, int], name: Name) -> None:
    if counts[name] > 1:
        counts[name] -= 1
    else:
        del counts[name]


def _buckets(limit: Often) -> Buckets | None:
    return None if limit is None else Buckets(*limit)


def _fields(address: Address | None) -> tuple[tuple[bytes, float], ...]:
    """What of an address is counted, each with what a cost counts there."""
    if address is None:
        return ((b"-", 1),)
    if isinstance(address, IPv4Address):
        return ((b"4" + address.packed, 1),)
    return ((b"6" + address.packed[:8], 1), (b"n" + address.packed[:6], 1 / _NEIGHBOURS))


def crowded(limit: str) -> Refusal:
    """What a connection is told that is one too many. `limit`: as a metric calls it."""
    metrics.limited(limit)
    return Refusal(
        "too_many", "There are too many connections. Try later.", retry_after=_CROWDED_SECONDS
    )


def _too_many(wait: float, limit: str) -> Refusal:
    metrics.limited(limit)
    # With the next key everybody begins anew.
    return Refusal("too_many", retry_after=min(ceil(wait), KEY_SECONDS))
