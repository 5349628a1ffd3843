"""A visit to everything that a server has, with a canary in every place that a client can fill.

`Tour` speaks HTTP and WebSocket as `raw_client` does, and keeps what it was answered: what went to
a member, and what anybody could have got.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from support.people.canaries import Canaries, Kind, Place
from support.people.raw_client import PATIENCE, Line, Member, Message, Room, charter
from websockets.asyncio.client import ClientConnection, connect

from ephemeral.protocol.encoding import b64decode, b64encode

# Other addresses of this machine than the server's own, which it may print.
ADDRESSES = ("127.0.0.77", "127.0.0.78", "127.0.0.79")
FORWARDED = "2001:db8:c0de:77aa:1d3f:9b52:6e88:a4c1"
FORWARDED_4 = "203.0.113.177"


# What every answer has to say to a browser, by its type; none may be kept but what is named by a
# digest. The values are in tests/page/test_pages.py.
OF_ALL = {"x-content-type-options", "cross-origin-resource-policy"}
OF_TYPE = {
    "application/json": OF_ALL | {"referrer-policy", "content-security-policy"},
    "text/html; charset=utf-8": OF_ALL
    | {"referrer-policy", "content-security-policy", "permissions-policy", "cache-control"}
    | {"cross-origin-opener-policy", "cross-origin-embedder-policy"},
}


def lacking(head: bytes) -> set[str]:
    """What the head of an answer doesn't say to a browser that may show or run it."""
    lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    said = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    return OF_TYPE.get(said.get("content-type", ""), OF_ALL) - set(said)


class Tour:
    """Everything that was asked and answered. `url` and `ws_url` as those of a `Program`."""

    def __init__(self, url: str, ws_url: str, canaries: Canaries) -> None:
        self.canaries = canaries
        self.ws_url = ws_url
        self.public: list[Place] = []
        self.private: list[Place] = []
        self.heads: list[tuple[str, bytes]] = []
        self.codes: set[str] = set()
        self.operations: set[tuple[str, str, int]] = set()
        self.frames: set[str] = set()
        for address in (*ADDRESSES, FORWARDED, FORWARDED_4):
            canaries.watch(f"the address {address}", address)
        self.api = httpx.AsyncClient(
            base_url=url,
            timeout=PATIENCE,
            transport=httpx.AsyncHTTPTransport(local_address=ADDRESSES[0]),
            headers=self.headers("every request"),
            event_hooks={"response": [self._answered]},
        )

    def headers(self, name: str) -> dict[str, str]:
        """Everything that a client, or a proxy for it, may say about itself."""
        text = self.canaries.text
        return {
            "User-Agent": f"Mozilla/5.0 {text(f'user agent of {name}')}",
            "Referer": f"https://{text(f'referrer of {name}')}.example/?q=1",
            "Origin": f"https://{text(f'origin of {name}')}.example",
            "Cookie": f"session={text(f'cookie of {name}')}",
            "From": f"{text(f'from of {name}')}@example.org",
            "Via": f"1.1 {text(f'via of {name}')}",
            "Accept-Language": f"{text(f'language of {name}')[:8]}, de",
            "If-None-Match": f'"{text(f"etag of {name}")}"',
            "X-Request-Id": text(f"request id of {name}"),
            "Traceparent": f"00-{text(f'trace of {name}')}-00",
            "X-Real-IP": FORWARDED_4,
            "X-Forwarded-For": f"{FORWARDED_4}, {FORWARDED}",
            "X-Forwarded-Host": f"{text(f'forwarded host of {name}')}.example",
            "Content-Disposition": f'form-data; filename="{text(f"file of {name}")}.pdf"',
        }

    # --- who takes part -----------------------------------------------------------------------

    def room(self, **fields: int) -> Room:
        """A room that isn't made yet: its locator is a secret, its charter is stored."""
        room = Room(self.api, self.ws_url)
        room.locator = b64encode(self.canaries.secret("locator", 32))
        nonce = self.canaries.secret("nonce of a charter", 32, Kind.KEPT)
        made = b64decode(charter(**fields))
        room.charter = b64encode(made[:2] + nonce + made[34:])
        room.mac = b64encode(self.canaries.secret("mac of a charter", 32, Kind.KEPT))
        return room

    def member(self, room: Room) -> Member:
        """Somebody who has no seat yet."""
        member = Member(room)
        member.token = b64encode(self.canaries.secret("token", 32))
        return member

    def message(self, size: int = 512, *, attachment: bool = False) -> Message:
        """A message to be posted, perhaps with an attachment."""
        message = Message()
        message.id = b64encode(self.canaries.secret("message", 16, Kind.KEPT))
        message.envelope = b64encode(self.canaries.secret("envelope", size, Kind.SEALED))
        if attachment:
            message.attachment = b64encode(self.canaries.secret("attachment", 16, Kind.KEPT))
            message.chunk = self.canaries.secret("chunk", 65_552, Kind.SEALED)
        return message

    def wrong(self) -> str:
        """32 bytes that are nobody's."""
        return b64encode(self.canaries.secret("wrong proof", 32))

    def profile(self) -> str:
        """An encrypted profile."""
        return b64encode(self.canaries.secret("profile", 256, Kind.SEALED))

    # --- listening ----------------------------------------------------------------------------

    async def _answered(self, response: httpx.Response) -> None:
        await response.aread()
        request = response.request
        path = request.url.path
        head = b"\r\n".join(name + b": " + value for name, value in response.headers.raw)
        said = f"{request.method} {response.status_code}"
        self.heads.append((said, head))
        place = Place(said, head + response.content)
        of_a_room = response.is_success and path.startswith("/room")
        (self.private if of_a_room else self.public).append(place)
        if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
            numbered = ("{i}" if one.isdecimal() else one for one in path.split("/"))
            template = "/".join("{id}" if len(one) == 22 else one for one in numbered)
            self.operations.add((request.method, template, response.status_code))
        elif response.content and response.headers["content-type"] == "application/json":
            self.codes.add(response.json()["error"]["code"])

    @asynccontextmanager
    async def line(self, query: str = "", member: Member | None = None) -> AsyncIterator[Line]:
        """A socket; with `member` it was welcomed."""
        async with connect(
            self.ws_url + query,
            additional_headers={
                name: value
                for name, value in self.headers("a socket").items()
                if name not in {"User-Agent", "Origin"}
            },
            user_agent_header=self.canaries.text("user agent of a socket"),
            origin=f"https://{self.canaries.text('origin of a socket')}.example",
            subprotocols=["ephemeral.v1", self.canaries.text("subprotocol")],
            local_addr=(ADDRESSES[1], 0),
            max_size=None,
            ping_interval=None,
            proxy=None,
        ) as socket:
            line = _Heard(socket, self)
            if member is not None:
                assert (await line.ask("hello", **member.greeting))["type"] == "welcome"
            yield line

    def hear(self, text: str) -> None:
        """Keep what a socket was told."""
        for frame in json.loads(text):
            if frame["type"] == "error":
                self.codes.add(frame["error"]["code"])
                self.public.append(Place("an error frame", json.dumps(frame).encode()))
            else:
                self.private.append(Place(f"a frame {frame['type']}", json.dumps(frame).encode()))


class _Ear:
    """A connection, overheard."""

    def __init__(self, socket: ClientConnection, tour: Tour) -> None:
        self._socket = socket
        self._tour = tour

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    async def recv(self) -> str:
        text = str(await self._socket.recv())
        self._tour.hear(text)
        return text


class _Heard(Line):
    """A line of the tour."""

    def __init__(self, socket: ClientConnection, tour: Tour) -> None:
        super().__init__(_Ear(socket, tour))  # type: ignore[arg-type]
        self._tour = tour

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        answer = await super().ask(kind, **fields)
        if answer["type"] != "error":
            self._tour.frames.add(kind)
        return answer
