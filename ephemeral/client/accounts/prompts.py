"""Secrets and answers of a person: from a descriptor, the environment, or the terminal.

A password or recovery words are never arguments, which every process of the machine may read. The
terminal is read beside the loop, so that Ctrl-C and the signals end a command here as elsewhere.
"""

import asyncio
import os
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from ephemeral.client.context import Context
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.client.secret_input import from_descriptor, told_by_place
from ephemeral.protocol.codes import CodeRefusal
from ephemeral.protocol.errors import Refusal

__all__ = [
    "Secret",
    "asked_secret",
    "asked_words",
    "has_terminal",
    "new_secret",
    "shown_answer",
    "terminal_columns",
]

_LONGEST = 4096
_Read = TypeVar("_Read")


class Secret:
    """Where one secret may come from. `option`: of the descriptor; `words`: what is asked for."""

    def __init__(self, option: str, variable: str, words: str) -> None:
        self.option = option
        self.variable = variable
        self.words = words

    def given(self, context: Context) -> str | None:
        """As a descriptor or the environment has it; None: it is to be asked for."""
        descriptor = getattr(context.args, self.option.replace("-", "_"), None)
        if descriptor is not None:
            return from_descriptor(descriptor, f"the {self.words}")
        return context.environment.get(self.variable) or None


async def asked_secret(context: Context, secret: Secret, prompt: str) -> str:
    """A secret; what is typed isn't shown."""
    given = secret.given(context)
    if given is not None:
        return given
    async with _terminal(secret) as terminal:
        return await terminal.line(prompt, hidden=True)


async def new_secret(
    context: Context, secret: Secret, prompt: str, check: Callable[[str], object]
) -> str:
    """A secret that is new. At the terminal it is typed twice, and again while `check` refuses."""
    given = secret.given(context)
    if given is not None:
        check(given)
        return given
    async with _terminal(secret) as terminal:
        while True:
            first = await terminal.line(prompt, hidden=True)
            try:
                check(first)
            except Refusal as refusal:
                terminal.write(f"{refusal.message} Once more, or Ctrl-C.\n")
                continue
            if await terminal.line("The same again: ", hidden=True) == first:
                return first
            terminal.write("These were two different ones. Once more, or Ctrl-C.\n")


async def asked_words(
    context: Context, secret: Secret, prompt: str, read: Callable[[str], _Read]
) -> _Read:
    """What `read` makes of typed words. At the terminal a wrong one is told by its place."""
    given = secret.given(context)
    if given is not None:
        return read(given)
    async with _terminal(secret) as terminal:
        while True:
            try:
                return read(await terminal.line(prompt, hidden=True))
            except CodeRefusal as refusal:
                terminal.write(f"{told_by_place(refusal)} Once more, or Ctrl-C.\n")
            except Refusal as refusal:
                terminal.write(f"{refusal.message} Once more, or Ctrl-C.\n")


async def shown_answer(prompt: str, otherwise: str) -> str:
    """An answer that is no secret. `otherwise`: what to do where there is no terminal."""
    try:
        async with _opened() as terminal:
            return await terminal.line(prompt, hidden=False)
    except OSError:
        raise usage(otherwise) from None


def has_terminal() -> bool:
    """Whether somebody could be asked."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def terminal_columns(descriptor: int) -> int:
    """How wide a terminal is; 0 if it is none."""
    try:
        return os.get_terminal_size(descriptor).columns
    except OSError:
        return 0


class _Terminal:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    async def line(self, prompt: str, *, hidden: bool) -> str:
        """A line that is typed, without what surrounds it. An empty one is asked for again."""
        while True:
            text = await self._typed(prompt, hidden=hidden)
            if text:
                return text

    async def _typed(self, prompt: str, *, hidden: bool) -> str:
        before = termios.tcgetattr(self._descriptor)
        quiet = [*before]
        if hidden:
            quiet[3] &= ~termios.ECHO
        termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, quiet)
        try:
            # Only now: whoever sees it may type, and nothing of that is shown or lost.
            self.write(prompt)
            await _readable(self._descriptor)
            data = os.read(self._descriptor, _LONGEST)
        finally:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)
            if hidden:
                self.write("\n")
        if not data:
            raise ClientError(Exit.USAGE, "usage", "Nothing was typed.")
        try:
            return data.decode().strip()
        except UnicodeDecodeError:
            raise usage("What was typed is not text.") from None


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


@asynccontextmanager
async def _opened() -> AsyncIterator[_Terminal]:
    descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        yield _Terminal(descriptor)
    finally:
        os.close(descriptor)


@asynccontextmanager
async def _terminal(secret: Secret) -> AsyncIterator[_Terminal]:
    try:
        async with _opened() as terminal:
            yield terminal
    except OSError:
        raise usage(
            f"There is no way to ask for the {secret.words}: set {secret.variable}, "
            f"give --{secret.option} N, or run this in a terminal."
        ) from None
