"""How much of everything there may be in a conversation (docs/conversations.md, 4 and 7)."""

__all__ = [
    "ADVISED_MESSAGES",
    "ADVISED_MS",
    "ADVISE_EVERY",
    "BOXES_PER_DAY",
    "CONVERSATIONS_MAX",
    "DAY_MS",
    "DEPARTED_MS",
    "EPOCH_MESSAGES",
    "EPOCH_MS",
    "FREE_PER_DAY",
    "FULL_SECONDS",
    "HOUR_MS",
    "JOINS_MAX",
    "JOIN_MS",
    "KEPT_MS",
    "REPAIRS_OF_ONE",
    "REPAIRS_PER_DAY",
    "RETURN_MS",
    "TOLD_MS",
    "UNANSWERED_MAX",
    "UNSEEN_DAYS",
    "WAITING_BYTES",
    "WAITING_MESSAGES",
]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

#: When an epoch ends, and from when on somebody is told to begin the next; then, every how many.
EPOCH_MESSAGES, EPOCH_MS = 10_000, DAY_MS
ADVISED_MESSAGES, ADVISED_MS, ADVISE_EVERY = 8_000, 20 * HOUR_MS, 200

#: Who was told that another epoch must begin has so long until others are told at once.
TOLD_MS = 5_000

#: Epochs that are begun for no reason that the server sees: by a device one in an hour, by a person
#: one part in people of so many a day, and always so many.
REPAIRS_PER_DAY, REPAIRS_OF_ONE = 24, 2

#: Bytes of records with their boxes that an account may post on a day; and on one on which it has
#: removed a device or was recovered, when each conversation wants another key.
BOXES_PER_DAY, FREE_PER_DAY = 64 * 1024 * 1024, 256 * 1024 * 1024

#: Conversations of an account.
CONVERSATIONS_MAX = 500

#: Into how many one person brings another who has said nothing in any of them.
UNANSWERED_MAX = 20

#: What waits in a conversation at most; a person's share is one part in people.
WAITING_MESSAGES, WAITING_BYTES = 5_000, 16 * 1024 * 1024

#: How long records are kept once the next one has come.
KEPT_MS = 30 * DAY_MS

#: How long a chain that has ended may be brought back by a recovery (docs/accounts.md).
RETURN_MS = 30 * DAY_MS

#: How long whoever has left is brought back by nobody.
DEPARTED_MS = 30 * DAY_MS

#: Devices that nobody has seen for so long hold nothing back.
UNSEEN_DAYS = 30

#: Who waits to be added, and for how long.
JOINS_MAX, JOIN_MS = 50, 7 * DAY_MS

#: Nobody knows when what waits will have been read; this is for a client to ask again.
FULL_SECONDS = 60
