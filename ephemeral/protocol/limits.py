"""The numbers of the protocol, the same in clients, server and docs/protocol.md.

From its sections 3.2, 5.3, 8.1 and 12. Sizes are bytes, durations are seconds, ranges hold both
their ends.
"""

from typing import NamedTuple

__all__ = [
    "ATTACHMENT_MAX",
    "CHARTER_LIMITS",
    "CHARTER_SIZE",
    "CLOSED_TAB_SECONDS",
    "CONTENT_MAX",
    "COUNTER_MAX",
    "DEFAULT_MESSAGE_TTL",
    "DEFAULT_ROOM_TTL",
    "DEFAULT_SEATS",
    "ENVELOPE_MAX",
    "ENVELOPE_OVERHEAD",
    "ENVELOPE_SIZES",
    "FRAMES_MAX",
    "FRAME_MAX",
    "HELLO_SECONDS",
    "ID_SIZE",
    "INTEGER_MAX",
    "JSON_DEPTH",
    "KEY_SIZE",
    "LEASE_ENDS",
    "LEASE_SECONDS",
    "MAC_SIZE",
    "MESSAGE_TTL",
    "NONCE_SIZE",
    "PROFILE_COLOURS",
    "PROFILE_NAME_MAX",
    "PROFILE_SIZE",
    "PROTOCOL",
    "QUOTE_MAX",
    "RESUME_SECONDS",
    "RETRY_SECONDS",
    "RETURN_MESSAGES",
    "ROOM_NONCE_SIZE",
    "ROOM_TTL",
    "SALT_SIZE",
    "SEATS",
    "SEAT_GRACE_SECONDS",
    "SEAT_SECRET_SIZE",
    "STATUS_IDS_MAX",
    "TEXT_VIEW_SECONDS",
    "TOKEN_SIZE",
    "TOMBSTONE_SECONDS",
    "TYPING_REPEAT_SECONDS",
    "TYPING_SECONDS",
    "VIEWING_SIZE",
    "VIEW_LIMIT_SECONDS",
    "WAITING_BYTES",
    "WAITING_MESSAGES",
    "WAIT_SECONDS_MAX",
    "CharterLimits",
]

PROTOCOL = "ephemeral.v1"


class CharterLimits(NamedTuple):
    """Ranges (smallest, largest) that the numbers of a charter must lie in."""

    seats: tuple[int, int]
    message_ttl: tuple[int, int]
    room_ttl: tuple[int, int]


SEATS = (2, 50)
MESSAGE_TTL = (60, 604_800)
ROOM_TTL = (300, 2_592_000)
#: What a joiner accepts (5.3), and the most that a server may allow.
CHARTER_LIMITS = CharterLimits(SEATS, MESSAGE_TTL, ROOM_TTL)

# Published in /config as defaults of the charter (3.2).
DEFAULT_SEATS = 2
DEFAULT_MESSAGE_TTL = 86_400
DEFAULT_ROOM_TTL = 604_800

# JSON (1.4). One body or message of frames from a client, and how deep it may nest.
FRAME_MAX = 98_304
#: Frames in one message of a client (11.1).
FRAMES_MAX = 32
JSON_DEPTH = 16
INTEGER_MAX = 2**53 - 1

# Byte strings of fixed size.
KEY_SIZE = 32
SALT_SIZE = 32
ROOM_NONCE_SIZE = 32
TOKEN_SIZE = 32
SEAT_SECRET_SIZE = 16
VIEWING_SIZE = 32
MAC_SIZE = 32
ID_SIZE = 16
NONCE_SIZE = 12
CHARTER_SIZE = 45
PROFILE_SIZE = 256

# Version byte, nonce and tag around the plaintext of an envelope or profile.
ENVELOPE_OVERHEAD = 1 + NONCE_SIZE + 16
#: The eight sizes that an envelope may have (8.3), smallest first.
ENVELOPE_SIZES = tuple(512 << i for i in range(8))
ENVELOPE_MAX = ENVELOPE_SIZES[-1]
# Version byte, viewing bytes, counter and length stand before the content (8.1).
CONTENT_MAX = ENVELOPE_MAX - ENVELOPE_OVERHEAD - (1 + VIEWING_SIZE + 8 + 4)
COUNTER_MAX = INTEGER_MAX

PROFILE_NAME_MAX = 64
PROFILE_COLOURS = 12
#: How long an author may wish a text to stay readable (8.2), besides 0 for "until closed".
TEXT_VIEW_SECONDS = (5, 300)
#: After how long a text may be taken away whatever its reader wishes (8.2).
VIEW_LIMIT_SECONDS = (5, 600)
#: The longest quote (8.2), in Unicode code points.
QUOTE_MAX = 280

#: Bytes of an attachment (14).
ATTACHMENT_MAX = 10_485_760

# Published in /config; the values are this protocol's defaults (3.2).
LEASE_SECONDS = 120
SEAT_GRACE_SECONDS = 60
#: Instead of the grace, after a socket that was closed with its tab (7.2).
CLOSED_TAB_SECONDS = 5
#: How long a request may wait for another state (9.1).
WAIT_SECONDS_MAX = 25
RESUME_SECONDS = 1_800
TOMBSTONE_SECONDS = 86_400
WAITING_MESSAGES = 500
WAITING_BYTES = 16_777_216

#: The end of a lease by time that destroys a message as unconfirmed (8.9).
LEASE_ENDS = 3
STATUS_IDS_MAX = 100
#: Messages of a seat whose ids and viewing bytes follow from its secret (4.3).
RETURN_MESSAGES = 100
RETRY_SECONDS = 43_200
HELLO_SECONDS = 5
TYPING_SECONDS = 6
TYPING_REPEAT_SECONDS = 3
