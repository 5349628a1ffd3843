"""What rooms say of themselves in `GET /config` (docs/protocol.md, section 3)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ephemeral.protocol.config import kdf_object
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.limits import ATTACHMENT_MAX, ENVELOPE_MAX, MESSAGE_TTL, ROOM_TTL, SEATS
from ephemeral.settings import Settings

__all__ = ["CONFIG_SCHEMAS", "RoomsConfig", "rooms_config"]

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


class AttachmentsObject(Struct):
    """What attachments may be: bytes of the longest."""

    bytes: int


class RoomsConfig(Struct):
    """What rooms add to the configuration: how keys are derived, and what is allowed."""

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
    attachments: AttachmentsObject | None


#: Types of which the configuration speaks in words of its own.
CONFIG_SCHEMAS: tuple[type[Struct], ...] = (Argon2id, Pbkdf2)


def rooms_config(settings: Settings, suite: int, salt: bytes) -> RoomsConfig:
    """The part of rooms."""
    return RoomsConfig(
        kdf_object(suite),
        b64encode(salt),
        LimitsObject(
            message_ttl=[MESSAGE_TTL[0], settings.message_ttl_max_seconds],
            room_ttl=[ROOM_TTL[0], settings.room_ttl_max_seconds],
            seats=[SEATS[0], settings.seats_max],
            waiting_messages=settings.waiting_messages_max,
            waiting_bytes=settings.waiting_bytes_max,
            envelope=ENVELOPE_MAX,
            lease_seconds=settings.lease_seconds,
            seat_grace_seconds=settings.seat_grace_seconds,
            resume_seconds=settings.resume_seconds,
            tombstone_seconds=settings.tombstone_seconds,
        ),
        DefaultsObject(
            message_ttl=settings.message_ttl_seconds,
            room_ttl=settings.room_ttl_seconds,
            seats=settings.seats_default,
        ),
        AttachmentsObject(ATTACHMENT_MAX) if settings.attachments else None,
    )
