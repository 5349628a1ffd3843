"""`inbox`: what is new, printed, and acknowledged once it was."""

import asyncio

from ephemeral.client.context import Context
from ephemeral.client.conversations import news as kinds
from ephemeral.client.conversations.news import News
from ephemeral.client.exits import ClientError, Exit, exit_code_of
from ephemeral.client.safe_text import neutralise_line
from ephemeral.client.talking.here import Here, here
from ephemeral.client.talking.joining import let_in
from ephemeral.client.talking.lines import fields_of, lines_of
from ephemeral.client.talking.waiting import something_new
from ephemeral.protocol.errors import Refusal

__all__ = ["inbox", "is_own", "learn"]

# For so long nothing is asked while nothing seems to be new.
_ROUND_SECONDS = 25.0
_AGAIN_SECONDS = 2.0


async def inbox(context: Context) -> Exit:
    """Print what is new. `--follow`: and what is to come; the account isn't held meanwhile."""
    args = context.args
    until = asyncio.get_running_loop().time() + args.wait
    told = 0
    while True:
        try:
            async with here(context) as place:
                told += await _round(place)
        except (ClientError, Refusal) as error:
            status = error.status if isinstance(error, ClientError) else exit_code_of(error)
            if status != Exit.NETWORK or not args.follow:
                raise
            context.say(f"{neutralise_line(error.message)} Trying again.")
            await asyncio.sleep(_AGAIN_SECONDS)
            continue
        left = until - asyncio.get_running_loop().time()
        if not args.follow and (told or left <= 0):
            break
        await something_new(_ROUND_SECONDS if args.follow else min(left, _ROUND_SECONDS))
    if told:
        return Exit.OK
    if not context.wants_json:
        context.say("Nothing is new.")
    return Exit.NOTHING


async def _round(place: Here) -> int:
    """Read on everywhere, print what is new; how much that was."""
    await place.engine.sync()
    await let_in(place)
    where = place.context.args.where
    only = None if where is None else place.conversation(where).id
    found = place.engine.news(only)
    return await _put(place, found)


async def _put(place: Here, found: list[News]) -> int:
    """Print news, acknowledge them once they are printed; how many were printed."""
    context, count = place.context, 0
    learn(place, found)
    known = {one.id: one for one in place.engine.known()}
    for one in found:
        where = known.get(one.conversation)
        if is_own(place, one):
            continue
        lines = lines_of(place, where, one)
        if context.wants_json and (lines or _for_programs(one)):
            await context.put_json(fields_of(place, where, one))
        elif lines and not context.wants_json:
            await context.put("\n".join(lines))
        else:
            continue
        count += 1
    if found:
        await place.engine.taken(found)
    return count


def _for_programs(one: News) -> bool:
    """Whether it tells a program something, though it tells a person nothing."""
    return one.content is not None and one.content.kind == "read"


def is_own(place: Here, one: News) -> bool:
    """What was written here was seen here."""
    by_this = one.device == place.account.kept.device
    return by_this and one.kind in {kinds.MESSAGE, kinds.RECORD}


def learn(place: Here, found: list[News]) -> None:
    """Keep what people call themselves."""
    changed = False
    for one in found:
        content = one.content
        if content is None or content.kind != "profile" or one.chain in {None, place.own}:
            continue
        assert one.chain is not None
        person = place.account.kept.people.met(one.chain)
        changed |= person.said != content.body["name"]
        person.said = str(content.body["name"])
    if changed:
        place.account.save()
