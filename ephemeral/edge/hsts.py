"""Whether a page came by TLS, and what is then said about coming again (RFC 6797).

TLS ends at a proxy, and only a proxy that is trusted is believed. Should it be wrong, nothing is
lost: a browser that came without TLS doesn't read what is said here.
"""

from starlette.types import Scope

from ephemeral.edge.addresses import is_from_trusted
from ephemeral.edge.guard import header_values
from ephemeral.edge.headers import Header
from ephemeral.settings import Settings

__all__ = ["Hsts", "came_by_tls"]


class Hsts:
    """What documents say that came by TLS.

    This host alone, not the names below it: those are the operator's other affairs.
    """

    def __init__(self, settings: Settings) -> None:
        self._trusted = settings.trusted_proxies
        self._said: list[Header] = [
            (b"strict-transport-security", b"max-age=%d" % settings.hsts_seconds)
        ]

    def __call__(self, scope: Scope) -> list[Header]:
        """What is to be said to whoever sent this."""
        by_tls = scope.get("scheme") == "https" or (
            is_from_trusted(scope, self._trusted) and came_by_tls(scope)
        )
        return self._said if by_tls else []


def came_by_tls(scope: Scope) -> bool:
    """Whether every proxy on the way says so: one that differs speaks of a link without TLS."""
    given = b",".join(header_values(scope, b"x-forwarded-proto"))
    if given:
        return all(one.strip().lower() == b"https" for one in given.split(b","))
    hops = b",".join(header_values(scope, b"forwarded")).lower().split(b",")
    said = [[pair.strip().replace(b'"', b"") for pair in hop.split(b";")] for hop in hops]
    return all(b"proto=https" in pairs for pairs in said)
