"""Who was invited into a conversation is let in by whichever device of the inviter comes first."""

from ephemeral.client.accounts.kept_people import Invited
from ephemeral.client.talking.here import FOLLOWED, Here
from ephemeral.client.talking.saying import welcome
from ephemeral.protocol.conversations.invitations import Invitation, open_redemption
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

__all__ = ["let_in"]


async def let_in(place: Here, told: set[bytes]) -> None:
    """Add those who wait by an invitation of this account; the invitation was the agreement.

    Who can't be added hinders nothing else, and is told once: `told` has their chains.
    """
    people = place.account.kept.people
    following = {one.id for one in place.engine.known() if one.state == FOLLOWED}
    for of in dict.fromkeys(one.conversation for one in people.invited):
        if of is None or of not in following:
            continue
        invited = {one.id: one for one in people.invited if one.conversation == of}
        try:
            waiting = await place.engine.joins(of)
        except Refusal:
            # It has just ended.
            continue
        for one in waiting:
            chain, by = one.person.chain, invited.get(one.invitation)
            if by is None:
                continue
            try:
                await place.engine.read(of)
                was_in = await place.engine.was_in(of, chain, by.epoch)
                if was_in is None:
                    # Another own device may know.
                    continue
                if was_in:
                    # It is used up, also if others have added and removed them since.
                    await _withdraw(place, by)
                    continue
                await _add(place, of, by, chain, one.sealed)
            except Refusal as refusal:
                if chain not in told:
                    place.context.say(f"{place.who(chain)} can't be let in: {refusal.message}")
                told.add(chain)


async def _add(place: Here, of: bytes, invited: Invited, chain: bytes, sealed: bytes) -> None:
    people = place.account.kept.people
    said = open_redemption(Invitation(invited.id, invited.secret), sealed)
    if said.pin.chain != chain:
        raise Refusal("invitation_box", "What was sealed for this invitation names somebody else.")
    person = people.met(chain)
    person.pin = person.pin or said.pin
    person.name = person.name or invited.label
    person.said = person.said or said.name
    place.account.save()
    place.renamed()
    await place.engine.add(of, [chain])
    await _withdraw(place, invited)
    await welcome(place, of)
    place.context.say(f"{place.who(chain)} was let in, by your invitation.")


async def _withdraw(place: Here, invited: Invited) -> None:
    """An invitation that was used leads nowhere any more."""
    place.account.kept.people.invited.remove(invited)
    place.account.save()
    await place.account.ask("DELETE", f"/contacts/invitations/{b64encode(invited.id)}")
