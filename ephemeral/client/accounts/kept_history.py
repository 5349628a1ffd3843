"""What this device keeps of history for a new device: promised to others, or awaited by itself."""

from dataclasses import dataclass

from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import Json, read_boolean, read_integer

__all__ = ["DAY_MS", "Awaited", "Promise", "read_awaited", "read_promise", "read_since"]

DAY_MS = 86_400_000


@dataclass(slots=True)
class Promise:
    """A device that was let in is to have what came `since`, in milliseconds; 0: everything. `at`:
    when it was promised."""

    since: int
    at: int

    def fields(self) -> dict[str, object]:
        """As JSON."""
        return {"since": self.since, "at": self.at}


@dataclass(slots=True)
class Awaited:
    """What this device is to have. `until`: when it gives up, by the server's clock; `number`: of
    the chunk that comes next; `lines`: how many came; `is_done`: all came, or can't."""

    until: int
    number: int = 0
    lines: int = 0
    is_done: bool = False

    def fields(self) -> dict[str, object]:
        """As JSON."""
        return {
            "until": self.until,
            "number": self.number,
            "lines": self.lines,
            "is_done": self.is_done,
        }


def read_promise(value: object) -> Promise:
    """What `Promise.fields` gave; refuses anything else as malformed."""
    obj = _object(value)
    return Promise(read_integer(obj, "since"), read_integer(obj, "at"))


def read_awaited(value: object) -> Awaited:
    """What `Awaited.fields` gave; refuses anything else as malformed."""
    obj = _object(value)
    until, number, lines = (read_integer(obj, name) for name in ("until", "number", "lines"))
    return Awaited(until, number, lines, read_boolean(obj, "is_done"))


def read_since(registers: Json) -> int | None:
    """From when on a device that was let in is to have history; None: nothing comes."""
    try:
        return read_integer(registers, "history")
    except Refusal:
        return None


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise Refusal("malformed")
    return value
