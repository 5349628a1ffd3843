"""Where the code comes from: a descriptor, the environment, or a prompt. Never from an argument,

which every process of the machine may read, and which the shell keeps in its history.
"""

import getpass
import os
import sys
from collections.abc import Mapping

from ephemeral.client.exits import usage

__all__ = ["CODE_VARIABLE", "typed_code"]

CODE_VARIABLE = "EPHEMERAL_CODE"
_LONGEST = 4096


def typed_code(descriptor: int | None, environment: Mapping[str, str]) -> str:
    """The code or link as it was typed, not yet read. The descriptor wins over the environment."""
    if descriptor is not None:
        return _from_descriptor(descriptor)
    if environment.get(CODE_VARIABLE):
        return environment[CODE_VARIABLE]
    return _from_terminal()


def _from_descriptor(descriptor: int) -> str:
    """The first line, read byte by byte so that what follows is left to whoever reads next."""
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
        raise usage("The code is not text.") from None
    if not text:
        raise usage(f"There is no code on file descriptor {descriptor}.")
    return text


def _from_terminal() -> str:
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise usage(
            f"There is no code: set {CODE_VARIABLE}, give --code-fd N, or run this in a terminal."
        ) from None
    os.close(terminal)
    try:
        text = getpass.getpass("Code or link (not shown): ", stream=None).strip()
    except EOFError:
        raise usage("There is no code.") from None
    finally:
        sys.stderr.flush()
    if not text:
        raise usage("There is no code.")
    return text
