"""`inbox`: what is new, printed, and acknowledged once it was."""

import asyncio

from ephemeral.client.context import Context
from ephemeral.client.conversations import news as kinds
from ephemeral.client.conversations.engine import Known
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.reporting import Evidence
from ephemeral.client.exits import ClientError, Exit, exit_code_of
from ephemeral.client.files.registered import note
from ephemeral.client.safe_text import neutralise_line
from ephemeral.client.talking.here import Here, here
from ephemeral.client.talking.joining import let_in
from ephemeral.client.talking.lines import fields_of, lines_of
from ephemeral.client.talking.own_devices import adopt, share
from ephemeral.client.talking.waiting import Waiting
from ephemeral.protocol.errors import Refusal

__all__ = ["inbox", "is_own", "is_passing", "learn"]

# For so long nothing is asked while nothing seems to be new.
_ROUND_SECONDS = 25.0
_AGAIN_SECONDS = 2.0
# Whoever is interrupted reads no more than so many twice.
_AT_ONCE = 100


async def inbox(context: Context) -> Exit:
    """Print what is new. `--follow`: and what is to come; the account isn't held meanwhile."""
    args = context.args
    until = asyncio.get_running_loop().time() + args.wait
    told, failed, first = 0, dict[bytes, str](), True
    refused = set[bytes]()
    async with Waiting() as waiting:
        while True:
            new = 0
            try:
                async with here(context) as place:
                    if args.follow or args.wait:
                        await waiting.meet(place.account)
                    new, failed = await _round(place, failed, refused, first=first)
                    first = False
            except (ClientError, Refusal) as error:
                if not args.follow or not is_passing(error):
                    raise
                context.say(f"{neutralise_line(error.message)} Trying again.")
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            told += new
            left = until - asyncio.get_running_loop().time()
            if not args.follow and (told or left <= 0):
                break
            seconds = _ROUND_SECONDS if args.follow else min(left, _ROUND_SECONDS)
            await waiting.until_new(seconds, was_new=new > 0)
    if failed:
        raise ClientError(Exit.REFUSED, next(iter(failed.values())), _NOT_ALL)
    if told:
        return Exit.OK
    if not context.wants_json:
        context.say("Nothing is new.")
    return Exit.NOTHING


_NOT_ALL = "Not everything could be read now; it is tried again next time."


def is_passing(error: ClientError | Refusal) -> bool:
    """Whether it is worth trying again: nobody answers, or another command has the account."""
    status = error.status if isinstance(error, ClientError) else exit_code_of(error)
    return status == Exit.NETWORK or error.code == "account_busy"


async def _round(
    place: Here, before: dict[bytes, str], told: set[bytes], *, first: bool
) -> tuple[int, dict[bytes, str]]:
    """Read on everywhere, print what is new; how much that was, and what couldn't be read."""
    failed = await (place.sync() if first else place.engine.sync())
    known = {one.id: one for one in place.engine.known()}
    for conversation, code in failed.items():
        if before.get(conversation) != code:
            title = "one" if conversation not in known else place.title(known[conversation])
            sentence = f"The conversation {title} can't be read now ({code})."
            place.context.say(neutralise_line(sentence))
    adopt(place)
    where = place.context.args.where
    only = None if where is None else place.conversation(where).id
    count = await _put(place, place.engine.news(only))
    await let_in(place, told)
    await share(place)
    return count, failed


async def _put(place: Here, found: list[News]) -> int:
    """Print news, acknowledge them once they are printed; how many were printed."""
    count = 0
    await learn(place, found)
    await note(place, found)
    known = {one.id: one for one in place.engine.known()}
    for first in range(0, len(found), _AT_ONCE):
        some = found[first : first + _AT_ONCE]
        told = [_told(place, known.get(one.conversation), one) for one in some]
        texts = [text for text in told if text is not None]
        if texts:
            # At once: a file is on its disk after each writing.
            await place.context.put("\n".join(texts))
        await place.engine.taken(some)
        count += len(texts)
    return count


def _told(place: Here, known: Known | None, one: News) -> str | None:
    """Lines for one; None where there is nothing to print."""
    if is_own(place, one) or place.is_hidden(known, one.chain):
        return None
    lines = lines_of(place, known, one)
    if not place.context.wants_json:
        return "\n".join(lines) or None
    if lines or _for_programs(one):
        fields = fields_of(place, known, one)
        shows = Evidence.of(one) if place.context.args.evidence else None
        if shows is not None and not fields["own"]:
            fields["evidence"] = shows.fields()
        return place.context.json_line(fields)
    return None


def _for_programs(one: News) -> bool:
    """Whether it tells a program something, though it tells a person nothing."""
    return one.content is not None and one.content.kind == "read"


def is_own(place: Here, one: News) -> bool:
    """What was written here was seen here."""
    by_this = one.device == place.account.kept.device
    return by_this and one.kind in {kinds.MESSAGE, kinds.RECORD}


async def learn(place: Here, found: list[News]) -> None:
    """Know those who wrote, and what those call themselves who have no name here yet.

    The first name stays: nobody takes that of somebody else later, under whom one knows them.
    """
    if any(place.name(one.chain) is None for one in found if one.chain not in {None, place.own}):
        await place.meet()
    changed = False
    for one in found:
        content = one.content
        if content is None or content.kind != "profile" or one.chain in {None, place.own}:
            continue
        assert one.chain is not None
        person = place.account.kept.people.met(one.chain)
        if person.called is None:
            person.said, changed = str(content.body["name"]), True
    if changed:
        place.account.save()
        place.renamed()
