"""Links that carry a code in their fragment: docs/protocol.md, 2.4."""

import hashlib
import re

from ephemeral.protocol.codes import read_code
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["make_link", "read_link"]

_FRAGMENT = re.compile(r"([1-9][0-9]{0,2})\.([0-9a-f]{8})\.([a-z]+(?:-[a-z]+)*)", re.ASCII)

_WRONG_FORM = "This is not a complete link to a room."
_WRONG_SUITE = "This link was made for another way of deriving keys than this server's."
_WRONG_SALT = "This link was made for another server."


def _salt_tag(salt: bytes) -> str:
    return hashlib.sha256(salt).hexdigest()[:8]


def make_link(page: str, suite: int, salt: bytes, code: str) -> str:
    """`page` is the address of the page that opens rooms, without a fragment; `code` canonical."""
    assert "#" not in page, "a page address has no fragment of its own"
    return f"{page}#{suite}.{_salt_tag(salt)}.{code}"


def read_link(text: str, suite: int, salt: bytes) -> str:
    """The canonical code of a link, or of its fragment alone with the `#`.

    Refusals in this order: `link_form`, `link_suite`, `link_salt`, then those of `read_code`.
    What stands before the first `#` is not looked at.
    """
    match = _FRAGMENT.fullmatch(text.partition("#")[2])
    if match is None:
        raise Refusal("link_form", _WRONG_FORM)
    refuse(match[1] != str(suite), "link_suite", _WRONG_SUITE)
    refuse(match[2] != _salt_tag(salt), "link_salt", _WRONG_SALT)
    return read_code(match[3])
