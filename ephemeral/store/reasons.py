"""Why the database can't be had: one sentence of ours for every error of the driver.

The start refuses with it, the log and `/readyz` tell it. The driver's own texts quote addresses,
names and values, so nothing of them is passed on: what is looked for in them is only whether a
fixed word is there.
"""

import os
import socket
import ssl

import asyncpg

__all__ = ["MALFORMED", "POOLED", "READ_ONLY", "TLS_REFUSED", "NotPostgreSQL", "may_pass", "reason"]

MALFORMED = (
    "The address of the database (DATABASE_URL, or PGHOST and its companions) is malformed; "
    "in a URL, characters such as @ : / ? # % in a password are written as %40 and the like."
)
POOLED = (
    "DATABASE_URL leads to a pooler that gives each transaction another session, as pgbouncer does "
    "with pool_mode=transaction: let it pool by session, or name the port of PostgreSQL itself."
)
_NOT_POSTGRESQL = (
    "What answers at the address of the database isn't PostgreSQL: see whether its host and port "
    "are right (or PGSSLMODE asks for TLS, which it refuses)."
)

# OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_...).
_EXPIRED = {9, 10}
_OTHER_NAME = {62, 64}

# The driver's words; it has no class for it.
TLS_REFUSED = "rejected SSL upgrade"
# pgbouncer's, with pool_mode=statement.
_NO_TRANSACTIONS = "statement pooling mode"

_STARTING = "The database is starting or stopping and takes no connections."
_FULL = (
    "The database's disk is full: nothing can be stored until there is room "
    "(docs/operations.md, A full disk)."
)
_SLOW = "The database is slow: what was asked of it was ended unanswered."
READ_ONLY = "The database takes no writes: it is a standby, or set to be read only."
_CROWDED = (
    "The database has no connection left: raise its max_connections, or lower DATABASE_POOL_SIZE "
    "or WORKERS."
)
_BROKEN = "The connection to the database broke."

# By SQLSTATE, or the beginning of one; the first that fits.
_SENTENCES = (
    ("28", "The database refuses the user or the password."),
    ("3D000", "The server has no database of the name that it was asked for."),
    ("3F000", "The database has no schema that this user may make tables in."),
    ("42501", "The database's user lacks a right: make it the owner of the database."),
    ("25006", READ_ONLY),
    ("53300", _CROWDED),
    ("53100", _FULL),
    ("53200", "The database is out of memory."),
    ("55000", "The database is closed to connections (ALLOW_CONNECTIONS)."),
    ("53", "The database's server lacks what it needs: its log says what."),
    ("55P03", _SLOW),
    ("57014", _SLOW),
    ("57P", _STARTING),
    ("58", "The database can't read or write its own files: its log says why."),
    ("XX001", "The database finds its own files damaged: its log says which."),
    ("XX002", "The database finds its own files damaged: its log says which."),
    ("08P01", "The database, or a pooler before it, refuses what is asked: its log says why."),
    ("08", _BROKEN),
)  # fmt: skip


class NotPostgreSQL(ConnectionError):
    """What answers there speaks another protocol; the driver has no class for it."""


def reason(error: Exception) -> str:
    """Why this keeps the database from being used; one sentence for the operator, without values.

    `error` is one of `DRIVER_ERRORS`, or what the driver raises for an address that it can't read.
    """
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, OSError):
        return _unreachable(error)
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return READ_ONLY
    if isinstance(error, asyncpg.PostgresError):
        return _refusal(error)
    if isinstance(error, asyncpg.InternalClientError) or "clos" in str(error):
        return _BROKEN
    return MALFORMED


def may_pass(error: Exception) -> bool:
    """Whether waiting helps: the server is starting, closed or full, or isn't there yet."""
    if _NO_TRANSACTIONS in str(error):
        return False
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(("08", "53", "55000", "57"))
    if isinstance(error, (ssl.SSLError, NotPostgreSQL)) or TLS_REFUSED in str(error):
        return False
    return isinstance(error, (OSError, asyncpg.TargetServerAttributeNotMatched))


def _unreachable(error: OSError) -> str:
    if isinstance(error, NotPostgreSQL):
        return _NOT_POSTGRESQL
    if isinstance(error, TimeoutError):
        return "The database doesn't answer in time."
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return "The database can't be reached: the name service doesn't answer."
        return "The database can't be reached: there is no host of that name."
    if error.errno and error.errno > 0:
        # Of a socket the system names no file.
        if error.filename is not None:
            return (
                "A file that the database's driver looks for in the home directory can't be read: "
                f"{os.strerror(error.errno)} (unset HOME)."
            )
        return f"The database can't be reached: {os.strerror(error.errno)}."
    if TLS_REFUSED in str(error):
        return (
            "The database refuses TLS, which the address asks for: switch it on there, or take "
            "another sslmode if nobody can listen on the way."
        )
    return _BROKEN


def _tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _EXPIRED:
            why = "it is not valid at this time"
        elif error.verify_code in _OTHER_NAME:
            why = "it is for another host name"
        else:
            why = "no authority that is trusted here has signed it (sslrootcert names one)"
        return f"The database's certificate is refused: {why}."
    return "TLS with the database fails: what answers there doesn't speak it as it is asked to."


def _refusal(error: asyncpg.PostgresError) -> str:
    state = error.sqlstate or ""
    # Texts may be in any language, and these words are in each of them.
    text = str(error)
    if state == "28000" and ("pg_hba" in text or "SSL" in text or "sslmode" in text):
        return (
            "The database lets nobody in by this way: it may ask for TLS (sslmode=require), or "
            "its pg_hba.conf knows no such host, user or database."
        )
    if _NO_TRANSACTIONS in text:
        return POOLED
    for beginning, sentence in _SENTENCES:
        if state.startswith(beginning):
            return sentence
    return f"The database refuses the connection: {error.sqlstate} {type(error).__name__}."
