"""Where the code comes from: a descriptor, the environment, or a prompt. Never from an argument,

which every process of the machine may read, and which the shell keeps in its history.

What is typed at the prompt is not shown, and so neither is a wrong word of it: it is told by its
place.
"""

import getpass
import os
import sys
from collections.abc import Mapping

from ephemeral.client.exits import usage
from ephemeral.protocol.codes import CodeRefusal, read_code

__all__ = ["CODE_VARIABLE", "from_descriptor", "is_prompted", "told_by_place", "typed_code"]

CODE_VARIABLE = "EPHEMERAL_CODE"
_LONGEST = 4096


def typed_code(descriptor: int | None, environment: Mapping[str, str]) -> str:
    """The code or link as it was typed, not yet read. The descriptor wins over the environment."""
    if descriptor is not None:
        return from_descriptor(descriptor, "the code")
    if is_prompted(descriptor, environment):
        return _from_terminal()
    return environment[CODE_VARIABLE]


def is_prompted(descriptor: int | None, environment: Mapping[str, str]) -> bool:
    """Whether the code is typed at the prompt, where nobody sees it."""
    return descriptor is None and not environment.get(CODE_VARIABLE)


def told_by_place(refusal: CodeRefusal) -> str:
    """What is wrong with a code, without its word, nor the one that may have been meant."""
    if refusal.position is None:
        return refusal.message
    return f"Word {refusal.position} is not in the list."


def from_descriptor(descriptor: int, what: str) -> str:
    """The first line, read byte by byte so that what follows is left to whoever reads next.

    `what`: how a sentence names it.
    """
    line = bytearray()
    try:
        while len(line) < _LONGEST:
            byte = os.read(descriptor, 1)
            if byte in {b"", b"\n"}:
                break
            line += byte
    except OSError:
        raise usage(f"File descriptor {descriptor} can't be read.") from None
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise usage(f"{what.capitalize()} on file descriptor {descriptor} is not text.") from None
    if not text:
        raise usage(f"File descriptor {descriptor} has not {what}.")
    return text


def _from_terminal() -> str:
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise usage(
            f"There is no code: set {CODE_VARIABLE}, give --code-fd N, or run this in a terminal."
        ) from None
    try:
        while (refusal := _misread(text := _prompted())) is not None:
            os.write(terminal, f"{told_by_place(refusal)} Once more, or Ctrl-C.\n".encode())
    finally:
        os.close(terminal)
    return text


def _prompted() -> str:
    try:
        text = getpass.getpass("Code or link (not shown): ", stream=None).strip()
    except EOFError:
        raise usage("There is no code.") from None
    finally:
        sys.stderr.flush()
    if not text:
        raise usage("There is no code.")
    return text


def _misread(text: str) -> CodeRefusal | None:
    """Why a code is none. A link can't be read before its server is known."""
    try:
        if "#" not in text:
            read_code(text)
    except CodeRefusal as refusal:
        return refusal
    return None
