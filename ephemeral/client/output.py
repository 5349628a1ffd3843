"""Writing to a file descriptor so that one knows it: a message is acknowledged only after this."""

import asyncio
import os
import stat

from ephemeral.client.exits import ClientError, Exit

__all__ = ["Output", "hold_standard_descriptors", "is_terminal"]

# A pipe that is ready takes so much at once without making its writer wait (POSIX, PIPE_BUF).
_AT_ONCE = 4096


class Output:
    """A file descriptor that takes whole texts. Nothing is buffered on this side of it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def is_terminal(self) -> bool:
        """Whether a person looks at it."""
        return is_terminal(self.descriptor)

    async def write(self, data: bytes) -> None:
        """Write all of `data`; for a file, on to its disk. Raises `ClientError` if that fails.

        However slow the reader of a pipe is, the loop goes on meanwhile.
        """
        try:
            kind = os.fstat(self.descriptor).st_mode
            if stat.S_ISREG(kind):
                _write_file(self.descriptor, data)
                return
            view = memoryview(data)
            while view:
                await _writable(self.descriptor)
                view = view[os.write(self.descriptor, view[:_AT_ONCE]) :]
        except OSError as error:
            reason = error.strerror or "unknown reason"
            message = f"The output could not be written: {reason}."
            raise ClientError(Exit.OUTPUT, "output", message) from None


def is_terminal(descriptor: int) -> bool:
    """Whether a person is at the other end of a descriptor."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _write_file(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


async def _writable(descriptor: int) -> None:
    """Wait until a write to `descriptor` would not block."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_writer(descriptor, ready.set)
    except PermissionError:
        # What can't be watched, such as /dev/null, never blocks.
        return
    try:
        await ready.wait()
    finally:
        loop.remove_writer(descriptor)


def hold_standard_descriptors() -> None:
    """Where one of the three is closed, a file opened later would take its number.

    It is replaced by what can't be used, so that a message that was written nowhere does not
    count as written.
    """
    for descriptor, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)
