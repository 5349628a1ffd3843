"""Links that carry a code in their fragment: docs/protocol.md, 2.4 and 4.3."""

import hashlib
import re

from ephemeral.protocol.cleaning import Cleaned, clean, is_separator, pieces
from ephemeral.protocol.codes import read_words
from ephemeral.protocol.errors import refuse
from ephemeral.protocol.limits import SEAT_SECRET_SIZE

__all__ = [
    "LINK_TEXT_MAX",
    "address_before",
    "has_link",
    "is_link",
    "make_link",
    "make_return_link",
    "read_link",
    "read_return_link",
]

#: UTF-8 bytes of a text beyond which nobody looks for a link in it.
LINK_TEXT_MAX = 2048

_LINK = re.compile(r"#([1-9][0-9]{0,2})\.([0-9a-f]{8})\.([a-z-]*)", re.ASCII)
_SEAT = re.compile(r"\.([0-9a-f]{32})", re.ASCII)
_FIELD = re.compile(r"\.[0-9a-z]", re.ASCII)

_WRONG_FORM = "This is not a complete link to a room."
_WRONG_SUITE = "This link was made for another way of deriving keys than this server's."
_WRONG_SALT = "This link was made for another server."


def _salt_tag(salt: bytes) -> str:
    return hashlib.sha256(salt).hexdigest()[:8]


def make_link(page: str, suite: int, salt: bytes, code: str) -> str:
    """`page` is the address of the page that opens rooms, without a fragment; `code` canonical."""
    assert "#" not in page, "a page address has no fragment of its own"
    return f"{page}#{suite}.{_salt_tag(salt)}.{code}"


def make_return_link(page: str, suite: int, salt: bytes, code: str, seat_secret: bytes) -> str:
    """The link that leads back to a seat, whose secret has 16 bytes; as `make_link` else."""
    assert len(seat_secret) == SEAT_SECRET_SIZE, "a seat's secret has 16 bytes"
    return f"{make_link(page, suite, salt, code)}.{seat_secret.hex()}"


def _cleaned(text: str) -> Cleaned | None:
    """None where the text is too long to be looked into."""
    too_long = len(text.encode("utf-8", "surrogatepass")) > LINK_TEXT_MAX
    return None if too_long else clean(text)


def is_link(text: str) -> bool:
    """Whether `read_link` is to read what a person typed or pasted, and not `read_code`."""
    cleaned = _cleaned(text)
    return cleaned is not None and "#" in cleaned.text


def has_link(text: str) -> bool:
    """Whether something of a link's form stands in a text of whatever length."""
    return _LINK.search(clean(text).text) is not None


def address_before(text: str) -> str | None:
    """The address of the page that the first link of a text points to; None where it has none."""
    cleaned = _cleaned(text)
    match = None if cleaned is None else _LINK.search(cleaned.text)
    if cleaned is None or match is None:
        return None
    scheme, mark, rest = cleaned.cased[: match.start()].rpartition("://")
    name = re.search(r"https?\Z", scheme, re.IGNORECASE | re.ASCII)
    if not mark or name is None or " " in rest:
        return None
    return f"{name[0].lower()}://{rest}"


def read_link(text: str, suite: int, salt: bytes) -> str:
    """The canonical code of the link in a text, or of a fragment alone with the `#`.

    Refusals in this order: `link_form`, `link_suite`, `link_salt`, then those of a code. Several
    links in one text must be the same.
    """
    return _read(text, suite, salt, back=False)[0]


def read_return_link(text: str, suite: int, salt: bytes) -> tuple[str, bytes]:
    """Code and seat's secret of the return link in a text; else as `read_link`."""
    code, secret = _read(text, suite, salt, back=True)
    return code, bytes.fromhex(secret)


def _read(text: str, suite: int, salt: bytes, *, back: bool) -> tuple[str, str]:
    """Code and, of a link that leads back to a seat, the secret in hexadecimal."""
    cleaned = _cleaned(text)
    refuse(cleaned is None, "link_form", _WRONG_FORM)
    assert cleaned is not None
    found = list(_LINK.finditer(cleaned.text))
    codes = [pieces(cleaned.part(*match.span(3))) for match in found]
    secrets = [_SEAT.match(cleaned.text, match.end()) if back else None for match in found]
    told = {
        (match[1], match[2], seat and seat[1], *(piece.word for piece in code))
        for match, code, seat in zip(found, codes, secrets, strict=True)
    }
    ends = [(seat or match).end() for match, seat in zip(found, secrets, strict=True)]
    complete = all(codes) and all(_ends(cleaned.text, end) for end in ends)
    complete = complete and (not back or all(secrets))
    refuse(len(told) != 1 or not complete, "link_form", _WRONG_FORM)
    refuse(found[0][1] != str(suite), "link_suite", _WRONG_SUITE)
    refuse(found[0][2] != _salt_tag(salt), "link_salt", _WRONG_SALT)
    seat = secrets[0]
    return read_words(text, codes[0]), "" if seat is None else seat[1]


def _ends(text: str, at: int) -> bool:
    """Whether a code may end here: what follows is no letter, and no further field."""
    parted = at == len(text) or is_separator(text[at])
    return parted and _FIELD.match(text, at) is None
