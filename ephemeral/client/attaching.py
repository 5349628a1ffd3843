"""Files that go with messages of a room: read, cleaned, sealed and sent, and fetched again."""

import asyncio
import codecs
import contextlib
import mimetypes
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ephemeral.client.cleaning.clean import cleaned, kind_of
from ephemeral.client.context import Context
from ephemeral.client.conversation import now_ms
from ephemeral.client.entry import Entry
from ephemeral.client.exits import ClientError, usage
from ephemeral.client.saving import safe_name
from ephemeral.client.seat_file import Seat
from ephemeral.protocol.attachments import (
    CHUNK_SIZE,
    Attachment,
    Opener,
    Place,
    Sealer,
    chunks_of,
    file_content,
    padded_length,
    read_file,
)
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import ATTACHMENT_MAX, ID_SIZE, KEY_SIZE
from ephemeral.protocol.outbox import Written
from ephemeral.protocol.session import Session
from ephemeral.protocol.session_events import Card

__all__ = ["Download", "Prepared", "attach", "checked_type", "is_plain_text", "prepared"]

#: For how many seconds a chunk is sent or asked for again at least; it is the same bytes each time.
PATIENCE_SECONDS = 60.0
_GIVE_UP_SECONDS = 3.0
_ATTACHMENTS = "/room/attachments"
_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
}
_UNKNOWN_TYPE = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
# Nothing stands beside what one reads in them.
_PLAIN = {"text/plain", "text/csv", "text/markdown"}
_OFF = "This server takes no files."
_LARGE = "This file is too large: {most} bytes at most go with a message here."


class Prepared(NamedTuple):
    """What will be sent. `cleaned`: what it told beside its content was removed."""

    name: str
    mime: str
    data: bytes
    cleaned: bool


def prepared(path: Path, *, keep_metadata: bool) -> Prepared:
    """A file as it goes out; refuses `not_cleaned` where its sender has to decide."""
    data = _read(path)
    kind = kind_of(data[:16])
    mime = checked_type(path.name, kind)
    name = safe_name(path.name)
    if keep_metadata or (kind is None and is_plain_text(mime, data)):
        return Prepared(name, mime, data, cleaned=False)
    try:
        return Prepared(name, mime, cleaned(data), cleaned=True)
    except Refusal as refusal:
        sentence = f"{path} is not sent. {refusal.message} --keep-metadata sends it as it is."
        raise Refusal(refusal.code, sentence, details=refusal.details) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(path.stat().st_mode):
                raise usage(f"{path} is no file.")
            data = file.read(ATTACHMENT_MAX + 1)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise usage(f"{path} can't be read: {reason}.") from None
    if not data:
        raise usage(f"{path} is empty.")
    refuse(len(data) > ATTACHMENT_MAX, "attachment_size", _LARGE.format(most=f"{ATTACHMENT_MAX:,}"))
    return data


def checked_type(name: str, kind: str | None) -> str:
    """What a file is called to be: by its content if that is known, else by its name."""
    mime = _TYPES.get(kind or "") or mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE
    return mime if _TYPE.fullmatch(mime) else _UNKNOWN_TYPE


def is_plain_text(mime: str, data: bytes) -> bool:
    """Whether nothing stands beside what one reads in it. `data`: its beginning, or all."""
    try:
        # What is cut off may be in the middle of a character.
        return mime in _PLAIN and "\0" not in codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeError:
        return False


async def attach(
    context: Context, entry: Entry, seat: Seat, session: Session, file: Prepared, view: int | None
) -> Written:
    """Send a file whole, and then the message that it belongs to.

    No other message may be written meanwhile. What isn't whole in the end is given up.
    """
    most = entry.config.attachments
    if most is None:
        raise Refusal("attachments_off", _OFF)
    size = len(file.data)
    refuse(size > most, "attachment_size", _LARGE.format(most=f"{most:,}"))
    drawn = session.outbox.draw()
    identity, key = context.random(ID_SIZE), context.random(KEY_SIZE)
    said = Attachment(file.name, file.mime, size, identity, key, view)
    content = file_content(said)
    path = f"{_ATTACHMENTS}/{b64encode(identity)}"
    sealer = Sealer(said, Place(session.charter.nonce, session.member, drawn.id))
    padded = padded_length(size)
    reserved = {"id": b64encode(identity), "chunks": sealer.count, "padded": padded}
    try:
        await entry.ask("POST", _ATTACHMENTS, seat, reserved)
        for at in range(sealer.count):
            part = file.data[at * CHUNK_SIZE : (at + 1) * CHUNK_SIZE]
            # Sealed once: what is sent again are these bytes.
            sealed = sealer.chunk(at, part)
            await _octets(context, entry, seat, "PUT", f"{path}/{at}", sealed)
            _say_progress(context, at + 1, sealer.count, "sent")
    except (Refusal, ClientError, asyncio.CancelledError):
        with contextlib.suppress(Refusal, ClientError, TimeoutError):
            async with asyncio.timeout(_GIVE_UP_SECONDS):
                await entry.ask("DELETE", path, seat)
        raise
    written = session.outbox.write(content, now_ms(), drawn, identity)
    return session.post_written(written, now_ms())


class Download:
    """What a message says is attached to it. Chunks that were verified are kept while it lives.

    Refuses `content_field` for what says nothing, and `attachment_size`.
    """

    def __init__(self, session: Session, card: Card, padded: int | None) -> None:
        self.file = read_file(card.content)
        refuse(padded is None, "attachment_size")
        place = Place(session.charter.nonce, card.author, card.id)
        self._opener = Opener(self.file, place, padded or 0)
        self._parts: list[bytes] = []

    async def fetch(self, context: Context, entry: Entry, seat: Seat) -> bytes:
        """All of it, verified; goes on where it stopped. Needs a running lease."""
        path = f"{_ATTACHMENTS}/{b64encode(self.file.id)}"
        count = chunks_of(self._opener.padded)
        while (at := len(self._parts)) < count:
            sealed = await _octets(context, entry, seat, "GET", f"{path}/{at}")
            self._parts.append(self._opener.open(at, sealed))
            _say_progress(context, at + 1, count, "there")
        return b"".join(self._parts)

    def shown(self, content: Mapping[str, object]) -> dict[str, object]:
        """What of the content is for programs: the key is of no use any more."""
        return {key: one for key, one in content.items() if key not in {"key", "attachment"}}


async def _octets(
    context: Context, entry: Entry, seat: Seat, method: str, path: str, data: bytes = b""
) -> bytes:
    patience = max(PATIENCE_SECONDS, context.args.timeout)
    return await entry.server.octets(
        method, path, locator=entry.keys.locator, token=seat.token, data=data, patience=patience
    )


def _say_progress(context: Context, done: int, count: int, how: str) -> None:
    """For who looks, a few times."""
    quarters = 4 * done // count
    if done < count and quarters > 4 * (done - 1) // count:
        context.reassure(f"{25 * quarters} % of the file is {how}.")
