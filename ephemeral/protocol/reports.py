"""What a report may say, for whoever writes it and for whoever takes it (docs/reports.md)."""

from typing import Literal, get_args

__all__ = ["AD_BYTES", "CONTENT_MAX", "MESSAGES_MAX", "REASONS", "TEXT_MAX", "Reason"]

Reason = Literal["spam", "harassment", "threat", "children", "illegal", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)
#: So many messages at most, each with what stood in the clear before it, and so many bytes of
#: content; a text of so many bytes of UTF-8.
MESSAGES_MAX, AD_BYTES, CONTENT_MAX, TEXT_MAX = 10, 122, 49_152, 4_000
