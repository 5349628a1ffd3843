"""What waits in all conversations together has a bound."""

import pytest
from support.machines.conversation_desk import ConversationDesk

from ephemeral.conversations.rules import prices
from ephemeral.conversations.service.stock import Stock
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.messages import ENTRY_SIZES
from ephemeral.protocol.conversations.records import MEMBER
from ephemeral.protocol.errors import Refusal

LARGEST = ENTRY_SIZES[-1]


async def measured(talks: ConversationDesk) -> Stock:
    """What the database says is known."""
    await talks.services.stock.measure()
    return talks.services.stock


async def test_at_the_bound_nothing_more_is_taken_until_something_was_read(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk, beside = await talks.talk(one, other), await talks.talk(one, other)
    stock = await measured(talks)
    stock._most = stock._used + 3 * LARGEST
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
    await beside.ack_all(one, other)
    await stock.measure()
    assert not stock.is_full
    await talk.send(one)


async def test_records_boxes_and_places_count_and_no_more_are_taken_at_the_bound(
    talks: ConversationDesk,
) -> None:
    """But for those that take somebody out, which can't wait."""
    one, other, third = await talks.friends(2, 1, 1)
    talk = await talks.talk(one, other, third)
    stock = await measured(talks)
    for renewed in range(1, 4):
        before = stock._used
        await talk.renew(one, Change(timer=renewed))
        assert stock._used - before >= prices.record(1_000, 4), "known at once"
        used, _ = stock._used, await measured(talks)
        assert stock._used == used, "and the same by the database"
    await talk.send(one, count=9)
    used, _ = stock._used, await measured(talks)
    assert stock._used == used
    # Boxes go when they are read, records later.
    await talk.ack_all(one, other, third)
    await stock.measure()
    assert used - stock._used > 4 * 4 * prices.BOX
    stock._most = 1
    founding, renewal = talks.unfounded(), talk.renew(one, Change(timer=9))
    for work in (founding.found(one, {other: MEMBER}), renewal):
        with pytest.raises(Refusal) as caught:
            await work
        assert (caught.value.code, caught.value.retry_after) == ("storage_full", 60)
    await one.revoke(one.machines[0], one.machines[1])
    await talk.renew(one)
    await talk.renew(one, Change(remove=frozenset({third.chain.id})))
    with pytest.raises(Refusal):
        await talk.renew(one, Change(add={third.chain.id: MEMBER}), others=[third])


async def test_without_a_bound_nothing_is_full(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one, count=3, size=LARGEST)
    await talks.services.stock.measure()
    assert not talks.services.stock.is_full
