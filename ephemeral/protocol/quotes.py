"""Quotes: words that a message repeats (docs/protocol.md, 8.2).

A quote is what the sender of a message claims that somebody said. Nothing proves it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE, QUOTE_MAX

__all__ = ["Quote", "excerpt", "quote_in", "read_quote"]

_FIELDS = {"text", "author"}


class Quote(NamedTuple):
    """`author`: the member id of whoever is said to have said it; None: it isn't known."""

    text: str
    author: bytes | None

    def __repr__(self) -> str:
        return "Quote()"  # no plaintext in a traceback

    def fields(self) -> dict[str, object]:
        """What stands in the content of a message."""
        return {
            "text": self.text,
            "author": None if self.author is None else b64encode(self.author),
        }


def read_quote(value: object) -> Quote:
    """The quote that a parsed JSON value is; `malformed` for anything else."""
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise Refusal("malformed")
    text, author = value["text"], value["author"]
    if not isinstance(text, str) or not 1 <= len(text) <= QUOTE_MAX:
        raise Refusal("malformed")
    return Quote(text, None if author is None else b64decode(author, ID_SIZE))


def quote_in(content: Mapping[str, object]) -> Quote | None:
    """The quote in the content of a message that was opened; None if there is none."""
    if content["type"] != "text" or "quote" not in content:
        return None
    return read_quote(content["quote"])


def excerpt(text: str) -> str:
    """As much of a message's text as a quote can hold; `…` at the end stands for the rest."""
    return text if len(text) <= QUOTE_MAX else f"{text[: QUOTE_MAX - 1]}…"
