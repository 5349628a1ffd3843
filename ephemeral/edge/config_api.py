"""What the server says about itself: `GET /config` (docs/protocol.md, section 3).

The ground says which protocol is spoken and what time it is; each wing adds its part.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ephemeral.edge.operations import Operation
from ephemeral.protocol.limits import PROTOCOL

__all__ = ["config_operation"]


def config_operation(
    parts: Sequence[Struct], now: Callable[[], int], schemas: tuple[type[Struct], ...] = ()
) -> Operation:
    """The operation that answers with the fields of all `parts`; `now` is in milliseconds.

    `schemas`: types that the parts speak of in words of their own. Raises ValueError if two parts
    have a field of the same name.
    """
    fields: list[Any] = [("protocol", Literal["ephemeral.v1"]), ("now", int)]
    fields += [(one.name, one.type) for part in parts for one in msgspec.structs.fields(part)]
    names = [name for name, _ in fields]
    if len(names) != len(set(names)):
        raise ValueError("two wings add the same field to the configuration")
    answer = msgspec.defstruct("ConfigAnswer", fields)
    answer.__doc__ = "Everything a client must know before it derives a key."
    added = {
        one.name: getattr(part, one.name) for part in parts for one in msgspec.structs.fields(part)
    }
    encode = msgspec.json.Encoder().encode

    async def config(_caller: None, _body: None) -> bytes:
        return encode(answer(protocol=PROTOCOL, now=now(), **added))

    return Operation(
        method="GET",
        path="/config",
        name="readConfig",
        summary="Read how keys are derived here, and what is allowed",
        handler=config,
        answers={200: answer},
        schemas=schemas,
    )
