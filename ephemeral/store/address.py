"""The address of the operator's database, as providers print it, made into one for the driver.

Providers and the tools of other languages put parameters of their own into an address. The driver
would send each that it doesn't know to the server, which refuses the connection for it. So every
parameter stands in a table here: passed on, understood, or harmless and dropped. Any other is
named, because it may ask for something, a check for instance, that would silently not be done.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from ephemeral.store.reasons import MALFORMED
from ephemeral.store.start_error import StartError

__all__ = ["Address", "understood"]

# What the driver knows.
_PASSED_ON = {
    "host", "port", "user", "password", "dbname", "database", "passfile", "service", "options",
    "sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib",
}  # fmt: skip
# What libpq and its likes know and nothing here depends on: times and keepalives are set by this
# program, the driver has no GSS encryption and binds no channel, and only a host that takes writes
# will do. Then what is meant for pools and drivers of other languages.
_HARMLESS = {
    "application_name", "client_encoding", "connect_timeout", "tcp_user_timeout", "keepalives",
    "keepalives_idle", "keepalives_interval", "keepalives_count", "gssencmode", "gssdelegation",
    "channel_binding", "target_session_attrs", "load_balance_hosts", "fallback_application_name",
    "sslcompression", "sslsni", "sslcertmode", "min_protocol_version", "max_protocol_version",
    "pgbouncer", "connection_limit", "pool_timeout", "pool_size", "max_overflow", "socket_timeout",
    "statement_cache_size", "prepared_statements", "prepareThreshold", "uselibpqcompat", "supa",
    "workaround", "serverVersion", "charset", "pool_mode", "encoding", "timezone",
}  # fmt: skip
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
# `ssl` of drivers that have no `sslmode`.
_SWITCH = {"true": "require", "1": "require", "require": "require",
           "false": "disable", "0": "disable"}  # fmt: skip
# A host that is followed by a port.
_WITH_PORT = re.compile(r"(?:\[[^]]*\]|[^:/\[]*):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """`dsn`: what the driver takes, secret, of one or several hosts. `tls`: instead of what it says
    about TLS, if not None. `session`: settings that each connection begins with."""

    dsn: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    session: Mapping[str, str] = field(default_factory=dict)


def understood(dsn: str) -> Address:
    """An address as the operator gave it; raises StartError, with nothing of its values."""
    try:
        parts = urlsplit(dsn.strip())
        given = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise StartError(MALFORMED) from None
    if parts.scheme not in {"postgresql", "postgres"} or parts.fragment:
        raise StartError(MALFORMED)
    unknown = sorted(given.keys() - _PASSED_ON - _HARMLESS - {"ssl", "schema"})
    user, at, hosts = parts.netloc.rpartition("@")
    if unknown and hosts and not at and "@" in parts.query:
        # A password with a question mark: no piece of it is shown.
        raise StartError(MALFORMED)
    if unknown:
        raise StartError(
            f"DATABASE_URL has a parameter that isn't known here: {_shown(unknown[0])}. Leave it "
            "out; a setting of PostgreSQL's goes into options=-c%20name%3Dvalue."
        )
    _see_ports(hosts, given)
    passed = {name: value for name, value in given.items() if name in _PASSED_ON}
    if "ssl" in given and "sslmode" not in given:
        passed["sslmode"] = _SWITCH.get(given["ssl"].lower(), "")
    if passed.get("sslmode", "prefer") not in _MODES:
        raise StartError(f"sslmode in DATABASE_URL must be one of {', '.join(_MODES)}.")
    tls = _by_the_systems_authorities(passed) if passed.get("sslrootcert") == "system" else None
    if tls is None:
        for name in _FILES:
            _see_file(name, passed)
    schema = given.get("schema", "public")
    # Quoted as a name of SQL is.
    session = {} if schema == "public" else {"search_path": '"' + schema.replace('"', '""') + '"'}
    # The driver ends the password at the first of these signs, and no host has one.
    netloc = user.replace("@", "%40") + at + hosts
    try:
        whole = parts._replace(netloc=netloc, query=urlencode(passed)).geturl()
    except ValueError:
        raise StartError(MALFORMED) from None
    return Address(whole, tls, session)


def _by_the_systems_authorities(passed: dict[str, str]) -> ssl.SSLContext:
    """TLS by the certificates that the system trusts, which the driver has no name for.

    As libpq does it: always with the name of the host, whatever `sslmode` says. Takes from `passed`
    what it has used.
    """
    for name in ("sslcert", "sslkey", "sslcrl"):
        _see_file(name, passed)
    context = ssl.create_default_context()
    for name, which in (
        ("ssl_min_protocol_version", "minimum_version"),
        ("ssl_max_protocol_version", "maximum_version"),
    ):
        version = passed.pop(name, None)
        if version is not None:
            known = ssl.TLSVersion.__members__.get(version.replace(".", "_"))
            if known is None or not version.startswith("TLS"):
                raise StartError(f"{name} in DATABASE_URL names no version such as TLSv1.3.")
            setattr(context, which, known)
    revoked = passed.pop("sslcrl", None)
    certificate, key = passed.pop("sslcert", None), passed.pop("sslkey", None)
    password = passed.pop("sslpassword", "")
    try:
        if revoked is not None:
            context.load_verify_locations(cafile=revoked)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        if certificate is not None:
            context.load_cert_chain(certificate, key, lambda: password)
    except (OSError, ValueError):
        raise StartError("sslcert, sslkey or sslcrl in DATABASE_URL can't be used.") from None
    context.set_alpn_protocols(["postgresql"])
    del passed["sslrootcert"]
    passed["sslmode"] = "verify-full"
    return context


def _see_ports(hosts: str, given: Mapping[str, str]) -> None:
    """Whether ports are such. The driver takes the rest by 65536, and reaches another database."""
    named = [*map(unquote, hosts.split(",")), *given.get("host", "").split(",")]
    ports = [found[1] for one in named if (found := _WITH_PORT.fullmatch(one))]
    for port in [*ports, *given.get("port", "").split(",")]:
        try:
            known = 0 < int(port) < 65536
        except ValueError:
            # What is no number the driver refuses, as it does an address that has no such form.
            continue
        if not known:
            raise StartError("The port in the address of the database must be from 1 to 65535.")


def _see_file(name: str, passed: Mapping[str, str]) -> None:
    """Whether a file that is named is there: the driver's error would not tell which it was."""
    if name not in passed:
        return
    try:
        whole = b"-----BEGIN " in Path(passed[name]).read_bytes()
    except OSError as error:
        why = error.strerror
    except ValueError:
        why = "no path"
    else:
        if whole:
            return
        why = "it isn't in PEM form"
    raise StartError(f"The file that {name} in DATABASE_URL names can't be read: {why}.")


def _shown(name: str) -> str:
    """A parameter's name, unless it may be a piece of a password that wasn't quoted."""
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum() and len(name) <= 40
    return name if plain else "one whose name is no name"
