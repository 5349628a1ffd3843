"""Subscriptions of devices: where a browser's push service takes what is for it.

An address there is a name that its service knows the browser by, so it is kept sealed. What is sent
there is 16 random bytes: that something is new is all that a push says, and the browser's maker
can't read even that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ephemeral import metrics
from ephemeral.accounts.rows import push_rows
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.rules.push_endpoints import read_endpoint
from ephemeral.accounts.service.push_delivery import Delivery, Outcome, Result
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.protocol.accounts.push_messages import (
    AUTH_BYTES,
    POINT_BYTES,
    SALT_BYTES,
    SEED_BYTES,
    encrypted,
    private_key,
    read_keys,
)
from ephemeral.protocol.errors import Refusal
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Pushes", "Subscription"]

_PAYLOAD_BYTES = 16


class Subscription(NamedTuple):
    """What a browser says of its subscription: where it is, and its keys."""

    endpoint: str
    public: bytes
    auth: bytes

    def encode(self) -> bytes:
        """As it is sealed."""
        return self.public + self.auth + self.endpoint.encode()

    @classmethod
    def decode(cls, data: bytes) -> Subscription:
        """What `encode` wrote."""
        keys = POINT_BYTES + AUTH_BYTES
        return cls(data[keys:].decode(), data[:POINT_BYTES], data[POINT_BYTES:keys])


class Pushes:
    """The subscriptions of all devices. `own`: the service that the operator has named besides."""

    def __init__(
        self,
        pool: Pool,
        values: SealedValues,
        sessions: Sessions,
        delivery: Delivery,
        own: str | None,
        random: Callable[[int], bytes],
    ) -> None:
        self._pool = pool
        self._values = values
        self._sessions = sessions
        self._delivery = delivery
        self._own = own
        self._random = random

    async def put(self, session: Session, subscription: Subscription) -> None:
        """Tell this device by a push from now on; the same again changes nothing.

        Refuses `push_endpoint`, and `malformed` keys.
        """
        read_endpoint(subscription.endpoint, self._own)
        read_keys(subscription.public, subscription.auth)
        account, device = _device(session)

        async def work(connection: Connection) -> None:
            await self._sessions.lock(connection, session)
            said = subscription.encode()
            before = await push_rows.payload(connection, account, device)
            kept = await self._values.read(connection, "push", [before])
            if before is not None and kept.get(before) == said:
                payload = before
            else:
                payload = await self._values.store(connection, "push", said)
            await push_rows.put(connection, account, device, session.sid, payload)
            if before is not None and before != payload:
                await self._values.destroy(connection, [before])

        await transaction(self._pool, work)

    async def remove(self, session: Session) -> None:
        """Tell this device nothing any more by a push."""

        async def work(connection: Connection) -> None:
            await self._sessions.lock(connection, session)
            gone = await push_rows.remove(connection, *_device(session))
            await self._values.destroy(connection, gone)

        await transaction(self._pool, work)

    async def test(self, session: Session) -> Outcome:
        """Send this device a push now, and say what became of it; refuses `not_found`."""

        async def read(connection: Connection) -> tuple[bytes | None, int]:
            payload = await push_rows.payload(connection, *_device(session))
            return payload, await clock(connection)

        payload, now = await transaction(self._pool, read, read_only=True)
        if payload is None:
            raise Refusal("not_found")
        return (await self.send(payload, now)).outcome

    async def send(self, payload: bytes, now: int) -> Result:
        """Send a push to the subscription that is kept in this payload; one that is gone, there or
        here, is forgotten."""

        async def read(connection: Connection) -> bytes | None:
            return (await self._values.read(connection, "push", [payload])).get(payload)

        kept = await transaction(self._pool, read, read_only=True)
        result = Result(Outcome.GONE) if kept is None else await self._post(kept, now)
        metrics.pushed(result.outcome.value)
        if result.outcome is Outcome.GONE:

            async def forget(connection: Connection) -> None:
                await self._values.destroy(connection, await push_rows.drop(connection, payload))

            await transaction(self._pool, forget)
        return result

    async def _post(self, kept: bytes, now: int) -> Result:
        subscription = Subscription.decode(kept)
        try:
            to = read_endpoint(subscription.endpoint, self._own)
        except Refusal:
            # The operator names another service now.
            return Result(Outcome.GONE)
        body = encrypted(
            self._random(_PAYLOAD_BYTES),
            read_keys(subscription.public, subscription.auth),
            private_key(self._random(SEED_BYTES)),
            self._random(SALT_BYTES),
        )
        return await self._delivery.send(to, body, now // 1000)


def _device(session: Session) -> tuple[bytes, bytes]:
    assert session.device is not None, "only a device proves what it asks"
    return session.account, session.device
