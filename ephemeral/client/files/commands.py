"""`files`: what was sent and received, and an end to it."""

from contextlib import suppress

from ephemeral.client.context import Context
from ephemeral.client.durations import local_time
from ephemeral.client.exits import Exit
from ephemeral.client.files import jobs, registered
from ephemeral.client.files.downloading import chosen, told_info
from ephemeral.client.files.service import FileService, ServedFile
from ephemeral.client.safe_text import neutralise_line
from ephemeral.client.talking.here import Here, here
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.files.info import Info

__all__ = ["forget_file", "list_files"]


async def list_files(context: Context) -> Exit:
    """Tell all files that are there for this account, and what those are that are named here."""
    async with here(context) as place:
        await place.sync()
        await registered.note(place, place.engine.news(None))
        known = registered.known_files(place)
        served = await FileService(place.account).listed()
        begun = {job.file.id for job in jobs.jobs(place.engine.store)}
        for one in served:
            info = None
            if (named := known.get(b64encode(one.id))) is not None:
                with suppress(Refusal):
                    info = told_info(named, one.info, one.padded)
            state = "complete" if one.complete else "begun" if one.id in begun else "uploading"
            if context.wants_json:
                await context.put_json(_object(one, info, state))
            else:
                await context.put(_line(place, one, info, state))
    return Exit.OK if served else Exit.NOTHING


def _object(one: ServedFile, info: Info | None, state: str) -> dict[str, object]:
    told = {} if info is None else {"name": info.name, "type": info.type, "size": info.size}
    return {
        "file": b64encode(one.id),
        "conversation": b64encode(one.conversation),
        "own": one.own,
        "padded": one.padded,
        "state": state,
        "expires_at": one.expires_at,
    } | told


def _line(place: Here, one: ServedFile, info: Info | None, state: str) -> str:
    name = "a file that no message here names" if info is None else info.name
    size = one.padded if info is None else info.size
    until = local_time(one.expires_at - place.account.kept.ahead, "%Y-%m-%d %H:%M")
    whose = "yours" if one.own else "received"
    line = f"{b64encode(one.id)} {state}, {whose}, {size:,} bytes, until {until}: {name}"
    return neutralise_line(line)


def _meant(place: Here, typed: str) -> bytes:
    """A file by its id, or by the beginning of that: one that is known, or that was begun."""
    begun = {job.file.id for job in jobs.jobs(place.engine.store)}
    found = [one for one in begun if typed.strip() and b64encode(one).startswith(typed.strip())]
    return found[0] if len(found) == 1 else chosen(place, typed).reference.file.id


async def forget_file(context: Context) -> Exit:
    """Delete a file of one's own for everybody; of somebody else's only forget the key."""
    async with here(context) as place:
        await place.sync()
        file = _meant(place, context.args.id)
        own = True
        try:
            own = (await FileService(place.account).file(file)).own
            if own:
                await FileService(place.account).delete(file)
        except Refusal as refusal:
            if refusal.code != "file_unknown":
                raise
        jobs.drop(place.engine.store, file)
        await registered.forget(place, file)
    context.reassure("It is deleted for everybody." if own else "Its key is forgotten here.")
    return Exit.OK
