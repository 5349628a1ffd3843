"""Where pushes may go: people name these addresses, and the server asks there.

So nothing of the server's own network may be among them. The address of a push service is a name
at the usual port, by TLS; what the name stands for is looked at when a push is sent (`is_public`),
and it is that very address which is then connected to.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from ephemeral.protocol.errors import Refusal
from ephemeral.sealing.fingerprints import keyed

__all__ = ["ENDPOINT_MAX", "Endpoint", "is_public", "key_seed", "read_endpoint"]

#: The longest of those known has 500 bytes.
ENDPOINT_MAX = 2048

# A name of at least two labels, the last of which begins with a letter: an address in whatever
# notation has no such end.
_PUBLIC = re.compile(
    r"https://((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,10}[a-z][a-z0-9-]{0,61}[a-z0-9])"
    r"(/[!-~]*)"
)
_OWN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?")
_PORTS = {"https": 443, "http": 80}
# An address of IPv4 stands in the last bytes of these.
_NAT64 = ip_network("64:ff9b::/96")
_KEY = b"ephemeral/v1/server/push-key\0"


class Endpoint(NamedTuple):
    """Where a subscription's pushes go. `inside`: the operator has named this service, so it may
    stand in the operator's own network."""

    origin: str
    scheme: str
    host: str
    port: int
    path: str
    inside: bool


def read_endpoint(text: str, own: str | None) -> Endpoint:
    """The parts of an endpoint; refuses `push_endpoint`. `own`: the origin of the service that the
    operator has named besides."""
    if len(text) <= ENDPOINT_MAX:
        if own is not None and text.startswith(f"{own}/"):
            named = _OWN.fullmatch(own)
            path = text[len(own) :]
            if named is not None and re.fullmatch(r"/[!-~]*", path):
                scheme, host, port = named.groups()
                return Endpoint(own, scheme, host, int(port or _PORTS[scheme]), path, inside=True)
        found = _PUBLIC.fullmatch(text)
        if found is not None:
            host, path = found.groups()
            return Endpoint(f"https://{host}", "https", host, 443, path, inside=False)
    raise Refusal("push_endpoint")


def is_public(text: str) -> bool:
    """Whether an address is one of the internet, however it is wrapped."""
    try:
        address = ip_address(text)
    except ValueError:
        # With the name of an interface behind it, as only addresses of a link have it.
        return False
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The address of IPv4 that one of IPv6 leads to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def key_seed(index_key: bytes) -> bytes:
    """48 bytes from which the key is made that push services know a deployment by.

    The same on all hosts and after a restore, without being kept anywhere.
    """
    return keyed(index_key, _KEY, b"\x01") + keyed(index_key, _KEY, b"\x02")[:16]
