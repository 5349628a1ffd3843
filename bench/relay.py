"""The yardstick: a bare Starlette relay. Two sockets of a room; what one says, the other hears.

It stores nothing and promises nothing. The benchmark starts it on a port of its own.
"""

import socket
import sys
from collections import defaultdict

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

_rooms: dict[str, set[WebSocket]] = defaultdict(set)


async def relay(websocket: WebSocket) -> None:
    """Pass every text on to the others in the room."""
    await websocket.accept()
    room = _rooms[websocket.path_params["room"]]
    room.add(websocket)
    try:
        while True:
            text = await websocket.receive_text()
            for other in room:
                if other is not websocket:
                    await other.send_text(text)
    except WebSocketDisconnect:
        pass
    finally:
        room.discard(websocket)


def main(port: int) -> None:
    """Serve on loopback as the measured server is served."""
    listener = socket.create_server(("127.0.0.1", port))
    app = Starlette(routes=[WebSocketRoute("/{room}", relay)])
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="error",
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(int(sys.argv[1]))
