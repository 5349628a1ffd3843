"""Register `files`: what all own devices know of files (docs/files.md, 9.4)."""

from collections.abc import Sequence

from ephemeral.client.conversations.news import News
from ephemeral.client.files.service import FileService
from ephemeral.client.talking.here import Here
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.contents import (
    DIGEST,
    FILE,
    Registered,
    read_confirmation,
    read_files,
    read_registered,
    registered_value,
)

__all__ = ["forget", "known_files", "note", "tell"]

_REGISTER = "files"
# In the store, by the file: forgotten here, while a message that names it still waits to be read.
_FORGOTTEN = "forgotten/"


def known_files(place: Here) -> dict[str, Registered]:
    """By their ids. A value of another form is passed over."""
    found = {}
    for name, value in place.engine.register(_REGISTER).items():
        try:
            found[name] = read_registered(name, value)
        except Refusal:
            continue
    return found


async def tell(place: Here, known: Registered) -> None:
    """Let own devices know of a file."""
    name = b64encode(known.reference.file.id)
    await place.engine.set_register(_REGISTER, name, registered_value(known))


async def forget(place: Here, file: bytes) -> None:
    """It has gone, or is to be known no more, whatever waits to be read names it."""
    store = place.engine.store
    waiting = {
        b64encode(reference.file.id)
        for one in place.engine.news(None)
        if one.content is not None and one.content.kind == FILE
        for reference in read_files(one.content.body)
    }
    before = _forgotten(place)
    still = (before | {b64encode(file)}) & waiting
    with store.writing("forgotten"):
        for name in before - still:
            store.do("DELETE FROM meta WHERE name = ?", _FORGOTTEN + name)
        for name in still:
            store.do("INSERT OR REPLACE INTO meta VALUES (?, ?)", _FORGOTTEN + name, b"")
    await place.engine.set_register(_REGISTER, b64encode(file), None)


def _forgotten(place: Here) -> set[str]:
    rows = place.engine.store.all(
        "SELECT name FROM meta WHERE name >= ? AND name < ?", _FORGOTTEN, _FORGOTTEN[:-1] + "0"
    )
    return {name.removeprefix(_FORGOTTEN) for (name,) in rows}


async def note(place: Here, found: Sequence[News]) -> None:
    """Keep what new messages say of files, before they are acknowledged: they are kept nowhere."""
    forgotten = _forgotten(place)
    for one in found:
        if one.content is None or one.device is None or one.chain is None or one.id is None:
            continue
        known = known_files(place)
        if one.content.kind == FILE:
            for reference in read_files(one.content.body):
                if b64encode(reference.file.id) in forgotten | known.keys():
                    continue
                until = await _until(place, reference.file.id)
                if until is not None:
                    where = (one.conversation, one.device, one.id)
                    await tell(place, Registered(reference, *where, None, until))
        elif one.content.kind == DIGEST:
            said = read_confirmation(one.content.body)
            file = known.get(b64encode(said.file))
            if file is not None and _counts(place, one, file):
                await tell(place, file._replace(digest=said.digest))


async def _until(place: Here, file: bytes) -> int | None:
    """When it goes; None: it has gone."""
    try:
        return (await FileService(place.account).file(file)).expires_at
    except Refusal as refusal:
        if refusal.code not in {"file_unknown", "not_found"}:
            raise
        return None


def _counts(place: Here, one: News, file: Registered) -> bool:
    """The first that whoever has sent the file says of it."""
    said = read_confirmation(one.content.body) if one.content is not None else None
    if said is None or file.digest is not None or one.chain is None:
        return False
    if (said.device, said.message) != (file.device, file.message):
        return False
    line = place.engine.people.get(one.chain)
    same = one.device == file.device
    return same or (line is not None and line.last.key_of(file.device) is not None)
