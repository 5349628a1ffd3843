"""What the server says about itself: `GET /config` (docs/protocol.md, section 3)."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from ephemeral.edge.operations import Operation
from ephemeral.protocol.config import kdf_object
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.limits import ENVELOPE_MAX
from ephemeral.settings import Settings

__all__ = ["ConfigAnswer", "config_answer", "config_operation"]

_PROTOCOL: Literal["ephemeral.v1"] = "ephemeral.v1"

Range = Annotated[list[int], Meta(min_length=2, max_length=2)]


class Argon2id(Struct):
    """Suite 1."""

    suite: Literal[1]
    name: Literal["argon2id"]
    memory_kib: Literal[65536]
    passes: Literal[3]
    lanes: Literal[1]
    length: Literal[32]


class Pbkdf2(Struct):
    """Suite 2."""

    suite: Literal[2]
    name: Literal["pbkdf2"]
    rounds: Literal[600000]
    length: Literal[32]


class LimitsObject(Struct):
    """What this server allows. Ranges hold both ends; times are seconds, sizes bytes."""

    message_ttl: Range
    room_ttl: Range
    seats: Range
    waiting_messages: int
    waiting_bytes: int
    envelope: int
    lease_seconds: int
    seat_grace_seconds: int
    resume_seconds: int
    tombstone_seconds: int


class DefaultsObject(Struct):
    """What a new room gets if its creator doesn't choose."""

    message_ttl: int
    room_ttl: int
    seats: int


class ConfigAnswer(Struct):
    """Everything a client must know before it derives a key."""

    protocol: Literal["ephemeral.v1"]
    now: int
    # Documented as one of the two suites; encoded from the one table that clients check against.
    kdf: Annotated[
        dict[str, int | str],
        Meta(
            extra_json_schema={
                "oneOf": [
                    {"$ref": "#/components/schemas/Argon2id"},
                    {"$ref": "#/components/schemas/Pbkdf2"},
                ]
            }
        ),
    ]
    salt: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$", description="32 bytes")]
    limits: LimitsObject
    defaults: DefaultsObject


def config_answer(settings: Settings, suite: int, salt: bytes) -> Callable[[int], ConfigAnswer]:
    """Makes the answer for a given `now` in milliseconds."""
    limits = LimitsObject(
        message_ttl=[60, settings.message_ttl_max_seconds],
        room_ttl=[300, settings.room_ttl_max_seconds],
        seats=[2, settings.seats_max],
        waiting_messages=settings.waiting_messages_max,
        waiting_bytes=settings.waiting_bytes_max,
        envelope=ENVELOPE_MAX,
        lease_seconds=settings.lease_seconds,
        seat_grace_seconds=settings.seat_grace_seconds,
        resume_seconds=settings.resume_seconds,
        tombstone_seconds=settings.tombstone_seconds,
    )
    defaults = DefaultsObject(
        message_ttl=settings.message_ttl_seconds,
        room_ttl=settings.room_ttl_seconds,
        seats=settings.seats_default,
    )
    return lambda now: ConfigAnswer(
        _PROTOCOL, now, kdf_object(suite), b64encode(salt), limits, defaults
    )


async def _config(request: Request) -> Response:
    state = request.app.state
    answer: ConfigAnswer = state.config(state.clock())
    return Response(msgspec.json.encode(answer), media_type="application/json")


config_operation = Operation(
    "GET",
    "/config",
    "readConfig",
    "Read how keys are derived here, and what is allowed",
    _config,
    {200: ConfigAnswer},
)
