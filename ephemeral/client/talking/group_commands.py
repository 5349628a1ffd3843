"""`chat ...`: which conversations there are, who is in them, and what admins do."""

from ephemeral.client.accounts.prompts import shown_answer
from ephemeral.client.contacts.naming import between
from ephemeral.client.context import Context
from ephemeral.client.conversations.engine import Known
from ephemeral.client.exits import Exit, usage
from ephemeral.client.talking.here import FOLLOWED, REQUEST, Here, here
from ephemeral.client.talking.inbox import is_own, learn
from ephemeral.client.talking.lines import fields_of, lines_of
from ephemeral.client.talking.saying import introduce, welcome
from ephemeral.protocol.conversations.records import ADMIN, MEMBER
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.names import is_name

__all__ = [
    "add",
    "admin",
    "again",
    "agree",
    "end",
    "history",
    "leave",
    "list_all",
    "new",
    "people",
    "remove",
    "rename",
    "timer",
]

_STATES = {
    REQUEST: "somebody who is none of your contacts added you: `ephemeral chat agree`",
    "refused": "broken: `ephemeral chat again` begins it anew",
    "left": "you have left it",
    "gone": "over for you",
}


async def list_all(context: Context) -> Exit:
    """List the account's conversations."""
    async with here(context) as place:
        await place.sync()
        known = place.all_known()
        for each in known:
            found = [one for one in place.engine.news(each.id) if not is_own(place, one)]
            await _put(place, each, sum(bool(lines_of(place, each, one)) for one in found))
    if not known:
        context.reassure(
            "No conversation yet: `ephemeral say` begins one with a contact, "
            "`ephemeral chat new` one of several."
        )
    return Exit.OK


def _fields(place: Here, known: Known) -> dict[str, object]:
    return {
        "conversation": b64encode(known.id),
        "title": place.title(known),
        "name": known.name,
        "direct": place.is_direct(known),
        "state": known.state,
        "why": known.why or None,
        "role": known.role,
        "epoch": known.epoch,
        "people": [b64encode(one.chain) for one in known.people],
    }


async def _put(place: Here, known: Known, new: int) -> None:
    context = place.context
    if context.wants_json:
        await context.put_json({**_fields(place, known), "new": new})
        return
    said = [_STATES.get(known.state, "")]
    if known.state == FOLLOWED and not place.is_direct(known):
        said = [f"{len(known.people)} people"] + ["you are an admin"] * (known.role == ADMIN)
    if new:
        said.append(f"{new} new: `ephemeral inbox`")
    rest = ", ".join(one for one in said if one)
    id_ = b64encode(known.id)
    await context.put(f"{place.title(known)} {id_}{f' {rest}' if rest else ''}")


async def new(context: Context) -> Exit:
    """Make a conversation of several contacts, with a name."""
    name = _name(context)
    async with here(context) as place:
        await place.sync()
        chains = place.people_of(context.args.whom)
        made = await place.engine.found(chains, name=name, timer=context.args.timer)
        known = place.known(made)
        await introduce(place, known)
        await _done(place, known, f"{between(name)} is there, with {place.all_of(chains)}.")
    return Exit.OK


async def people(context: Context) -> Exit:
    """List who is in a conversation."""
    async with here(context) as place:
        known = await _followed(place)
        for one in known.people:
            own = one.chain == place.own
            compared = place.is_compared(one.chain)
            if context.wants_json:
                await context.put_json(
                    {
                        "chain": b64encode(one.chain),
                        "name": place.name(one.chain),
                        "own": own,
                        "role": one.role,
                        "since": one.since,
                        "compared": compared,
                    }
                )
                continue
            marks = ["admin"] * (one.role == ADMIN) + ["not compared"] * (not compared)
            rest = f" ({', '.join(marks)})" if marks else ""
            await context.put(f"{place.who(one.chain)}{rest}")
    return Exit.OK


async def add(context: Context) -> Exit:
    """Add contacts to a conversation."""
    async with here(context) as place:
        known = await _followed(place)
        chains = place.people_of(context.args.whom)
        await place.engine.add(known.id, chains)
        known = await welcome(place, known.id)
        await _done(place, known, f"Added: {place.all_of(chains)}.")
    return Exit.OK


async def remove(context: Context) -> Exit:
    """Remove people from a conversation."""
    async with here(context) as place:
        known = await _followed(place)
        chains = _members(place, known)
        await place.engine.remove(known.id, chains)
        known = place.known(known.id)
        sentence = f"Removed: {place.all_of(chains)}. What is written from now on they can't read."
        await _done(place, known, sentence)
    return Exit.OK


async def admin(context: Context) -> Exit:
    """Make somebody an admin, or no longer."""
    role = MEMBER if context.args.no else ADMIN
    async with here(context) as place:
        known = await _followed(place)
        chains = _members(place, known)
        for chain in chains:
            await place.engine.role(known.id, chain, role)
        known = place.known(known.id)
        what = "no admin any more" if context.args.no else "an admin"
        await _done(place, known, f"{place.all_of(chains)}: {what}.")
    return Exit.OK


async def rename(context: Context) -> Exit:
    """Give a conversation another name."""
    name = _name(context)
    async with here(context) as place:
        known = await _followed(place)
        if known.role != ADMIN:
            raise Refusal("not_admin")
        await place.engine.send(known.id, "card", {"name": name, "picture": None})
        await place.engine.read(known.id)
        await _done(place, place.known(known.id), f"It is called {between(name)} now.")
    return Exit.OK


async def timer(context: Context) -> Exit:
    """Let messages disappear after they were read."""
    async with here(context) as place:
        known = await _followed(place)
        await place.engine.timer(known.id, context.args.time)
        sentence = "Messages stay now, as long as each device keeps them."
        if context.args.time:
            sentence = "What is written from now on disappears so long after it was read."
        await _done(place, place.known(known.id), sentence)
    return Exit.OK


async def history(context: Context) -> Exit:
    """Show what the server still has of a conversation, from the first place on."""
    async with here(context) as place:
        known = await _followed(place)
        found = await place.engine.history(known.id)
        await learn(place, found)
        for one in found:
            if context.wants_json:
                await context.put_json(fields_of(place, known, one))
            elif lines := lines_of(place, known, one):
                await context.put("\n".join(lines))
    if found:
        return Exit.OK
    context.reassure("Nothing waits on the server: all devices have read everything.")
    return Exit.NOTHING


async def leave(context: Context) -> Exit:
    """Leave a conversation."""
    async with here(context) as place:
        known = await _followed(place)
        await place.engine.leave(known.id)
        await _done(place, known, "You have left it. The others see that with the next message.")
    return Exit.OK


async def end(context: Context) -> Exit:
    """Destroy a conversation for everybody."""
    async with here(context) as place:
        known = await _followed(place)
        if not context.args.yes:
            answer = await shown_answer(
                f"Destroy {place.title(known)} for everybody in it? (yes or no) ",
                "Say --yes where nobody can be asked.",
            )
            if answer.casefold() not in {"yes", "y"}:
                raise usage("Nothing was destroyed.")
        await place.engine.end(known.id)
        await _done(place, known, "It is destroyed, for everybody.")
    return Exit.OK


async def agree(context: Context) -> Exit:
    """Take part in a conversation to which somebody unknown added this account."""
    async with here(context) as place:
        await place.sync()
        known = place.conversation(context.args.where)
        if known.state == FOLLOWED:
            raise usage("You take part in it already.")
        await place.engine.agree(known.id)
        known = place.known(known.id)
        place.require_followed(known)
        await _done(place, known, "You take part in it. Compare numbers with the people in it.")
    return Exit.OK


async def again(context: Context) -> Exit:
    """Begin a conversation anew with the same people."""
    async with here(context) as place:
        await place.sync()
        known = place.conversation(context.args.where)
        made = await place.engine.repair(known.id)
        if known.name is not None:
            card = {"name": known.name, "picture": None}
            await place.engine.send(made, "card", card)
        known = place.known(made)
        await introduce(place, known)
        await _done(place, known, "Begun anew, with the same people.")
    return Exit.OK


# --- the insides ----------------------------------------------------------------------------------


async def _followed(place: Here) -> Known:
    """The conversation that was named, after all was read; one that is followed."""
    await place.sync()
    known = place.conversation(place.context.args.where)
    place.require_followed(known)
    return known


def _members(place: Here, known: Known) -> list[bytes]:
    """Who was named, as far as they are in it."""
    inside = {one.chain for one in known.people}
    chains = place.people_of(place.context.args.whom)
    if not inside.issuperset(chains):
        raise usage("Somebody of these isn't in it: `ephemeral chat people` lists who is.")
    return chains


def _name(context: Context) -> str:
    name: str = context.args.name
    if not is_name(name):
        raise Refusal("device_name", "A name has 1 to 64 bytes of what can be seen.")
    return name


async def _done(place: Here, known: Known, sentence: str) -> None:
    if place.context.wants_json:
        await place.context.put_json(_fields(place, known))
    place.context.reassure(sentence)
