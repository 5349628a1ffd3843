"""What a person may type in a conversation."""

from typing import NamedTuple

__all__ = ["HELP", "Command", "parse_command"]

HELP = (
    "Type a text and press Enter to send it. Ctrl-J or Alt-Enter begins a new line in it.",
    "Enter alone opens the next message, or closes the open one. Esc closes it too.",
    "/open  /close        the same as commands",
    "/view SECONDS        how long your next messages stay readable: 5 to 300, close, default",
    "/who                 who is here, and how the room stands",
    "/lock  /unlock       admit nobody new, or again",
    "/typing on|off       whether others see that you type",
    "/leave               give the seat up and end (forgets a seat kept by --seat)",
    "/quit                end; a seat kept by --seat stays yours for a minute",
    "/destroy             destroy the room and everything in it, for everyone, at once",
    "A text that begins with / is sent by doubling it: //like this.",
)


class Command(NamedTuple):
    """`/name argument`."""

    name: str
    argument: str


def parse_command(line: str) -> Command | str:
    """A command, or the text that is to be sent; empty where the line is."""
    if line.startswith("//"):
        return line[1:]
    if not line.startswith("/"):
        return line if line.strip() else ""
    name, _, argument = line[1:].partition(" ")
    return Command(name.strip().lower(), argument.strip().lower())
