"""Refusals as they are told: a body over HTTP, a frame on a socket (docs/protocol.md, 10)."""

import msgspec
from msgspec import UNSET

from ephemeral import metrics
from ephemeral.edge.error_objects import ErrorBody, ErrorObject
from ephemeral.protocol.errors import Refusal

__all__ = ["error", "error_frame"]

_encode = msgspec.json.Encoder().encode


def error(refusal: Refusal) -> bytes:
    """The body that tells a refusal; counts it for the metrics."""
    metrics.refused(refusal.code)
    return _encode(
        ErrorBody(
            error=ErrorObject(
                code=refusal.code,
                message=refusal.message,
                retry_after=refusal.retry_after,
                state=UNSET if refusal.state is None else refusal.state,
                now=UNSET if refusal.now is None else refusal.now,
                details=UNSET if refusal.details is None else dict(refusal.details),
            )
        )
    )


def error_frame(ref: int | None, refusal: Refusal) -> bytes:
    """The frame that refuses the request with this `ref`, or says why the socket closes (11.4)."""
    return b'{"type":"error","ref":%b,%b' % (
        b"null" if ref is None else b"%d" % ref,
        error(refusal)[1:],
    )
