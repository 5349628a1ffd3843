"""What an operator is told of a fault: its type and its place in the code, never its words.

The message of an exception can quote what a client sent or what was stored, and so can a traceback.
Loggers of this package say sentences of ours; from all other loggers only faults are taken up, and
nothing of them but type and place. What is told is a sentence, or one JSON object a line.
"""

import asyncio
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any

from ephemeral import metrics

__all__ = ["FaultHandler", "install", "line", "place", "record"]

#: A fault that is met again and again is written so seldom.
AGAIN_SECONDS = 60.0

_ROOT = Path(__file__).resolve().parent.parent
_log = logging.getLogger("ephemeral")


def place(error: BaseException) -> str:
    """The line of ours nearest to where `error` was raised, else the line that raised it."""
    found = "an unknown place"
    ours = False
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        path = Path(code.co_filename)
        is_ours = path.is_relative_to(_ROOT) and ".venv" not in path.parts
        if is_ours or not ours:
            name = path.relative_to(_ROOT) if is_ours else path.name
            found = f"{name}:{trace.tb_lineno} in {code.co_name}"
        ours = ours or is_ours
        trace = trace.tb_next
    return found


def record(error: BaseException) -> None:
    """Tell the operator of a fault that nobody expected."""
    kind, where = type(error).__name__, place(error)
    _log.error("Fault: %s at %s", kind, where, extra={"fault": {"type": kind, "place": where}})


def line(form: str, level: str, event: str, sentence: str, **fields: str) -> str:
    """What is written of an event. `form`: as LOG_FORMAT; `fields` stand in the sentence already.

    As JSON: `time` (UTC), `level`, `event` (started, metrics, stopped, fault, note), `message`,
    and the fields.
    """
    if form == "text":
        return sentence
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    told = {"time": now, "level": level, "event": event, "message": sentence, **fields}
    return json.dumps(told)


class FaultHandler(logging.Handler):
    """Writes records to standard error, a line each; `form`: as LOG_FORMAT.

    A fault that every request meets is written once in `AGAIN_SECONDS` by `clock`, and counted.
    """

    def __init__(self, form: str = "text", clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._form = form
        self._clock = clock
        # Of each fault: when it was written, and how often it was met since. They are as many as
        # there are places in the code.
        self._written: dict[str, tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write what may be told of this record, if anything."""
        ours = record.name == "ephemeral" or record.name.startswith("ephemeral.")
        error = record.exc_info[1] if record.exc_info else None
        fields = {}
        if error is not None:
            fields = {"type": type(error).__name__, "place": place(error)}
        if ours:
            sentence = record.getMessage()
            if error is not None:
                sentence = f"{sentence} ({fields['type']} at {fields['place']})"
            fields |= getattr(record, "fault", {})
        elif error is not None and record.levelno >= logging.ERROR:
            sentence = f"Fault: {fields['type']} at {fields['place']}"
        else:
            return
        event = "fault" if sentence.startswith("Fault: ") else "note"
        if event == "fault":
            metrics.FAULTS.inc()
            more = self._unwritten(sentence)
            if more is None:
                return
            sentence += f" ({more} more since the last line)" if more else ""
        told = line(self._form, record.levelname.lower(), event, sentence, **fields)
        # When nobody reads the log any more the service goes on.
        with suppress(OSError):
            print(told, file=sys.stderr, flush=True)  # noqa: T201 - this is the log

    def _unwritten(self, fault: str) -> int | None:
        """How often it was met since it was last written; None if it isn't to be written yet."""
        now = self._clock()
        at, more = self._written.get(fault, (-inf, 0))
        if now - at < AGAIN_SECONDS:
            self._written[fault] = (at, more + 1)
            return None
        self._written[fault] = (now, 0)
        return more


def _unhandled(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    record(error.with_traceback(trace))


def _unhandled_in_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if error is not None:
        record(error)
    else:
        # The loop's own sentence names objects, and their representations hold values.
        _log.error("Fault: reported by the event loop without an exception")


def install(level: str, loop: asyncio.AbstractEventLoop | None = None, form: str = "text") -> None:
    """Make this the only way in which the process speaks of faults.

    `level`: as LOG_LEVEL; `form`: as LOG_FORMAT.
    """
    root = logging.getLogger()
    root.handlers[:] = [FaultHandler(form)]
    root.setLevel(logging.WARNING)
    _log.setLevel(level.upper())
    sys.excepthook = _unhandled
    threading.excepthook = lambda failed: (
        record(failed.exc_value) if failed.exc_value is not None else None
    )
    sys.unraisablehook = lambda failed: (
        record(failed.exc_value) if failed.exc_value is not None else None
    )
    if loop is not None:
        loop.set_exception_handler(_unhandled_in_loop)
