"""The table of operations as the server has it, without a server: for tests that go through it."""

import os
from types import SimpleNamespace

from app import Site
from ephemeral.edge.health import Health
from ephemeral.edge.limiter import Limiter
from ephemeral.edge.metrics_api import MetricsPage
from ephemeral.edge.operations import Operation
from ephemeral.edge.session import SocketRoute
from ephemeral.edge.socket_frames import SocketFrames
from ephemeral.edge.sockets import Sockets
from ephemeral.edge.wing import Wing
from ephemeral.protocol.keys import ARGON2ID
from ephemeral.protocol.limits import PROTOCOL
from ephemeral.rooms.api.actions import RoomActions
from ephemeral.rooms.api.bodies import HelloBody
from ephemeral.rooms.api.callers import RoomCallers
from ephemeral.rooms.api.config import CONFIG_SCHEMAS, rooms_config
from ephemeral.rooms.api.handlers import RoomHandlers
from ephemeral.rooms.api.operations import room_operations
from ephemeral.rooms.wing import SOCKET_PATH
from ephemeral.routes import operations_of, page_routes, wing_routes
from ephemeral.settings import Settings

_SETTINGS = Settings.parse({})
# Nothing is asked of them: the table is read, not served.
_NO_ROOMS = SimpleNamespace(authenticate=None)

CALLERS = RoomCallers.of(_NO_ROOMS)
ACTIONS = RoomActions.of(_SETTINGS)
ROOM_OPERATIONS = room_operations(RoomHandlers(_NO_ROOMS, None, None), None, CALLERS, ACTIONS)
SOCKET = SocketRoute(
    name="listen",
    path=SOCKET_PATH,
    protocol=PROTOCOL,
    caller=CALLERS.member,
    operations=ROOM_OPERATIONS,
    session=None,
    hello=HelloBody,
)
_WING = Wing(
    operations=ROOM_OPERATIONS,
    sockets=[SOCKET],
    config=rooms_config(_SETTINGS, ARGON2ID, bytes(32)),
    config_schemas=CONFIG_SCHEMAS,
)

#: All that is served under an address of its own.
OPERATIONS: tuple[Operation, ...] = tuple(operations_of([_WING], lambda: 0))

FRAMES = SocketFrames(SOCKET)
#: The types of all frames that a client may send.
FRAME_TYPES = {"hello", "ping", *(kind.__struct_config__.tag for kind in FRAMES.operations)}


def served_paths() -> list[str]:
    """Every path that a server has, metrics among them."""
    site = Site(_SETTINGS)
    limiter = Limiter(_SETTINGS, os.urandom, lambda: 0.0)
    routes = wing_routes(
        [_WING],
        None,
        Sockets(_SETTINGS, os.urandom, site.verdict, limiter),
        limiter,
        Health(None),
        lambda: 0,
        "",
        "0",
        MetricsPage("token"),
    )
    return [route.path for route in (*page_routes(site.pages, site.files), *routes)]
