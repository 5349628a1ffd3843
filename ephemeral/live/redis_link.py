"""How this program connects to Redis, and what is said of it when it can't."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

__all__ = ["LINK_ERRORS", "driving", "is_ending", "name_in_redis", "open_link", "reason"]

#: What a connection ends by that is no fault of this program.
LINK_ERRORS = (RedisError, OSError, TimeoutError)

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 5.0
# Enough to tell deployments apart that share a Redis.
_PREFIX_BYTES = 8


def open_link(url: str) -> Redis:
    """A client that connects when it is first used; raises ValueError if that is no address.

    Nothing is tried twice: what was sent may have had its effect although no answer came.
    """
    return Redis.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_timeout=_ANSWER_SECONDS,
    )


@contextmanager
def driving() -> Iterator[None]:
    """Around what the driver does with a connection; raises LINK_ERRORS when that is gone.

    One that ends at an unlucky moment is a RuntimeError to the driver, or to the loop beneath it.
    """
    try:
        yield
    except RuntimeError:
        raise ConnectionError from None


def is_ending() -> bool:
    """Whether this task was cancelled: while it connects the driver may answer that by an error."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def name_in_redis(deployment: bytes, what: str) -> str:
    """The name of a channel or key of a deployment, which these bytes tell from others.

    The part in braces keeps all names of a deployment on one node of a cluster.
    """
    return f"ephemeral:{{{deployment[:_PREFIX_BYTES].hex()}}}:{what}"


def reason(error: BaseException) -> str:
    """Why Redis can't be had, in words of ours: the driver's hold the address."""
    if isinstance(error, AuthenticationError):
        return "it refuses the user or the password"
    if isinstance(error, NoPermissionError):
        return "its user may not do what is needed"
    if isinstance(error, TimeoutError) or "imeout" in type(error).__name__:
        return "it doesn't answer in time"
    return "it can't be reached"
