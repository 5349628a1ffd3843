"""The way into a room: the server's configuration, the code, the keys, the charter; then a session.

The charter is verified before a seat is taken (docs/protocol.md, 5.3).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ephemeral.client.exits import ClientError, Exit
from ephemeral.client.seat_file import Seat
from ephemeral.client.transport import Server
from ephemeral.protocol.charter import Charter, verify_charter
from ephemeral.protocol.codes import doubtful_words, read_code
from ephemeral.protocol.config import Config
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import PBKDF2, RoomKeys
from ephemeral.protocol.links import address_before, is_link, read_link, read_return_link
from ephemeral.protocol.objects import Json, Room, read_room
from ephemeral.protocol.session import Session

__all__ = [
    "Derive",
    "Entry",
    "accepted",
    "address_in_link",
    "canonical_code",
    "enter",
    "entered",
    "room_keys",
]

#: The root of a room from its code, the suite and the salt: `keys.derive_root`, or what a test has.
Derive = Callable[[str, int, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """A room that was found, and whose charter is its creator's. No seat is taken yet."""

    server: Server
    config: Config
    keys: RoomKeys
    room: Room
    charter: Charter

    async def ask(
        self,
        method: str,
        path: str,
        seat: Seat | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Json:
        """The answer to a request about this room, with the credentials that it needs."""
        token = None if seat is None else seat.token
        locator = self.keys.locator
        return await self.server.ask(method, path, locator=locator, token=token, body=body)

    def session(
        self, seat: Seat, random: Callable[[int], bytes], name: str | None = None
    ) -> Session:
        """A session for this seat; what it wrote before and has no answer for is sent again."""
        return Session(
            self.keys,
            suite=self.config.suite,
            charter=self.room.charter,
            mac=self.room.mac,
            seat=seat.keys,
            random=random,
            name=name,
            counter=seat.counter,
            counters=seat.counters,
            generation=seat.generation,
        )


def accepted(config: Config, *, allow_pbkdf2: bool) -> Config:
    """The configuration, unless it names the weaker derivation and nobody asked for it (3.3)."""
    if config.suite == PBKDF2 and not allow_pbkdf2:
        raise ClientError(
            Exit.REFUSED,
            "config_kdf",
            "This server derives keys by PBKDF2, which makes codes cheaper to guess than Argon2id. "
            "If you accept that, say --allow-pbkdf2.",
        )
    return config


def canonical_code(typed: str, config: Config) -> str:
    """The code in what was typed, which may be a link."""
    if not is_link(typed):
        return read_code(typed)
    try:
        return read_link(typed, config.suite, config.salt)
    except Refusal as refusal:
        if refusal.code != "link_form" or not _leads_back(typed, config):
            raise
        message = (
            "This is a return link: fates and take-back take it. To come in, take the seven "
            "words, or the room's own link."
        )
        raise ClientError(Exit.USAGE, "link_form", message) from None


def _leads_back(typed: str, config: Config) -> bool:
    try:
        read_return_link(typed, config.suite, config.salt)
    except Refusal:
        return False
    return True


def address_in_link(typed: str) -> str | None:
    """The server that a link points to: the address of its page without the page's own name."""
    page = address_before(typed)
    if page is None:
        return None
    scheme, _, rest = page.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}{slash}{path.rpartition('/')[0]}"


async def room_keys(derive: Derive, code: str, config: Config) -> RoomKeys:
    """The slow derivation, beside the loop."""
    return RoomKeys(await asyncio.to_thread(derive, code, config.suite, config.salt))


async def enter(server: Server, typed: str, *, derive: Derive, allow_pbkdf2: bool) -> Entry:
    """Find the room of a code and check its charter. Raises `Refusal` or `ClientError`."""
    if not is_link(typed):
        # A misspelt word needs no server to be found.
        read_code(typed)
    config = accepted(await server.config(), allow_pbkdf2=allow_pbkdf2)
    code = canonical_code(typed, config)
    try:
        return await entered(server, code, config, derive=derive)
    except Refusal as refusal:
        doubtful = [] if is_link(typed) else doubtful_words(code)
        if refusal.code != "room_unknown" or not doubtful:
            raise
        places = ", ".join(map(str, doubtful))
        raise Refusal(
            refusal.code,
            f"{refusal.message} Or a slip has made one word of the list another: look again at "
            f"{'word' if len(doubtful) == 1 else 'words'} {places}.",
        ) from None


async def entered(server: Server, code: str, config: Config, *, derive: Derive) -> Entry:
    """The room of a canonical code, its charter checked."""
    keys = await room_keys(derive, code, config)
    room = read_room(await server.ask("GET", "/room", locator=keys.locator))
    charter = verify_charter(room.charter, room.mac, keys.charter_key, config.suite)
    return Entry(server, config, keys, room, charter)
