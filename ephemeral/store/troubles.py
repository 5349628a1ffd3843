"""What ails the database, told to the operator once when it begins and once when it is over.

While a database is away every request fails by it, and each would be a line of the log. So what
fails is noted here, and only a change is told. A trouble is over when a probe has found that the
database serves, and nothing has failed for a while: what comes and goes is one trouble.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

from ephemeral.store.reasons import reason

__all__ = ["QUIET_SECONDS", "Trouble", "Troubles", "server_trouble"]

log = logging.getLogger(__name__)

#: Nothing has failed for so long when a trouble is over.
QUIET_SECONDS = 5.0

#: Of these kinds a server may ail that answers: a probe that succeeds shows little.
_LASTING = frozenset({"full", "crowded", "memory"})

# The first that fits the beginning of an SQLSTATE.
_KINDS = (
    ("53100", "full"),
    ("53200", "memory"),
    ("53300", "crowded"),
    ("25006", "read_only"),
    ("55P03", "slow"),
    ("57014", "slow"),
    ("53", "other"),
    ("58", "other"),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One of `metrics.TROUBLES`, and a sentence for the operator without any value or address."""

    kind: str
    sentence: str

    @property
    def is_lasting(self) -> bool:
        """Whether it may be there although the database answers."""
        return self.kind in _LASTING


def server_trouble(error: asyncpg.PostgresError) -> Trouble | None:
    """What the server says of its condition; None if that is nothing of the kind."""
    state = error.sqlstate or ""
    for beginning, kind in _KINDS:
        if state.startswith(beginning):
            return Trouble(kind, reason(error))
    return None


class Troubles:
    """Of one database, as one process meets them. `clock` tells seconds, and is never set."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._present: Trouble | None = None
        self._told: set[str] = set()
        self._began = 0.0
        self._noted = 0.0
        self._doubtful = False

    @property
    def present(self) -> Trouble | None:
        """What was met last, until that is over."""
        return self._present

    @property
    def is_probe_due(self) -> bool:
        """Whether somebody should look if the database serves."""
        return self._doubtful or self._present is not None

    def doubt(self) -> None:
        """A connection has ended. That may be all, or the first sign of more."""
        self._doubtful = True

    def note(self, trouble: Trouble) -> None:
        """Something has failed by this; tells the operator what has not been told of it."""
        self._noted = self._clock()
        if self._present is None:
            self._began = self._noted
        self._present = trouble
        if trouble.sentence not in self._told:
            self._told.add(trouble.sentence)
            log.error("%s", trouble.sentence)

    def served(self) -> None:
        """A probe found that the database serves; tells the operator if that ends a trouble."""
        self._doubtful = False
        now = self._clock()
        if self._present is None or now - self._noted < QUIET_SECONDS:
            return
        log.warning("The database serves again, %.0f seconds after that began.", now - self._began)
        self._present = None
        self._told.clear()
