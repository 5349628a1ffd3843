"""Reaching the one of a database's hosts that takes writes, though others are dead or standbys.

The driver knows lists of hosts too, but gives all of them one time together: a host that is
silent, as one without power is, would use it up, and the next would never be asked.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg

from ephemeral.store.address import understood
from ephemeral.store.reasons import TLS_REFUSED, NotPostgreSQL
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from typing import TypeAlias

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

__all__ = ["DRIVER_ERRORS", "Reach", "each_host"]

_NOBODY = (
    "The address of the database names no user, and this process's user id has no account whose "
    "name could be taken."
)

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


class Reach:
    """Makes connections to the database at ``dsn``, which may name several hosts.

    Raises StartError if that can't be understood.
    """

    def __init__(self, dsn: str, seconds: float) -> None:
        self._address = understood(dsn)
        self._dsns = each_host(self._address.dsn)
        self._seconds = seconds / len(self._dsns)
        self._last = self._dsns[0]
        mode = dict(parse_qsl(urlsplit(self._dsns[0]).query)).get("sslmode")
        # As the driver has it, which without a mode tries TLS and does without.
        self._tls_optional = mode in {None, "allow", "prefer"}

    async def connect(self, dsn: str | None = None, **options: Any) -> "Connection":
        """A connection that may write; raises what the driver raises, of the last host asked.

        The host that was found last is asked first. One that is a standby is passed over.
        """
        options |= {"timeout": self._seconds, "target_session_attrs": "read-write"}
        options["server_settings"] = {**self._address.session, **options.get("server_settings", {})}
        if self._address.tls is not None:
            options["ssl"] = self._address.tls
        del dsn  # The driver's pool passes it on, whole.
        *others, last = sorted(self._dsns, key=lambda one: one == self._last, reverse=True)
        for dsn in others:
            with suppress(*DRIVER_ERRORS):
                return await self._connect(dsn, options)
        return await self._connect(last, options)

    async def _connect(self, dsn: str, options: dict[str, Any]) -> "Connection":
        try:
            found: Connection = await asyncpg.connect(dsn, **options)
        except (KeyError, OSError) as error:
            # By the version of Python.
            if isinstance(error, KeyError) or "No username" in str(error):
                raise StartError(_NOBODY) from None
            if TLS_REFUSED in str(error) and self._tls_optional:
                # A server that has none says so, and the driver goes on.
                raise NotPostgreSQL from None
            raise
        self._last = dsn
        return found


def each_host(dsn: str) -> list[str]:
    """An address for each host that an address names; what is in no such form stays as it is."""
    try:
        parts = urlsplit(dsn)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return [dsn]
    given = dict(query)
    user, at, named = parts.netloc.rpartition("@")
    if named and not given.keys() & {"host", "port"}:
        return [parts._replace(netloc=f"{user}{at}{one}").geturl() for one in named.split(",")]
    hosts, ports = given.get("host", "").split(","), given.get("port", "").split(",")
    if named or len(hosts) == 1 or len(ports) not in {1, len(hosts)}:
        return [dsn]
    if len(ports) == 1:
        ports *= len(hosts)
    others = [pair for pair in query if pair[0] not in {"host", "port"}]
    return [
        parts._replace(query=urlencode([*others, ("host", host), ("port", port)])).geturl()
        for host, port in zip(hosts, ports, strict=True)
    ]
