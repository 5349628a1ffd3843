"""Every way in which the database can't be had has its sentence, and none tells a value."""

import errno
import os
import socket
import ssl

import asyncpg
import pytest
from asyncpg import exceptions

from ephemeral.store.reasons import may_pass, reason

MALFORMED = "The address of the database"
SECRET = "canary"


def certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, SECRET)
    error.verify_code = code
    return error


def refusal(state: str, text: str = SECRET) -> asyncpg.PostgresError:
    return asyncpg.PostgresError.new({"C": state, "M": text, "D": SECRET, "S": "FATAL"})


@pytest.mark.parametrize(
    ("error", "words", "waits"),
    [
        (TimeoutError(), "doesn't answer in time", True),
        (socket.gaierror(socket.EAI_NONAME, SECRET), "there is no host of that name", True),
        (socket.gaierror(socket.EAI_AGAIN, SECRET), "name service doesn't answer", True),
        (ConnectionRefusedError(errno.ECONNREFUSED, SECRET), "Connection refused", True),
        (OSError(errno.EHOSTUNREACH, SECRET), "No route to host", True),
        (ConnectionError(f'server at "{SECRET}" rejected SSL upgrade'), "refuses TLS", False),
        (ConnectionError(SECRET), "broke", True),
        (PermissionError(errno.EACCES, SECRET, f"/{SECRET}"), "unset HOME", True),
        (ssl.SSLError(1, SECRET), "TLS with the database fails", False),
        (certificate(10), "not valid at this time", False),
        (certificate(62), "another host name", False),
        (certificate(64), "another host name", False),
        (certificate(18), "no authority that is trusted here", False),
        (certificate(20), "no authority that is trusted here", False),
        (refusal("28P01"), "refuses the user or the password", False),
        (refusal("28000"), "refuses the user or the password", False),
        (refusal("28000", f"no pg_hba.conf entry for host {SECRET}"), "sslmode=require", False),
        (refusal("28000", "connection is insecure (try sslmode=require)"), "TLS", False),
        (refusal("3D000"), "has no database of the name", False),
        (refusal("42501"), "lacks a right", False),
        (refusal("25006"), "takes no writes", False),
        (exceptions.TargetServerAttributeNotMatched(SECRET), "takes no writes", True),
        (refusal("53300"), "no connection left", True),
        (refusal("53100"), "disk is full", True),
        (refusal("53200"), "out of memory", True),
        (refusal("55000"), "closed to connections", True),
        (refusal("57P01"), "starting or stopping", True),
        (refusal("57P03"), "starting or stopping", True),
        (refusal("57014"), "database is slow", True),
        (refusal("58030"), "its own files", False),
        (refusal("XX001"), "damaged", False),
        (refusal("08P01"), "a pooler before it", True),
        (refusal("08006"), "broke", True),
        (refusal("42P01"), "42P01 UndefinedTableError", False),
        (asyncpg.InternalClientError(SECRET), "broke", False),
        (asyncpg.InterfaceError("pool is closing"), "broke", False),
        (exceptions.ClientConfigurationError(SECRET), MALFORMED, False),
        (ValueError(SECRET), MALFORMED, False),
    ],
)  # fmt: skip
def test_each_trouble_has_a_sentence_of_ours(error: Exception, words: str, waits: bool):
    sentence = reason(error)
    assert words in sentence
    assert SECRET not in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert may_pass(error) is waits


def test_every_state_and_every_number_of_the_system_has_a_sentence():
    """Whatever a server of another version may say."""
    classes = [one for one in vars(exceptions).values() if isinstance(one, type)]
    states = {getattr(one, "sqlstate", None) for one in classes} - {None}
    assert len(states) > 200
    for state in states:
        assert reason(refusal(state)).endswith("."), state
    for number in errno.errorcode:
        assert os.strerror(number) in reason(OSError(number, SECRET)) or number == errno.ETIMEDOUT
