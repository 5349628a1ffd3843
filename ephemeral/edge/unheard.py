"""What stands where uvicorn keeps a queue and an event for ASGI, once a socket's wire is owned.

From then on nobody asks by ASGI what has come, or whether the peer reads. Of what an idle socket
takes in memory the two would be a sixth.
"""

from typing import Any

__all__ = ["UNHEARD"]


class _Unheard:
    """Is told everything, and holds nothing: one for all sockets."""

    def put_nowait(self, event: Any) -> None:
        """Something has come."""

    def set(self) -> None:
        """The peer reads."""

    def clear(self) -> None:
        """The peer doesn't read."""

    async def wait(self) -> None:
        """Until the peer reads: whoever would send by ASGI now doesn't wait for that."""


UNHEARD: Any = _Unheard()
