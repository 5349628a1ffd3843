"""For probes: whether the process answers, and whether it can serve."""

import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["Health"]


class Health:
    """`ready` tells the state of each part, or raises what keeps from serving."""

    def __init__(self, ready: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
        self._ready = ready

    async def alive(self, _request: Request) -> Response:
        """The process answers."""
        return _json({"status": "alive"})

    async def ready(self, _request: Request) -> Response:
        """The process can serve; `unavailable` otherwise."""
        return _json({"status": "ready", **await self._ready()})


def _json(value: Mapping[str, str]) -> Response:
    return Response(json.dumps(value), media_type="application/json")
