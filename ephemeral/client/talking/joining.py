"""Who was invited into a conversation is let in by the device that invited them."""

from ephemeral.client.accounts.kept_people import Invited
from ephemeral.client.talking.here import FOLLOWED, Here
from ephemeral.client.talking.saying import welcome
from ephemeral.protocol.conversations.invitations import Invitation, open_redemption
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

__all__ = ["let_in"]


async def let_in(place: Here) -> None:
    """Add those who wait by an invitation of this device; the invitation was the agreement."""
    people = place.account.kept.people
    following = {one.id for one in place.engine.known() if one.state == FOLLOWED}
    for of in dict.fromkeys(one.conversation for one in people.invited):
        if of is None or of not in following:
            continue
        invited = [one for one in people.invited if one.conversation == of]
        for waiting in await place.engine.joins(of):
            one = next((each for each in invited if each.id == waiting.invitation), None)
            if one is None:
                continue
            await _add(place, of, one, waiting.person.chain, waiting.sealed)


async def _add(place: Here, of: bytes, invited: Invited, chain: bytes, sealed: bytes) -> None:
    people = place.account.kept.people
    try:
        said = open_redemption(Invitation(invited.id, invited.secret), sealed)
        if said.pin.chain != chain:
            raise Refusal("invitation_box")
    except Refusal:
        place.context.say("Somebody wants to be let in without having had the link. They aren't.")
        return
    person = people.met(chain)
    person.pin = person.pin or said.pin
    person.name = person.name or invited.label
    person.said = person.said or said.name
    place.account.save()
    place.renamed()
    try:
        await place.engine.add(of, [chain])
    except Refusal as refusal:
        if refusal.code != "not_admin":
            raise
        place.context.say(
            f"{place.who(chain)} waits to be let into a conversation of which you are no admin."
        )
        return
    people.invited.remove(invited)
    place.account.save()
    await welcome(place, of)
    await place.account.ask("DELETE", f"/contacts/invitations/{b64encode(invited.id)}")
    place.context.say(f"{place.who(chain)} was let in, by your invitation.")
