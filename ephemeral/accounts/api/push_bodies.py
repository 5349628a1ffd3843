"""What is asked and answered about pushes: strict, bounded, and decoded once (docs/accounts.md)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ephemeral.accounts.rules.push_endpoints import ENDPOINT_MAX
from ephemeral.accounts.service.push_delivery import Outcome
from ephemeral.accounts.service.pushes import Subscription
from ephemeral.edge.bodies import Strict, sized
from ephemeral.protocol.accounts.push_messages import AUTH_BYTES, POINT_BYTES
from ephemeral.protocol.encoding import b64decode

__all__ = ["PushBody", "PushTestAnswer", "tested"]


class PushBody(Strict):
    """Body of `PUT /devices/me/push`: what the browser says of its subscription (Push API)."""

    endpoint: Annotated[
        str, Meta(max_length=ENDPOINT_MAX, description="An address of its push service, by https")
    ]
    p256dh: Annotated[str, sized(POINT_BYTES, "The browser's public key")]
    auth: Annotated[str, sized(AUTH_BYTES, "The browser's secret")]

    def unpack(self) -> Subscription:
        """The subscription; `malformed`."""
        return Subscription(
            self.endpoint, b64decode(self.p256dh, POINT_BYTES), b64decode(self.auth, AUTH_BYTES)
        )


class PushTestAnswer(Struct):
    """What became of a push: the service took it; knows no such subscription any more; takes none
    from here; or can't be asked now."""

    outcome: Literal["sent", "gone", "refused", "later"]


def tested(outcome: Outcome) -> bytes:
    """The answer to `POST /devices/me/push/test`."""
    return msgspec.json.encode({"outcome": outcome.value})
