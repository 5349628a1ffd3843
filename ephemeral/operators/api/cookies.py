"""The cookie of an operator who is signed in.

It has no date: it ends with the browser, or with its session on the server. Browsers take one that
is `Secure` by TLS alone, and from this machine itself.
"""

from starlette.types import Scope

from ephemeral.edge.guard import header_values
from ephemeral.edge.headers import Header

__all__ = ["NAME", "brought", "cleared", "given"]

NAME = "__Secure-ephemeral-admin"


def brought(scope: Scope) -> str:
    """What the cookie holds; "" if there is none, or more than one."""
    found = []
    for header in header_values(scope, b"cookie"):
        for pair in header.decode("latin-1").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == NAME:
                found.append(value)
    return found[0] if len(found) == 1 else ""


def given(base_path: str, value: str) -> Header:
    """Gives it to a browser."""
    return _header(base_path, value, "")


def cleared(base_path: str) -> Header:
    """Takes it away."""
    return _header(base_path, "", "; Max-Age=0")


def _header(base_path: str, value: str, more: str) -> Header:
    text = f"{NAME}={value}; HttpOnly; Secure; SameSite=Strict; Path={base_path}/admin{more}"
    return b"set-cookie", text.encode("ascii")
