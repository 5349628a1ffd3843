"""A wing: one capability of the server, as the composition root sees it.

`app.py` opens each wing that the settings enable on the common `Ground`, and gets one `Wing` of
each: all that is served, runs, is measured and is asked. Nothing of the ground names a wing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from prometheus_client import Gauge
from starlette.routing import BaseRoute

from ephemeral.edge.limiter import Limiter
from ephemeral.edge.operations import Operation
from ephemeral.edge.session import SocketRoute

if TYPE_CHECKING:
    from ephemeral.live.bus import Bus
    from ephemeral.sealing.keyring import Keyring
    from ephemeral.settings import Settings
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Pool

__all__ = ["Figure", "Ground", "Standing", "Wing"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What wings stand on. `worker`: 16 bytes that name this process among all.

    `random` makes so many random bytes. `fault` is told of exceptions nobody expected.
    `objects`: where large ones lie.
    """

    settings: Settings
    pool: Pool
    keyring: Keyring
    bus: Bus
    worker: bytes
    random: Callable[[int], bytes]
    fault: Callable[[BaseException], None]
    objects: Objects


class Figure(NamedTuple):
    """How many there are of something at this moment, and what it is called; about nobody."""

    name: str
    value: int


Figures = Callable[[], Awaitable[Sequence[Figure]]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the whole server stands, for whoever may know, and what documents are made with.

    `ready` tells the state of each part, or raises what keeps from serving; `figures` those of all
    wings. `render` makes a document of the template of this name.
    """

    ready: Callable[[], Awaitable[Mapping[str, str]]]
    figures: Figures
    render: Callable[[str, Mapping[str, object]], bytes]
    limiter: Limiter
    base_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wing:
    """What one capability adds.

    `background`: run, by name, from when everything is open until the server stops. `gauges`: what
    the metrics read when somebody asks. `ready`: what keeps this wing from serving is raised as
    `unavailable`. `config`: its part of `GET /config`. `figures`: counts for operators.
    `documents`: what it serves to people beside the page, made once everything stands.
    """

    operations: Sequence[Operation] = ()
    sockets: Sequence[SocketRoute] = ()
    background: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    gauges: Mapping[Gauge, Callable[[], float]] = field(default_factory=dict)
    ready: Callable[[], Awaitable[None]] | None = None
    config: Struct | None = None
    config_schemas: tuple[type[Struct], ...] = ()
    figures: Figures | None = None
    documents: Callable[[Standing], Sequence[BaseRoute]] | None = None
