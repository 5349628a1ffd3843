"""What is counted of files, beside what is counted of every request of an account."""

from dataclasses import dataclass

from ephemeral.accounts.doors import ACCOUNT
from ephemeral.edge.limiter import ADDRESS, Action
from ephemeral.settings import Settings

__all__ = ["FileActions"]

#: Files that an account may make: so many at once, as many again in so many seconds. Each leaves
#: something to be deleted, also one that never landed.
_FILES = (120, 3600)
_MISSES = {"file_unknown": 1, "not_found": 1}


@dataclass(frozen=True, slots=True)
class FileActions:
    """The actions of files. `make`: each new one. `request`: everything else that is asked."""

    make: Action
    request: Action

    @classmethod
    def of(cls, settings: Settings) -> "FileActions":
        """As this deployment limits them: off where everything that accounts ask is."""
        often, own = settings.account_requests_per_address, settings.account_requests_per_account
        return cls(
            make=Action("file_make", {ACCOUNT: own and _FILES, ADDRESS: often}, misses=_MISSES),
            request=Action("file", {ACCOUNT: own, ADDRESS: often}, misses=_MISSES),
        )
