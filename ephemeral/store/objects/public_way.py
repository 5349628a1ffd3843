"""Whether the largest part of a file comes through whatever stands in front of the server."""

import json
from collections.abc import Callable

import httpx

from ephemeral.store.objects.addresses import Addresses

__all__ = ["LARGEST", "WayBlocked", "try_way"]

#: The largest object that browsers store: 8 MiB of a file, 32 tags and a salt.
LARGEST = 8 * 2**20 + 32 * 16 + 16
# What fronts are often set to, the smallest first.
_STEPS = (64 * 1024, 2**20, 2 * 2**20, 4 * 2**20)
_SECONDS = 120
_SETTINGS = (
    "nginx: client_max_body_size 9m; Caddy: request_body max_size 9MiB; Traefik: "
    "maxRequestBodyBytes 9437184; the ingress: proxy-body-size 9m; for the path /objects/"
)


class WayBlocked(Exception):
    """It doesn't; the message is for the operator."""


async def try_way(
    url: str, addresses: Addresses, prefix: str, random: Callable[[int], bytes]
) -> None:
    """Store the largest object through this address, and read it again. Raises WayBlocked."""
    async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as http:
        body = random(LARGEST)
        why = await _stored(http, url, addresses, f"{prefix}0", body)
        if why is not None:
            passed = 0
            for number, step in enumerate(_STEPS, 1):
                if await _stored(http, url, addresses, f"{prefix}{number}", body[:step]) is None:
                    passed = step
            if passed:
                raise WayBlocked(
                    f"{url} lets {passed // 1024} KiB pass, but not {LARGEST} bytes ({why}): a "
                    f"limit of a proxy in front. {_SETTINGS}."
                )
            raise WayBlocked(f"Nothing can be stored through {url}: {why}.")
        try:
            get = addresses.get(f"{prefix}0")
            part = await http.get(f"{url}{get.url}", headers={"range": "bytes=1000000-1000099"})
            whole = await http.get(f"{url}{get.url}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise WayBlocked(f"{url} gives nothing back ({type(error).__name__}).") from None
        if (part.status_code, part.content) != (206, body[1_000_000:1_000_100]):
            raise WayBlocked(f"{url} gives no parts of what is stored (status {part.status_code}).")
        if (whole.status_code, whole.content) != (200, body):
            raise WayBlocked(f"{url} gives other bytes than were stored.")


async def _stored(
    http: httpx.AsyncClient, url: str, addresses: Addresses, key: str, body: bytes
) -> str | None:
    """None where it was, else why not, in words without the address."""
    put = addresses.put(key, len(body))
    try:
        answer = await http.put(f"{url}{put.url}", content=body, headers=dict(put.headers))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the connection was broken off, {type(error).__name__}"
    if answer.is_success:
        return None
    code = _code(answer)
    if code == "object_address":
        return (
            "the server refuses the address: another deployment's, another KEYRING_DIR, a clock "
            "that is far off, or a proxy that changes the path or the headers"
        )
    if code is not None:
        return f"the server refuses it as {code}"
    return f"status {answer.status_code} of something that isn't this server"


def _code(answer: httpx.Response) -> str | None:
    try:
        code = answer.json()["error"]["code"]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return None
    return code if isinstance(code, str) and code.isidentifier() and len(code) < 40 else None
