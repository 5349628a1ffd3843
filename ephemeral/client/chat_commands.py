"""What a person may type in a conversation."""

import re
from typing import NamedTuple

from ephemeral.protocol.limits import TEXT_VIEW_SECONDS

__all__ = ["HELP", "Command", "chosen_view", "is_message", "parse_command"]

HELP = (
    "Type a text and press Enter to send it. Ctrl-J or Alt-Enter begins a new line in it.",
    "Enter alone opens the next message, or closes the open one. Esc closes it too.",
    "/open  /close        the same as commands",
    "/save [FOLDER]       save the oldest file that waits, here or in a folder",
    "/reply TEXT          send a text that quotes the message you read last",
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
    """`/name argument`; the name in lower case, the argument as it was typed."""

    name: str
    argument: str


_COMMAND = re.compile(r"/(\S*)\s?(.*)", re.DOTALL)


def parse_command(line: str) -> Command | str:
    """A command, or the text that is to be sent; empty where the line is."""
    if line.startswith("//"):
        return line[1:]
    command = _COMMAND.fullmatch(line)
    if command is None:
        return line if line.strip() else ""
    return Command(command[1].lower(), command[2])


def is_message(line: str) -> bool:
    """Whether a line, entered as it stands, would send something."""
    match parse_command(line):
        case Command(name="reply", argument=argument):
            return bool(argument.strip())
        case Command():
            return False
        case text:
            return bool(text)


def chosen_view(argument: str) -> int | None:
    """What `/view` asks for: seconds, 0 for until closed, None for the default; else ValueError."""
    low, high = TEXT_VIEW_SECONDS
    choice = argument.strip().lower()
    if choice in {"", "default"}:
        return None
    if choice == "close":
        return 0
    if not (choice.isascii() and choice.isdigit() and low <= int(choice[:4]) <= high):
        raise ValueError
    return int(choice)
