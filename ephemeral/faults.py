"""What an operator is told of a fault: its type and its place in the code, never its words.

The message of an exception can quote what a client sent or what was stored, and so can a traceback.
Loggers of this package say sentences of ours; from all other loggers only faults are taken up, and
nothing of them but type and place.
"""

import asyncio
import logging
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["FaultHandler", "install", "place", "record"]

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
    _log.error("Fault: %s at %s", type(error).__name__, place(error))


class FaultHandler(logging.Handler):
    """Writes one line for each record to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write what may be told of this record, if anything."""
        ours = record.name == "ephemeral" or record.name.startswith("ephemeral.")
        error = record.exc_info[1] if record.exc_info else None
        if ours:
            line = record.getMessage()
            if error is not None:
                line = f"{line} ({type(error).__name__} at {place(error)})"
        elif error is not None and record.levelno >= logging.ERROR:
            line = f"Fault: {type(error).__name__} at {place(error)}"
        else:
            return
        # When nobody reads the log any more the service goes on.
        with suppress(OSError):
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the log


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


def install(level: str, loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Make this the only way in which the process speaks of faults. `level`: as LOG_LEVEL."""
    root = logging.getLogger()
    root.handlers[:] = [FaultHandler()]
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
