"""How a command ends: exit codes, and the errors that lead to them. docs/cli.md has the same table.

Sentences are written for a person who has never seen this program's inside, and hold nothing
secret: no code, key, token, text or name.
"""

from enum import IntEnum

from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.session_events import Ended

__all__ = ["MEANINGS", "ClientError", "Exit", "ended_error", "exit_code_of", "unreachable", "usage"]


class Exit(IntEnum):
    """Exit codes. 128 + n means: ended by signal n."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NETWORK = 3
    NOTHING = 4
    FATE = 5
    OUTPUT = 6
    DIFFERENT = 7
    FAULT = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


#: What each code means, in the words of docs/cli.md.
MEANINGS: dict[Exit, str] = {
    Exit.OK: "it was done",
    Exit.REFUSED: "the server, or this program for your safety, said no",
    Exit.USAGE: "the command, the code or the text was not usable",
    Exit.NETWORK: "the server could not be reached, or is too busy",
    Exit.NOTHING: "nothing is there to be read",
    Exit.FATE: "the message met another fate than the one waited for",
    Exit.OUTPUT: "the output could not be written; the message was given back unread",
    Exit.DIFFERENT: "what is served is not what was released",
    Exit.FAULT: "a fault in this program",
    Exit.HUNG_UP: "the terminal went away",
    Exit.INTERRUPTED: "interrupted (Ctrl-C)",
    Exit.TERMINATED: "terminated",
}

# Refusals that say: not now.
_BUSY = {"too_many", "login_wait", "unavailable", "internal"}
# Refusals of what the person gave.
_INPUT = {
    "code_word",
    "code_length",
    "link_form",
    "link_suite",
    "link_salt",
    "content_size",
    "content_field",
    "content_json",
    "profile_json",
    "address_form",
    "password_length",
    "device_name",
    "invitation_form",
}


class ClientError(Exception):
    """A command can't go on. `code` is stable and for programs, the message is for people."""

    def __init__(self, status: Exit, code: str, message: str, *, state: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.state = state


def usage(message: str) -> ClientError:
    """The command line or its input is not usable."""
    return ClientError(Exit.USAGE, "usage", message)


def unreachable(message: str) -> ClientError:
    """The server can't be reached, or what answers is no such server."""
    return ClientError(Exit.NETWORK, "unreachable", message)


def exit_code_of(refusal: Refusal) -> Exit:
    """The exit code for a refusal, of the server or of this program."""
    if refusal.code in _BUSY:
        return Exit.NETWORK
    return Exit.USAGE if refusal.code in _INPUT else Exit.REFUSED


def ended_error(ended: Ended) -> ClientError:
    """Why a session is over, as an error."""
    if ended.reason in _ENDINGS:
        status, code, message = _ENDINGS[ended.reason]
        return ClientError(status, code, message)
    refusal = ended.refusal or Refusal(ended.reason)
    return ClientError(exit_code_of(refusal), refusal.code, refusal.message)


_ENDINGS = {
    "left": (Exit.REFUSED, "left", "The seat was given up."),
    "destroyed": (Exit.FATE, "room_destroyed", "The room was destroyed, and all that was in it."),
    "expired": (Exit.FATE, "room_expired", "The room has expired, and all that was in it."),
    "room_unknown": (Exit.REFUSED, "room_unknown", Refusal("room_unknown").message),
    "seat_lost": (Exit.REFUSED, "seat_unknown", Refusal("seat_unknown").message),
    "taken_over": (
        Exit.REFUSED,
        "taken_over",
        "This seat is used by a newer connection, which took over.",
    ),
    "charter_changed": (
        Exit.REFUSED,
        "charter_mac",
        "The server shows other rules for this room than those its creator wrote. It was left.",
    ),
    "malformed": (
        Exit.REFUSED,
        "malformed",
        "The server does not keep to the protocol. The conversation was ended.",
    ),
}
