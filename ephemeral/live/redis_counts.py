"""Limits that several hosts count together: one number in Redis for each bucket in use.

The number is the time at which the bucket is full again (as in `buckets.py`), by the clock
of Redis, and expires at that time. Its key is named by what the limiter keeps of an address, a room
or a seat: seven bytes of a hash under the day's key. That key is in no Redis: it is made from 32
bytes that the first host of the day puts there, and from the index key, which Redis doesn't have.

Where Redis can't be asked in time nothing is counted here, and the limits of each process, which
are counted as ever, go on alone.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from struct import Struct

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from ephemeral.live.buckets import Claim
from ephemeral.live.redis_link import LINK_ERRORS, is_ending, reason

__all__ = ["RedisCounts"]

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400
_DRAWN_BYTES = 32

# How long a request waits for Redis, and how long nobody asks after one that waited in vain.
_ANSWER_SECONDS = 1.0
_PAUSE_SECONDS = 5.0
# How often is looked whether the day has ended or Redis has begun anew.
_LOOK_SECONDS = 30.0
_WAITING_CHARGES = 1000

_CELLS = Struct(">4H")

# KEYS: what was drawn for the day, then buckets. ARGV: what the host knows of the first; then for
# each bucket microseconds to take (below 0: to give back), and the most that may be taken ahead
# (-1: take in any case). Answers -1 if the day is another, else 0 or microseconds to wait.
_SCRIPT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function full(i)
  local before = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), now)
  return before + tonumber(ARGV[2 * i - 2])
end
for i = 2, #KEYS do
  local most = tonumber(ARGV[2 * i - 1])
  if most >= 0 and full(i) - now > most then return math.ceil(full(i) - now - most) end
end
for i = 2, #KEYS do
  local until_full = full(i)
  if until_full > now then
    redis.call('SET', KEYS[i], string.format('%.0f', until_full),
      'PX', math.ceil((until_full - now) / 1000))
  else
    redis.call('DEL', KEYS[i])
  end
end
return 0
"""


class RedisCounts:
    """What the limiters of several hosts count together. `run` it while the process serves.

    `name` names things in Redis; `key` makes the day's key from what was drawn; `adopt` is given
    that key and the seconds that it lasts.
    """

    def __init__(
        self,
        redis: Redis,
        name: Callable[[str], str],
        key: Callable[[bytes], bytes],
        adopt: Callable[[bytes, float], None],
        random: Callable[[int], bytes],
        fault: Callable[[BaseException], None],
    ) -> None:
        self._redis = redis
        self._name = name
        self._key = key
        self._adopt = adopt
        self._random = random
        self._fault = fault
        self._day = name("day")
        self._script: AsyncScript = redis.register_script(_SCRIPT)
        self._drawn = b""
        self._ends = 0.0
        self._paused_until = 0.0
        self._charges: list[Claim] = []
        self._due = asyncio.Event()
        self._look = asyncio.Event()

    async def spend(self, claims: Sequence[Claim]) -> float:
        """Take all of `claims`, or none: 0, or the seconds until one of them has enough.

        0 also where Redis can't be asked.
        """
        if not claims or not self._is_asked():
            return 0.0
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await self._run(claims, strict=True) / 1_000_000
        except LINK_ERRORS:
            self._pause()
            return 0.0

    def charge(self, claims: Sequence[Claim]) -> None:
        """Take all of `claims` soon, whether they are there or not."""
        if claims and self._is_asked() and len(self._charges) < _WAITING_CHARGES:
            self._charges.extend(claims)
            self._due.set()

    async def run(self) -> None:
        """Until cancelled: share the day's key, and take what was charged."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_day())
            group.create_task(self._keep_charging())

    async def share_day(self) -> None:
        """Take over the day's key, drawing for it if nobody has; raises LINK_ERRORS."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(self._day, self._random(_DRAWN_BYTES), nx=True, ex=DAY_SECONDS)
            pipeline.get(self._day)
            pipeline.pttl(self._day)
            _, drawn, left = await pipeline.execute()
        if not isinstance(drawn, bytes) or len(drawn) != _DRAWN_BYTES or left <= 0:
            return
        self._ends = asyncio.get_running_loop().time() + left / 1000
        if drawn != self._drawn:
            self._drawn = drawn
            self._adopt(self._key(drawn), left / 1000)

    def _is_asked(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._paused_until <= now < self._ends

    def _pause(self) -> None:
        self._paused_until = asyncio.get_running_loop().time() + _PAUSE_SECONDS
        self._charges.clear()

    async def _run(self, claims: Sequence[Claim], *, strict: bool) -> int:
        keys, arguments = [self._day], [self._drawn]
        for claim in claims:
            each = claim.seconds * 1_000_000 / claim.tokens
            keys.append(self._name(f"{claim.kind}:{_CELLS.pack(*claim.name).hex()}"))
            arguments.append(f"{claim.cost * each:.0f}".encode())
            # A little of a token more, as a process counts.
            most = claim.seconds * 1_000_000 + each / 2000
            arguments.append(f"{math.ceil(most)}".encode() if strict else b"-1")
        wait = int(await self._script(keys=keys, args=arguments))
        if wait < 0:
            # Redis has begun anew, or the day has: this process counts alone until it knows.
            self._ends = 0.0
            self._look.set()
            return 0
        return wait

    async def _keep_day(self) -> None:
        while True:
            self._look.clear()
            try:
                await self.share_day()
            except LINK_ERRORS as error:
                self._pause()
                log.debug("The day's key of the limits can't be had from Redis: %s.", reason(error))
            except Exception as error:  # noqa: BLE001 - the next look tries again
                self._fault(error)
            if is_ending():
                return
            seconds = _LOOK_SECONDS if self._is_asked() else _PAUSE_SECONDS
            try:
                await asyncio.wait_for(self._look.wait(), seconds)
            except TimeoutError:
                continue

    async def _keep_charging(self) -> None:
        while not is_ending():
            await self._due.wait()
            self._due.clear()
            claims, self._charges = self._charges, []
            try:
                if claims:
                    await self._run(claims, strict=False)
            except LINK_ERRORS:
                self._pause()
            except Exception as error:  # noqa: BLE001 - what was charged is lost, not the next
                self._fault(error)
