"""The address of a server: how it is written, and by which proxy, if any, one gets there.

Proxies are those of `--proxy`, else of HTTPS_PROXY or ALL_PROXY, unless NO_PROXY names the server.
One that can't be used is an error. Nothing ever goes directly instead, because whoever uses Tor
would then show the server where they are.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from ephemeral.client.exits import usage

__all__ = ["NO_PROXY", "Proxy", "checked_address", "chosen_proxy"]

#: What `--proxy` takes to go directly, whatever the environment says.
NO_PROXY = "none"

_VARIABLES = ("HTTPS_PROXY", "ALL_PROXY")
_PORTS = {"http": 80, "socks5": 1080, "socks5h": 1080}
# SOCKS tells the length of a name and of a password in one byte (RFC 1929).
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. `scheme`: http (by CONNECT), or socks5h, where names are resolved by the proxy."""

    scheme: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """For people: without name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def url(self) -> str:
        """For libraries: with name and password."""
        if not self.username:
            return str(self)
        own = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return str(self).replace("://", f"://{own}@", 1)


def checked_address(text: str, *, allow_http: bool) -> str:
    """The address of a server, without a slash at its end."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), None
    if parts.scheme not in {"http", "https"} or not host:
        raise usage(
            "The server's address must be like https://example.org or http://127.0.0.1:3000."
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise usage("The server's address holds no name, password, query or fragment.")
    safe = _is_this_machine(host) or _is_onion(host)
    if parts.scheme == "http" and not allow_http and not safe:
        raise usage(
            "Over http everybody on the way can take the room's credential. "
            "Use https, or say --allow-http."
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_onion(host: str) -> bool:
    """Whether it is a service of Tor's, which encrypts all the way to it (RFC 7686)."""
    return host.endswith(".onion")


# --- proxies --------------------------------------------------------------------------------------


def chosen_proxy(address: str, option: str | None, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy to a checked address; None: there is none. `option`: what `--proxy` says.

    This machine is reached directly, always. Over http, where a proxy could take the room's
    credential, having one is an error; but an onion service needs one, and is asked over http by
    Tor on this machine. Its name must not be looked up elsewhere.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if _is_this_machine(host):
        return None
    name, text = "--proxy", option
    if text is None:
        name, text = _of_environment(environment)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not text or _is_exempt(host, port, _variable(environment, "NO_PROXY")):
            text = ""
    if option == NO_PROXY or not text:
        if _is_onion(host):
            raise usage("An onion service is reached by Tor: say --proxy socks5://127.0.0.1:9050.")
        return None
    proxy = _read_proxy(name, text)
    by_tor = proxy.scheme == "socks5h" and _is_this_machine(proxy.host) and _is_onion(host)
    if parts.scheme == "http" and not by_tor:
        raise usage(
            f"{name} names a proxy, which could take the room's credential over http. "
            f"Use https, or say --proxy {NO_PROXY}."
        )
    return proxy


def _of_environment(environment: Mapping[str, str]) -> tuple[str, str]:
    for name in _VARIABLES:
        if text := _variable(environment, name):
            return name, text
    return "", ""


def _variable(environment: Mapping[str, str], name: str) -> str:
    """As everywhere, the name in small letters goes first."""
    return environment.get(name.lower()) or environment.get(name) or ""


def _is_exempt(host: str, port: int, listed: str) -> bool:
    """Whether a list as in NO_PROXY has this server: names with all below them, networks, `*`."""
    for entry in re.split(r"[,\s]+", listed.strip().lower()):
        found = re.fullmatch(r"(?:\[(.+)\]|([^:]+)):(\d+)", entry)
        if found is not None and int(found[3]) != port:
            continue
        named = entry.strip("[]") if found is None else found[1] or found[2]
        try:
            if ipaddress.ip_address(host) in ipaddress.ip_network(named, strict=False):
                return True
        except ValueError:
            # One of the two is a name.
            name = named.removeprefix("*").removeprefix(".")
            if named == "*" or (name and f".{host}".endswith(f".{name}")):
                return True
    return False


def _read_proxy(name: str, text: str) -> Proxy:
    """A proxy as it is written, which may hold a password: so nothing of it is quoted."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise usage(f"{name} is not the address of a proxy.") from None
    if parts.scheme not in _PORTS:
        raise usage(
            f"{name} names a kind of proxy that can't be used here: "
            "http://, socks5:// and socks5h:// can be."
        )
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not host or not host.isascii() or parts.path.strip("/") or parts.query or parts.fragment:
        raise usage(f"{name} is not the address of a proxy, such as socks5://127.0.0.1:9050.")
    for each in (username, password):
        if not each.isascii() or (each and not each.isprintable()) or len(each) > _LONGEST:
            raise usage(f"{name} has a name or a password that no proxy can be told.")
    # Either kind of SOCKS is the one that resolves names at its far end.
    scheme = "http" if parts.scheme == "http" else "socks5h"
    return Proxy(scheme, host, port or _PORTS[parts.scheme], username, password)
