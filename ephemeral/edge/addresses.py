"""From which address a request comes, as far as it can be known.

A connection has an address. If that is a proxy's which the operator trusts, the proxy has noted
where the request came from, behind whatever the client claimed: so lists are read from their right
end, and only as far as those who wrote them are trusted. Anything else that a client sends has no
effect, and nothing that it sends raises.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.types import Scope

from ephemeral.edge.guard import header_values
from ephemeral.settings import Trusted

__all__ = ["Address", "client_address", "is_from_trusted"]

Address = IPv4Address | IPv6Address

# Longer chains of trusted proxies are not followed.
_HOPS = 16


def client_address(scope: Scope, trusted: Trusted) -> Address | None:
    """The address of whoever sent this, or None if it has none (a unix socket).

    If what the proxies say can't be understood, or is said in two ways that differ, it is theirs.
    """
    peer = _peer(scope)
    if not trusted or not _is_trusted(peer, trusted):
        return peer
    # Proxies write one of the two and let the other pass as the client sent it. Nobody can tell
    # which; but where there are both, only a liar's differ.
    ways = [
        _walk(peer, hops, trusted)
        for hops in (_x_forwarded_for(scope), _forwarded(scope))
        if hops is not None
    ]
    return ways[0] if ways and all(one == ways[0] for one in ways) else peer


def is_from_trusted(scope: Scope, trusted: Trusted) -> bool:
    """Whether a proxy has sent this that the operator trusts."""
    return _is_trusted(_peer(scope), trusted)


def _peer(scope: Scope) -> Address | None:
    client = scope.get("client")
    return None if client is None else _address(client[0])


def _walk(peer: Address | None, hops: Iterator[str], trusted: Trusted) -> Address | None:
    """From the peer towards the client, up to the first that isn't trusted to speak the truth."""
    reached = peer
    for text, _ in zip(hops, range(_HOPS), strict=False):
        hop = _address(text)
        if hop is None:
            return reached
        reached = hop
        if not _is_trusted(hop, trusted):
            return reached
    return reached


def _is_trusted(address: Address | None, trusted: Trusted) -> bool:
    if address is None:
        return "unix" in trusted
    return any(network != "unix" and address in network for network in trusted)


def _x_forwarded_for(scope: Scope) -> Iterator[str] | None:
    values = header_values(scope, b"x-forwarded-for")
    return _from_the_right(values) if values else None


def _forwarded(scope: Scope) -> Iterator[str] | None:
    """The nodes of `for` (RFC 7239, sections 4 and 6)."""
    values = header_values(scope, b"forwarded")
    return map(_node_of, _from_the_right(values)) if values else None


def _from_the_right(values: list[bytes]) -> Iterator[str]:
    # Neither an address nor a port holds a comma. Looking for quotes from the left instead would
    # let a client that opens one swallow what the proxy wrote behind it.
    for value in reversed(values):
        rest, comma = value, b","
        while comma:
            rest, comma, last = rest.rpartition(b",")
            yield last.decode("latin-1").strip(" \t")


def _node_of(element: str) -> str:
    pairs = [pair.partition("=") for pair in element.split(";")]
    nodes = [node for name, _, node in pairs if name.strip(" \t").lower() == "for"]
    return nodes[0].strip(" \t") if len(nodes) == 1 else ""


def _address(text: str) -> Address | None:
    """An address with or without quotes, brackets, zone and port; None for anything else."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if text.startswith("["):
        text, closed, port = text[1:].partition("]")
        if not closed or (port and not (port.startswith(":") and port[1:].isdigit())):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not port.isdigit():
            return None
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
