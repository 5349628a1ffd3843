"""The numbers of files, beside those that the settings name (docs/files.md, 11 and 12)."""

from typing import NamedTuple

__all__ = [
    "AFTER_TIMER_MS",
    "DAY_MS",
    "FILES_MAX",
    "IDLE_MS",
    "LANDED_MS",
    "PAGE",
    "RELEASE_MS",
    "SEGMENTS_MAX",
    "SIGNING_MS",
    "SKEW_MS",
    "TTL",
    "TTL_MAX",
    "TTL_MIN",
    "UPLOADS_MAX",
    "UPLOAD_MS",
    "Limits",
]

DAY_MS = 86_400_000
#: How long a file lives from its completion on, in seconds: the least, the usual, the most.
TTL_MIN, TTL, TTL_MAX = 3_600, 7 * 86_400, 30 * 86_400
#: Files that an account may have, and how many of them unfinished.
FILES_MAX, UPLOADS_MAX = 500, 8
#: An upload of which nothing lands for so long is given up.
IDLE_MS = 2 * DAY_MS
#: However often something lands: longer than this and its time to live no file is there.
UPLOAD_MS = 7 * DAY_MS
#: How long the store isn't asked again what has landed of a file.
LANDED_MS = 2_000
#: Segments in one request, and files in one answer.
SEGMENTS_MAX, PAGE = 64, 20
#: Messages under a timer are destroyed so long after it at the latest, and so are files.
AFTER_TIMER_MS = DAY_MS
#: So long after the last address to store a segment has ended nothing more is stored by it.
RELEASE_MS = 60_000
#: How long it may take from when an address is allowed until it is signed.
SIGNING_MS = 30_000
#: By how much clocks of hosts may differ before what they have written down isn't believed.
SKEW_MS = 3_600_000


class Limits(NamedTuple):
    """What a deployment takes, in bytes. `stock`: for all accounts; 0 doesn't limit them.
    `read_bytes`: what an account may fetch on a day; 0 likewise. `url_seconds`: how long an
    address is good."""

    size: int
    account_bytes: int
    stock: int
    read_bytes: int
    url_seconds: int

    @property
    def span_ms(self) -> int:
        """How long after it was allowed an address may be in use."""
        return self.url_seconds * 1000 + SIGNING_MS
