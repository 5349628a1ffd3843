"""Sending a file: reserved, named by a message, stored segment by segment, confirmed."""

import asyncio
import hashlib
import time
from contextlib import suppress

from ephemeral.client.context import Context
from ephemeral.client.exits import ClientError, Exit, unreachable, usage
from ephemeral.client.files import jobs, registered
from ephemeral.client.files.holding import held
from ephemeral.client.files.jobs import Job
from ephemeral.client.files.objects import Objects
from ephemeral.client.files.service import AT_ONCE, Address, FileService, ServedFile, has
from ephemeral.client.files.sources import Source, opened_source
from ephemeral.client.talking.here import Here, here
from ephemeral.client.talking.saying import introduce, send
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.contents import (
    DIGEST,
    FILE,
    Confirmation,
    Reference,
    Registered,
    confirmation_body,
    files_body,
)
from ephemeral.protocol.files.info import seal_info
from ephemeral.protocol.files.keys import FileKey
from ephemeral.protocol.files.layout import Layout, padded_length
from ephemeral.protocol.files.segments import file_digest, seal_segment
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE

__all__ = ["send_file"]

#: The server takes one a second and more for each file.
_LANDED_SECONDS = 2.1
# Segments that are looked at where a file seems to be as it was.
_LOOKED_AT = 6
# Rounds in which nothing lands.
_IDLE_MAX = 5
_OTHER = (
    "{} isn't the file of which a part was sent: its content has changed. "
    "`ephemeral files forget {}` gives that one up."
)
_ENDED = (
    "What was begun of this file has ended. `ephemeral files forget {}`, then the same command, "
    "sends it anew."
)


async def send_file(context: Context) -> Exit:
    """Send a file, or go on with one that was begun."""
    args = context.args
    source = await asyncio.to_thread(opened_source, args.file, keep_metadata=args.keep_metadata)
    async with here(context) as place:
        await place.sync()
        known = await place.conversation_with(args.where)
        place.require_followed(known)
        job = await _begun(place, known.id, source) or _new_job(place, known.id, source)
        served = await _made(place, job)
        if job.message is None:
            await introduce(place, known)
            await _say(place, job)
        await _tell_own(place, job, served.expires_at)
    layout = Layout(job.padded)
    await _require_same(job, source, layout, served.bitmap)
    if not served.complete:
        await _upload(context, job, source, layout, served.bitmap)
    await held(context, lambda place: _confirm(place, job, source, layout))
    told = {"file": b64encode(job.file.id), "conversation": b64encode(job.conversation)}
    if context.wants_json:
        await context.put_json(told | {"size": job.size, "made_by": source.info.made_by})
    else:
        await context.put(b64encode(job.file.id))
    return Exit.OK


async def _made(place: Here, job: Job) -> ServedFile:
    """The file at the server. What is refused at first is as if it had never been tried."""
    try:
        return await FileService(place.account).make(
            job.file.id, job.padded, job.info, job.conversation, job.ttl
        )
    except Refusal as refusal:
        if job.message is None:
            jobs.drop(place.engine.store, job.file.id)
        elif refusal.code == "file_conflict":
            ended = _ENDED.format(b64encode(job.file.id))
            raise ClientError(Exit.REFUSED, refusal.code, ended) from None
        raise


async def _require_same(job: Job, source: Source, layout: Layout, bitmap: bytes) -> None:
    """What was sent is what is there now: all of it, or a few where nothing seems changed."""
    sent = [one for one in range(layout.count) if one in job.hashes and has(bitmap, one)]
    if job.stamp == source.stamp and len(sent) > _LOOKED_AT:
        sent = [sent[0], *sent[1 : -1 : max(1, len(sent) // (_LOOKED_AT - 2))], sent[-1]]
    for number in sent:
        plaintext = await asyncio.to_thread(_plaintext, source, layout, number)
        if hashlib.sha256(plaintext).digest() != job.hashes[number]:
            raise _other(job)


def _other(job: Job) -> ClientError:
    return usage(_OTHER.format(job.path, b64encode(job.file.id)))


async def _begun(place: Here, conversation: bytes, source: Source) -> Job | None:
    """The upload of this file that was begun and not ended."""
    for job in jobs.jobs(place.engine.store):
        same = (job.path, job.conversation) == (source.path, conversation)
        if same and job.keep_metadata == place.context.args.keep_metadata:
            if job.message is None and (job.size, job.stamp) != (source.info.size, source.stamp):
                # Nobody has heard of it: what was reserved for it, if anything was, is given back.
                with suppress(Refusal):
                    await FileService(place.account).delete(job.file.id)
                jobs.drop(place.engine.store, job.file.id)
                return None
            if job.size != source.info.size:
                raise _other(job)
            place.context.reassure("A part of it was sent before; it goes on there.")
            return job
    return None


def _new_job(place: Here, conversation: bytes, source: Source) -> Job:
    context = place.context
    file = FileKey(context.random(ID_SIZE), context.random(KEY_SIZE))
    job = Job(
        file,
        padded_length(source.info.size),
        source.info.size,
        seal_info(file, source.info, context.random),
        conversation,
        source.path,
        source.stamp,
        context.args.keep_metadata,
        int(context.args.ttl),
    )
    jobs.keep(place.engine.store, job)
    return job


def _reference(job: Job) -> Reference:
    return Reference(job.file, job.padded, hashlib.sha256(job.info).digest())


async def _say(place: Here, job: Job) -> None:
    """The message with its key, once for all: what waits to be sent isn't said a second time."""

    def noted(message: bytes) -> None:
        job.message = message
        jobs.write(place.engine.store, job)

    try:
        await send(place, job.conversation, FILE, files_body([_reference(job)]), noted)
    except Refusal:
        # It doesn't wait any more.
        job.message = None
        jobs.keep(place.engine.store, job)
        raise


async def _tell_own(place: Here, job: Job, until: int) -> None:
    """What own devices know of it."""
    if b64encode(job.file.id) in registered.known_files(place):
        return
    device = place.account.kept.device
    if device is None or job.message is None:
        raise ClientError(Exit.FAULT, "fault", "A file is sent that no message names.")
    where = (job.conversation, device, job.message)
    await registered.tell(place, Registered(_reference(job), *where, None, until))


async def _upload(
    context: Context, job: Job, source: Source, layout: Layout, bitmap: bytes
) -> None:
    """Store what hasn't landed; the account is held only while the server is asked."""
    idle, asked = 0, 0.0
    while missing := [one for one in layout.order() if not has(bitmap, one)]:
        some = missing[:AT_ONCE]

        async def begin(place: Here, some: list[int] = some) -> tuple[str, list[Address]]:
            found, _ = await FileService(place.account).addresses(job.file.id, "put", some)
            await _write_down(place, job, source, layout, found)
            return place.account.server.address, found

        async def look(place: Here, some: list[int] = some) -> tuple[bytes, bool, int]:
            return await FileService(place.account).landed(job.file.id, some)

        base, found = await held(context, begin)
        async with Objects(context, base) as objects:
            for address in found:
                # The next round has another address, and another salt.
                await objects.put(address, await _sealed(context, job, source, layout, address))
        await asyncio.sleep(max(0.0, asked + _LANDED_SECONDS - time.monotonic()))
        newer, complete, _ = await held(context, look)
        asked = time.monotonic()
        idle = idle + 1 if newer == bitmap else 0
        if idle == _IDLE_MAX:
            raise unreachable("What was sent doesn't arrive. The same command goes on later.")
        bitmap = newer
        there = sum(has(bitmap, one) for one in range(layout.count))
        context.reassure(f"{100 * there // layout.count} % of the file is sent.")
        if complete:
            break


async def _write_down(
    place: Here, job: Job, source: Source, layout: Layout, found: list[Address]
) -> None:
    """The hashes of what will be stored: nothing else is ever sealed in its place."""
    for address in found:
        plaintext = await asyncio.to_thread(_plaintext, source, layout, address.segment)
        digest = hashlib.sha256(plaintext).digest()
        if job.hashes.setdefault(address.segment, digest) != digest:
            raise _other(job)
    jobs.keep(place.engine.store, job)


async def _sealed(
    context: Context, job: Job, source: Source, layout: Layout, address: Address
) -> bytes:
    number = address.segment
    plaintext = await asyncio.to_thread(_plaintext, source, layout, number)
    if hashlib.sha256(plaintext).digest() != job.hashes[number]:
        raise _other(job)
    return await asyncio.to_thread(
        seal_segment, job.file, layout, number, plaintext, context.random
    )


def _plaintext(source: Source, layout: Layout, number: int) -> bytes:
    segment = layout.segment(number)
    length = min(max(source.info.size - segment.start, 0), segment.length)
    return source.read(segment.start, length).ljust(segment.length, b"\0")


async def _confirm(place: Here, job: Job, source: Source, layout: Layout) -> None:
    """All is there: what it was, signed."""
    for number in range(layout.count):
        if number not in job.hashes:
            plaintext = await asyncio.to_thread(_plaintext, source, layout, number)
            job.hashes[number] = hashlib.sha256(plaintext).digest()
    hashes = [job.hashes[number] for number in range(layout.count)]
    digest = file_digest(job.file.id, layout, job.size, hashes)
    device, message = place.account.kept.device, job.message
    if device is None or message is None:
        raise ClientError(Exit.FAULT, "fault", "A file was sent that no message names.")
    said = confirmation_body(Confirmation(device, message, job.file.id, digest))
    await send(place, job.conversation, DIGEST, said)
    known = registered.known_files(place).get(b64encode(job.file.id))
    if known is not None:
        try:
            served = await FileService(place.account).file(job.file.id)
            known = known._replace(until=served.expires_at)
        except Refusal as refusal:
            if refusal.code != "file_unknown":
                raise
        await registered.tell(place, known._replace(digest=digest))
    jobs.drop(place.engine.store, job.file.id)
