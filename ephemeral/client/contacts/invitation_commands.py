"""`ephemeral invite`: a link that makes two people contacts, or leads into a conversation."""

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import account_here
from ephemeral.client.accounts.device_commands import own_key
from ephemeral.client.accounts.kept_people import Invited
from ephemeral.client.accounts.own_chain import read_own
from ephemeral.client.accounts.prompts import Secret, asked_words, terminal_columns
from ephemeral.client.accounts.terminal_qr import qr_lines
from ephemeral.client.contacts.chains import check_contact
from ephemeral.client.contacts.listing import Listing, read_listing
from ephemeral.client.contacts.naming import between, shown_names
from ephemeral.client.context import Context
from ephemeral.client.durations import local_time
from ephemeral.client.exits import Exit, usage
from ephemeral.client.talking.here import here
from ephemeral.protocol.conversations.invitations import (
    Invitation,
    Inviting,
    open_invitation,
    read_invitation,
    seal_invitation,
    seal_redemption,
)
from ephemeral.protocol.conversations.records import ADMIN
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.names import is_name
from ephemeral.protocol.objects import read_bytes, read_id, read_integer

__all__ = ["LINK", "invite"]

LINK = Secret("invitation-fd", "EPHEMERAL_INVITATION", "invitation")
_WEEK_MILLISECONDS = 7 * 86_400_000


async def invite(context: Context) -> Exit:
    """Make an invitation, redeem one, list or withdraw one's own."""
    args = context.args
    if sum((args.redeem, args.list, args.withdraw is not None, args.to is not None)) > 1:
        raise usage("One of --redeem, --list, --withdraw and --to.")
    for name in (args.name, args.label):
        if name is not None and not is_name(name):
            raise Refusal("device_name", "A name has 1 to 64 bytes of what can be seen.")
    if args.to is not None:
        async with here(context) as place:
            await place.sync()
            known = place.conversation(args.to)
            place.require_followed(known)
            refuse(known.role != ADMIN, "not_admin")
            return await _make(place.account, known.id, known.epoch)
    async with account_here(context) as account:
        own_key(account)
        if args.redeem:
            return await _redeem(account)
        if args.list:
            return await _list(account, await read_listing(account))
        if args.withdraw is not None:
            return await _withdraw(account)
        return await _make(account, None)


async def _make(account: Account, conversation: bytes | None, epoch: int = 0) -> Exit:
    """Make an invitation, into a conversation if one is named; print its link."""
    context, kept = account.context, account.kept
    invitation = Invitation.generate(context.random)
    sealed = seal_invitation(invitation, await _own(account, conversation), context.random)
    invited = Invited(
        invitation.id,
        invitation.secret,
        account.now + _WEEK_MILLISECONDS,
        context.args.label,
        conversation,
        epoch=epoch,
    )
    # Before it is posted: who redeems it is to be known, whatever becomes of this command.
    kept.people.invited.append(invited)
    account.save()
    body: dict[str, object] = {"id": b64encode(invitation.id), "sealed": b64encode(sealed)}
    if conversation is not None:
        body["conversation"] = b64encode(conversation)
    answer = await account.ask("POST", "/contacts/invitations", body)
    invited.expires_at = read_integer(answer, "expires_at")
    account.save()
    link = f"{account.server.address}/account/#{invitation.fragment()}"
    if context.wants_json:
        told = {"id": b64encode(invitation.id), "link": link, "expires": invited.expires_at}
        await context.put_json(told)
        return Exit.OK
    await context.put(link)
    if context.output.is_terminal():
        for line in qr_lines(link, terminal_columns(context.output.descriptor)):
            await context.put(line)
    context.reassure(
        "Give this link to one person, by a way that you trust: whoever has it is your contact. "
        f"It works once, until {local_time(invited.expires_at, '%Y-%m-%d %H:%M')}."
    )
    return Exit.OK


async def _own(account: Account, conversation: bytes | None) -> Inviting:
    """What the other side learns of this account."""
    name = account.context.args.name
    if name is None:
        name = account.kept.address.partition(".")[0]
    return Inviting((await read_own(account)).chain.pin, name, conversation)


async def _redeem(account: Account) -> Exit:
    context, people = account.context, account.kept.people
    prompt = "Invitation (not shown): "
    invitation = await asked_words(context, LINK, prompt, read_invitation)
    own = await _own(account, None)
    sealed = seal_redemption(invitation, own, context.random)
    name = b64encode(invitation.id)
    body = {"sealed": b64encode(sealed)}
    answer = await account.ask("POST", f"/contacts/invitations/{name}/redeem", body)
    other = read_id(answer, "account")
    said = open_invitation(invitation, read_bytes(answer, "sealed"))
    person = people.met(said.pin.chain, other)
    person.pin = person.pin or said.pin
    person.name = context.args.label or person.name
    person.said = person.said or said.name
    if said.conversation is not None:
        people.expected[said.conversation] = said.pin.chain
    account.save()
    await check_contact(account, person)
    if said.conversation is not None:
        # Who invited sees who waits, and lets them in.
        waits = {"invitation": name, "sealed": b64encode(sealed)}
        await account.ask("POST", f"/chatrooms/{b64encode(said.conversation)}/join", waits)
    shown = shown_names(people.persons).get(person.chain)
    if context.wants_json:
        await context.put_json(
            {
                "id": b64encode(other),
                "name": shown,
                "chain": b64encode(person.chain),
                "conversation": said.conversation and b64encode(said.conversation),
            }
        )
    else:
        await context.put(f"{between(shown)} {b64encode(other)} is a contact.")
    if said.conversation is not None:
        context.reassure(
            "You were invited into a conversation too: one of its admins lets you in, when they "
            "are there. `ephemeral inbox` tells."
        )
    return Exit.OK


async def _list(account: Account, listing: Listing) -> Exit:
    context, people = account.context, account.kept.people
    redeemed = {one.invitation: one for one in listing.redemptions}
    chains = {one.account: one.chain for one in listing.contacts}
    for one in people.invited:
        by = redeemed.get(one.id)
        person = None if by is None else people.by_chain(chains.get(by.account))
        until = local_time(one.expires_at, "%Y-%m-%d %H:%M")
        if context.wants_json:
            await context.put_json(
                {
                    "id": b64encode(one.id),
                    "label": one.label,
                    "conversation": one.conversation and b64encode(one.conversation),
                    "expires": one.expires_at,
                    "redeemed_by": None if by is None else b64encode(by.account),
                }
            )
            continue
        label = "" if one.label is None else f" for {between(one.label)}"
        who = between(None if person is None else person.called)
        state = f"works until {until}" if by is None else f"redeemed by {who}"
        await context.put(f"{b64encode(one.id)}{label} {state}")
    if not people.invited:
        context.reassure("No invitation of yours waits.")
    return Exit.OK


async def _withdraw(account: Account) -> Exit:
    context, people = account.context, account.kept.people
    typed: str = context.args.withdraw
    found = [one for one in people.invited if b64encode(one.id).startswith(typed)]
    if len(found) != 1 or not typed:
        none = "There is no such invitation" if not found else "Several invitations begin so"
        raise usage(f"{none}: `ephemeral invite --list` lists them with their ids.")
    name = b64encode(found[0].id)
    await account.ask("DELETE", f"/contacts/invitations/{name}")
    people.invited.remove(found[0])
    account.save()
    if context.wants_json:
        await context.put_json({"withdrawn": name})
    context.reassure("It leads nowhere now. Who redeemed it before stays a contact.")
    return Exit.OK
