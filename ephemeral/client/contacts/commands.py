"""`ephemeral contacts`: who may be talked to (docs/cli.md)."""

import asyncio

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import account_here
from ephemeral.client.accounts.device_commands import own_key
from ephemeral.client.accounts.kept_people import Person
from ephemeral.client.accounts.own_chain import read_own
from ephemeral.client.accounts.prompts import has_terminal, shown_answer
from ephemeral.client.contacts.chains import check_contact, read_person
from ephemeral.client.contacts.listing import read_listing
from ephemeral.client.contacts.naming import Row, between, chosen, rows
from ephemeral.client.context import Context
from ephemeral.client.durations import day
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.protocol.accounts.addresses import read_address
from ephemeral.protocol.accounts.safety_number import safety_number
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.names import is_name
from ephemeral.protocol.objects import read_id

__all__ = [
    "accept",
    "block",
    "compare",
    "deny",
    "findable",
    "list_all",
    "remove",
    "rename",
    "request",
]

_KNOWN = {"accepted", "ended", "denied", "blocked", "asks"}
_WITH_CHAIN = {"accepted", "ended"}


async def list_all(context: Context) -> Exit:
    """List contacts, who asks, and who was asked."""
    async with account_here(context) as account:
        own_key(account)
        listing = await read_listing(account)
        found = rows(listing, account.kept.people)
    for one in found:
        if context.wants_json:
            await context.put_json(_fields(one))
        else:
            await context.put(_line(one))
    if not found and not context.wants_json:
        context.reassure(
            "No contacts yet: `ephemeral invite` makes a link for somebody, `ephemeral contacts "
            "request ADDRESS` asks who is findable, `ephemeral contacts findable on` lets others "
            "ask you."
        )
    return Exit.OK


def _fields(one: Row) -> dict[str, object]:
    return {
        "id": one.id,
        "state": one.state,
        "since": day(one.day),
        "name": one.shown,
        "address": one.address,
        "chain": None if one.chain is None else b64encode(one.chain),
        "compared": one.compared,
    }


def _line(one: Row) -> str:
    if one.state == "asked":
        whom = "somebody, from another device" if one.address is None else one.address
        return f"{whom} was asked on {day(one.day)}, and has not answered"
    said = _STATES[one.state].format(day=day(one.day))
    if one.state == "accepted" and not one.compared:
        said += ", not compared"
    address = "" if one.address in {None, one.shown} else f" {one.address}"
    return f"{between(one.shown)}{address} {one.id} {said}"


_STATES = {
    "accepted": "since {day}",
    "ended": (
        "has begun anew with other devices: somebody else until compared. Remove, and ask again"
    ),
    "denied": "has said no on {day}",
    "blocked": "is blocked since {day}",
    "asks": "asks since {day}: accept, deny or block",
}


async def request(context: Context) -> Exit:
    """Ask somebody by an address."""
    address = read_address(context.args.given)
    async with account_here(context) as account:
        own_key(account)
        kept = account.kept
        if address == kept.address:
            raise usage("This is your own address.")
        body: dict[str, object] = {"address": address, "own": kept.address}
        answer = await account.ask("POST", "/contacts/requests", body)
        kept.people.asked[read_id(answer, "request")] = address
        account.save()
    if context.wants_json:
        await context.put_json({"asked": address})
    context.reassure(
        "Asked. If there is such an account and it is findable, they see your address, and may "
        "answer within 30 days. Nobody tells you whether there is."
    )
    return Exit.OK


async def accept(context: Context) -> Exit:
    """Agree to who asks."""
    name = _own_name(context)
    async with account_here(context) as account:
        own_key(account)
        one = await _meant(account, {"asks"})
        assert one.account is not None
        assert one.chain is not None
        await _put(account, one.account, "accepted")
        person = account.kept.people.met(one.chain, one.account)
        person.address = one.address
        person.name = name or person.name
        account.save()
        await check_contact(account, person)
    await _told(context, one, "accepted", f"{between(person.name or one.address)} is a contact.")
    return Exit.OK


async def deny(context: Context) -> Exit:
    """Say no to who asks; they are told only if that is wished."""
    async with account_here(context) as account:
        own_key(account)
        one = await _meant(account, {"asks"})
        assert one.account is not None
        await _put(account, one.account, "denied", tell=context.args.tell)
    hint = "They are told." if context.args.tell else "They aren't told."
    await _told(context, one, "denied", hint)
    return Exit.OK


async def block(context: Context) -> Exit:
    """Hear nothing more from somebody; to them it looks as if you had removed them."""
    async with account_here(context) as account:
        own_key(account)
        one = await _meant(account, _KNOWN - {"blocked"})
        assert one.account is not None
        await _put(account, one.account, "blocked")
        await read_listing(account)
    await _told(context, one, "blocked", f"{between(one.shown)} is blocked, and isn't told.")
    return Exit.OK


async def remove(context: Context) -> Exit:
    """Be no contacts any more; or block somebody no more."""
    async with account_here(context) as account:
        own_key(account)
        one = await _meant(account, _KNOWN - {"asks"})
        assert one.account is not None
        await account.ask("DELETE", f"/contacts/{b64encode(one.account)}")
        await read_listing(account)
    await _told(context, one, "removed", f"{between(one.shown)} is no contact any more.")
    return Exit.OK


async def findable(context: Context) -> Exit:
    """Be told of those who ask by the address, or no longer."""
    wish = context.args.given == "on"
    async with account_here(context) as account:
        own_key(account)
        await account.ask("PUT", "/contacts/findable", {"findable": wish})
        address = account.kept.address
    if context.wants_json:
        await context.put_json({"findable": wish, "address": address})
    context.reassure(
        f"Whoever knows {address} can ask to be a contact now."
        if wish
        else "Nobody who asks by your address reaches you now."
    )
    return Exit.OK


async def rename(context: Context) -> Exit:
    """Call somebody something else, here; only this account sees it."""
    name = _own_name(context)
    async with account_here(context) as account:
        own_key(account)
        one = await _meant(account, _WITH_CHAIN)
        _person(account, one).name = name
        account.save()
    await _told(context, one, "renamed", f"They are {between(name)} here. Only you see that.")
    return Exit.OK


async def compare(context: Context) -> Exit:
    """Show the number that two people compare; and note that it was the same."""
    async with account_here(context) as account:
        own_key(account)
        own = (await read_own(account)).chain
        one = await _meant(account, _WITH_CHAIN)
        person = _person(account, one)
        await read_person(account, person)
        number = await asyncio.to_thread(safety_number, own.id, person.chain)
        same = context.args.yes
        if not context.wants_json:
            await context.put(number)
            if not same and context.errors.is_terminal() and has_terminal():
                context.say(
                    f"{between(one.shown)} sees the same number by `contacts compare`, on a device "
                    "of theirs. Compare by a way on which you know each other, such as the phone."
                )
                answer = await shown_answer("Is it the same? (yes or no) ", "")
                same = answer.casefold() in {"yes", "y"}
                if not same:
                    person.compared = False
                    account.save()
                    context.say("They count as not compared. Don't trust what they write.")
                    return Exit.REFUSED
        if same:
            person.compared = True
            account.save()
    if context.wants_json:
        await context.put_json({"id": one.id, "number": number, "compared": person.compared})
    elif same:
        context.reassure(f"{between(one.shown)} counts as compared.")
    return Exit.OK


# --- the insides ----------------------------------------------------------------------------------


async def _meant(account: Account, states: set[str]) -> Row:
    listing = await read_listing(account)
    return chosen(rows(listing, account.kept.people), states, account.context.args.who)


def _person(account: Account, one: Row) -> Person:
    person = account.kept.people.by_chain(one.chain)
    if person is None:
        raise ClientError(Exit.REFUSED, "not_found", "Nothing more is known of them.")
    return person


def _own_name(context: Context) -> str | None:
    name: str | None = context.args.name
    if name is not None and not is_name(name):
        raise Refusal("device_name", "A name has 1 to 64 bytes of what can be seen.")
    return name


async def _put(account: Account, other: bytes, state: str, *, tell: bool = False) -> None:
    body: dict[str, object] = {"state": state} | ({"tell": True} if tell else {})
    await account.ask("PUT", f"/contacts/{b64encode(other)}", body)


async def _told(context: Context, one: Row, what: str, sentence: str) -> None:
    if context.wants_json:
        await context.put_json({what: one.id})
    context.reassure(sentence)
