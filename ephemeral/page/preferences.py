"""What a client would rather have: the weighted lists of HTTP (RFC 9110, 12.4.2)."""

import re
from collections.abc import Iterable

__all__ = ["weighted"]

# Longer lists are nobody's wish; their rest is not read.
_LENGTH = 1000
_ITEMS = 50

_WEIGHT = re.compile(r"(?i:q)=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def weighted(values: Iterable[bytes]) -> list[tuple[str, int]]:
    """The items of a header, in lower case, each with its weight in thousandths, as given.

    `values` are the header's, each a list. An item whose weight can't be read is left out; other
    parameters than the weight are not looked at.
    """
    text = b",".join(values)[:_LENGTH].decode("latin-1")
    found = []
    for one in text.split(",")[:_ITEMS]:
        item, *parameters = (part.strip(" \t") for part in one.split(";"))
        weight = _weight(parameters)
        if item and weight is not None:
            found.append((item.lower(), weight))
    return found


def _weight(parameters: Iterable[str]) -> int | None:
    """In thousandths; None if it is none."""
    for parameter in parameters:
        if parameter[:2].lower() == "q=":
            matched = _WEIGHT.fullmatch(parameter)
            return None if matched is None else round(float(matched[1]) * 1000)
    return 1000
