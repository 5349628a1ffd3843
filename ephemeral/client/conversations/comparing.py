"""Whether a log that a server shows is the one that was read here: docs/conversations.md, 10.4."""

from collections.abc import Sequence

from ephemeral.client.conversations.following import Following
from ephemeral.client.conversations.served import LogPage, ServedEpoch
from ephemeral.protocol.conversations.log import Log

__all__ = ["is_elsewhere", "is_other"]


def is_other(log: Log, page: LogPage) -> bool:
    """Whether a page goes on from something else than what was read, as after a server went back
    and was written to since: its hash isn't what comes of it here."""
    for item in page.items:
        log = log.next(item.kind, item.device, item.digest)
    return log.place == page.s and log.hash != page.hash


def is_elsewhere(one: Following, served: Sequence[ServedEpoch]) -> bool:
    """Whether the server has another record than the newest one here, or none so new, or one where
    something else was read."""
    mine = any((each.s, each.entry) == (one.record_s, one.signed.entry()) for each in served)
    gone = bool(served) and served[0].epoch > one.record.epoch
    between = any(each.epoch > one.record.epoch and each.s <= one.log.place for each in served)
    return between or not (mine or gone)
