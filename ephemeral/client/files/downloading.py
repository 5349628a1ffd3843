"""Fetching a file: verified segment by segment, and whole before it has its name."""

import asyncio
import hashlib
import os
from pathlib import Path

from ephemeral.client.context import Context
from ephemeral.client.exits import ClientError, Exit, unreachable, usage
from ephemeral.client.files import registered
from ephemeral.client.files.holding import held
from ephemeral.client.files.objects import Objects
from ephemeral.client.files.service import AT_ONCE, Address, FileService, has
from ephemeral.client.safe_text import neutralise_line
from ephemeral.client.saving import checked_folder, place_draft
from ephemeral.client.talking.here import Here
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.files.contents import Registered
from ephemeral.protocol.files.info import Info, open_info
from ephemeral.protocol.files.layout import Layout
from ephemeral.protocol.files.segments import check_digest, content_of, open_segment

__all__ = ["chosen", "get_file", "told_info"]

_IDLE_MAX = 5
_UNCONFIRMED = "Its sender has not confirmed this file yet: it isn't all there. Try again later."
_UNKNOWN = "No file of that id is known here: `ephemeral inbox` reads the messages that name files."


def chosen(place: Here, typed: str) -> Registered:
    """A file by its id, or by the beginning of that."""
    # One that begins with a hyphen comes with a space before it, so as to be no option.
    typed = typed.strip()
    known = registered.known_files(place)
    found = [one for name, one in known.items() if typed and name.startswith(typed)]
    if len(found) != 1:
        raise ClientError(Exit.NOTHING, "file_unknown", _UNKNOWN)
    return found[0]


def told_info(known: Registered, sealed: bytes, padded: int) -> Info:
    """What is told of it, as its sender's message means it."""
    refuse(padded != known.reference.padded, "file_size")
    return open_info(known.reference.file, padded, known.reference.info, sealed)


async def get_file(context: Context) -> Exit:
    """Fetch a file and save it. What was fetched before is not fetched again."""
    output: Path | None = context.args.output
    folder = _folder_of(output)

    async def begin(place: Here) -> tuple[Registered, Info]:
        await place.sync()
        await registered.note(place, place.engine.news(None))
        known = chosen(place, context.args.id)
        served = await FileService(place.account).file(known.reference.file.id)
        return known, told_info(known, served.info, served.padded)

    known, info = await held(context, begin)
    if known.digest is None:
        raise ClientError(Exit.NOTHING, "file_unconfirmed", _UNCONFIRMED)
    layout = Layout(known.reference.padded)
    draft = folder / f".{b64encode(known.reference.file.id)}.part"
    await _fetch(context, known, info, layout, draft)
    path = await asyncio.to_thread(
        place_draft, draft, folder, info.name if output is None else output.name,
        exactly=output is not None,
    )  # fmt: skip
    if context.wants_json:
        named = {"file": b64encode(known.reference.file.id), "saved": str(path)}
        await context.put_json(named | {"name": info.name, "type": info.type, "size": info.size})
    else:
        await context.put(neutralise_line(str(path)))
    return Exit.OK


def _folder_of(output: Path | None) -> Path:
    if output is None:
        return checked_folder(Path())
    if output.exists():
        raise usage(f"{output} is there already; nothing is overwritten.")
    return checked_folder(output.absolute().parent)


def _discard(draft: Path) -> None:
    draft.unlink(missing_ok=True)


async def _fetch(
    context: Context, known: Registered, info: Info, layout: Layout, draft: Path
) -> None:
    """All of it in the draft, which goes if it isn't what was confirmed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(draft, flags, 0o600)
    except OSError as error:
        raise usage(f"{draft} can't be written: {error.strerror or 'unknown reason'}.") from None
    try:
        hashes = await asyncio.to_thread(_kept, descriptor, info, layout)
        idle = 0
        while len(hashes) < layout.count:
            before = len(hashes)
            await _round(context, known, info, layout, descriptor, hashes)
            # A later run believes what lies there: no hole may be left where the power fails.
            await asyncio.to_thread(os.fsync, descriptor)
            idle = idle + 1 if len(hashes) == before else 0
            if idle == _IDLE_MAX:
                raise unreachable("A part of this file is not there at this moment.")
            done = 100 * len(hashes) // layout.count
            context.reassure(f"{done} % of the file is there.")
        assert known.digest is not None, "so it was asked"
        try:
            check_digest(known.digest, known.reference.file.id, layout, info.size, hashes)
        except Refusal:
            _discard(draft)
            raise
        # What stands beyond is nothing that was verified.
        os.ftruncate(descriptor, info.size)
        await asyncio.to_thread(os.fsync, descriptor)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        message = f"The file could not be saved: {reason}."
        raise ClientError(Exit.OUTPUT, "output", message) from None
    finally:
        os.close(descriptor)


def _kept(descriptor: int, info: Info, layout: Layout) -> list[bytes]:
    """Hashes of what an earlier run has written, without what it was about to write."""
    hashes: list[bytes] = []
    size = os.fstat(descriptor).st_size
    for number in range(layout.count):
        segment = layout.segment(number)
        length = min(max(info.size - segment.start, 0), segment.length)
        if segment.start + length > size or length == 0:
            break
        content = os.pread(descriptor, length, segment.start)
        if len(content) != length:
            break
        hashes.append(hashlib.sha256(content.ljust(segment.length, b"\0")).digest())
    return hashes


async def _round(
    context: Context,
    known: Registered,
    info: Info,
    layout: Layout,
    descriptor: int,
    hashes: list[bytes],
) -> None:
    file = known.reference.file
    some = list(range(len(hashes), min(len(hashes) + AT_ONCE, layout.count)))

    async def begin(place: Here) -> tuple[str, list[Address], bytes]:
        found, bitmap = await FileService(place.account).addresses(file.id, "get", some)
        return place.account.server.address, found, bitmap

    base, found, bitmap = await held(context, begin)
    if not has(bitmap, some[0]):
        raise ClientError(Exit.NOTHING, "file_unconfirmed", _UNCONFIRMED)
    async with Objects(context, base) as objects:
        for address in sorted(found, key=lambda one: one.segment):
            if address.segment != len(hashes):
                return
            segment = layout.segment(address.segment)
            sealed = await objects.get(address, segment.sealed_length)
            if sealed is None:
                return
            plaintext = await asyncio.to_thread(open_segment, file, layout, address.segment, sealed)
            content = content_of(layout, address.segment, info.size, plaintext)
            await asyncio.to_thread(_write, descriptor, content, segment.start)
            hashes.append(hashlib.sha256(plaintext).digest())


def _write(descriptor: int, content: bytes, start: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, start)
        start, view = start + written, view[written:]
