"""What a form has sent: few fields, short, and from a page of this server."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.types import Scope

from ephemeral.edge.guard import header_values
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["came_from_here", "read_form"]

_MEDIA = b"application/x-www-form-urlencoded"
_BYTES = 8 * 1024
_FIELDS = 8


def came_from_here(scope: Scope) -> bool:
    """Whether a page of this very origin has sent it, as browsers say and pages can't.

    What says neither is no browser, and has no business with forms.
    """
    sites = header_values(scope, b"sec-fetch-site")
    if sites:
        return sites == [b"same-origin"]
    # Browsers from before 2023.
    origins, hosts = header_values(scope, b"origin"), header_values(scope, b"host")
    if len(origins) != 1 or len(hosts) != 1:
        return False
    try:
        return urlsplit(origins[0]).netloc.lower() == hosts[0].lower()
    except ValueError:
        return False


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields by name; refuses whatever no form of ours would send."""
    media = header_values(request.scope, b"content-type")
    essence = media[0].partition(b";")[0].strip().lower() if len(media) == 1 else b""
    refuse(essence != _MEDIA, "unsupported_media", "The body must be that of a form.")
    body = b""
    async for part in request.stream():
        body += part
        refuse(len(body) > _BYTES, "too_large", "This is more than the form holds.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError:
        raise Refusal("malformed") from None
    refuse(len({name for name, _ in pairs}) != len(pairs), "malformed")
    return dict(pairs)
