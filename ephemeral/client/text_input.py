"""Input that a command needs as a whole: the text of a message, an answer to be decrypted."""

import os
from pathlib import Path

from ephemeral.client.exits import usage
from ephemeral.protocol.limits import CONTENT_MAX

__all__ = ["read_all", "read_bytes", "read_text"]

# More than any answer that is given to these commands.
_LARGEST = 1024 * 1024


def read_bytes(path: Path) -> bytes:
    """A file."""
    try:
        with path.open("rb") as source:
            return source.read(_LARGEST)
    except OSError as error:
        raise usage(f"{path} can't be read: {error.strerror or 'unknown reason'}.") from None


def read_all(descriptor: int) -> bytes:
    """A descriptor to its end. It stays open."""
    try:
        with os.fdopen(os.dup(descriptor), "rb") as source:
            return source.read(_LARGEST)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise usage(f"Standard input can't be read: {reason}.") from None


def read_text(path: Path | None, descriptor: int) -> str:
    """The text of a message, of a file or else of a descriptor. Nothing is trimmed."""
    data = read_all(descriptor) if path is None else read_bytes(path)
    if len(data) > CONTENT_MAX:
        raise usage(f"The text is too long: a message has room for about {CONTENT_MAX} bytes.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise usage("The text is not UTF-8.") from None
    if not text:
        raise usage("There is no text to send.")
    return text
