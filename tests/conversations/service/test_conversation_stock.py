"""What waits in all conversations together has a bound."""

import pytest
from support.machines.conversation_desk import ConversationDesk

from ephemeral.protocol.conversations.messages import ENTRY_SIZES
from ephemeral.protocol.errors import Refusal

LARGEST = ENTRY_SIZES[-1]


async def test_at_the_bound_nothing_more_is_taken_until_something_was_read(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk, beside = await talks.talk(one, other), await talks.talk(one, other)
    stock = talks.services.stock
    stock._most = 3 * LARGEST
    posted = talk.entry(one.machines[0], size=LARGEST)
    await talk.send(one, posted)
    await beside.send(other, count=2, size=LARGEST)
    assert stock.is_full, "known at once, by what was taken here"
    await stock.measure()
    assert stock.is_full, "and by the database"
    for where, who in ((talk, other), (beside, one)):
        with pytest.raises(Refusal) as caught:
            await where.send(who)
        assert (caught.value.code, caught.value.retry_after) == ("storage_full", 60)
    await talk.send(one, posted)
    await talk.renew(one)
    await beside.ack_all(one, other)
    await stock.measure()
    assert not stock.is_full
    await talk.send(one)


async def test_without_a_bound_nothing_is_full(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one, count=3, size=LARGEST)
    await talks.services.stock.measure()
    assert not talks.services.stock.is_full
