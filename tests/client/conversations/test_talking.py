"""People talk by the client's library, against the real server."""

import hashlib

from support.people.correspondents import Device, refusals, texts

from ephemeral.client.conversations.news import MESSAGE, News
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal


async def founded(ada: Device, *others: Device) -> bytes:
    async with ada.open() as talk:
        return await talk.found([one.chain for one in others])


async def refused(ada: Device, act) -> str:
    try:
        async with ada.open() as talk:
            await act(talk)
    except Refusal as refusal:
        return refusal.code
    return ""


def kinds(news: list[News]) -> list[str]:
    return [one.content.kind for one in news if one.kind == MESSAGE and one.content is not None]


async def test_what_is_said_is_heard_once_by_everybody_in_one_order(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.text(conversation, "first")
        await talk.text(conversation, "second")
    heard = await bob.hears()
    assert texts(heard) == ["first", "second"]
    assert refusals(heard) == []
    await bob.says(conversation, "third")
    assert await ada.texts() == ["first", "second", "third"]
    assert await bob.texts() == ["third"]
    assert await bob.texts() == await ada.texts() == []


async def test_what_was_not_taken_is_there_the_next_time(ada: Device, bob: Device):
    conversation = await founded(ada, bob)
    await ada.says(conversation, "kept")
    for _ in range(2):
        async with bob.open() as talk:
            await talk.sync()
            assert texts(talk.news()) == ["kept"]
    assert await bob.texts() == ["kept"]


async def test_who_is_added_reads_from_then_on_and_who_is_removed_no_more(
    ada: Device, bob: Device, eve: Device
):
    conversation = await founded(ada, bob)
    await ada.says(conversation, "before")
    async with ada.open() as talk:
        await talk.add(conversation, [eve.chain])
        await talk.text(conversation, "together")
        await talk.remove(conversation, [eve.chain])
        await talk.text(conversation, "after")
    assert await eve.texts() == []
    assert await bob.texts() == ["before", "together", "after"]
    async with ada.open() as talk:
        await talk.add(conversation, [eve.chain])
        await talk.text(conversation, "again")
    heard = await eve.hears()
    assert texts(heard) == ["again"]
    assert await bob.texts() == ["again"]


async def test_roles_timers_and_names_are_told_and_are_an_admins(ada: Device, bob: Device):
    conversation = await founded(ada, bob)
    await bob.hears()
    assert await refused(bob, lambda talk: talk.timer(conversation, 60)) == "not_admin"
    async with ada.open() as talk:
        await talk.role(conversation, bob.chain, "admin")
    async with bob.open() as talk:
        await talk.timer(conversation, 60)
        await talk.send(conversation, "card", {"name": "The Two", "picture": None})
    heard = await ada.hears()
    records = [one.details for one in heard if one.kind == "record"]
    assert records[1]["roles"] == {b64encode(bob.chain): "admin"}
    assert records[2]["timer"] == 60
    async with ada.open() as talk:
        (known,) = talk.known()
    assert (known.name, known.role, known.direct) == ("The Two", "admin", bob.chain)


async def test_who_leaves_is_gone_and_the_next_who_speaks_says_so(
    ada: Device, bob: Device, eve: Device
):
    conversation = await founded(ada, bob, eve)
    await bob.hears()
    async with ada.open() as talk:
        await talk.leave(conversation)
    assert await refused(ada, lambda talk: talk.text(conversation, "no")) == "not_member"
    await bob.says(conversation, "she has left")
    heard = await eve.hears()
    assert texts(heard) == ["she has left"]
    told = [one.details for one in heard if one.kind == "record"][-1]
    assert told["left"] == [b64encode(ada.chain)]
    # The last admin has left: the first of all is one.
    assert len(told["roles"]) == 1


async def test_a_conversation_that_is_ended_is_nobodys(ada: Device, bob: Device):
    conversation = await founded(ada, bob)
    await ada.says(conversation, "gone soon")
    assert await refused(bob, lambda talk: talk.end(conversation)) == "not_admin"
    async with ada.open() as talk:
        await talk.end(conversation)
    heard = await bob.hears()
    assert "not_member" in refusals(heard)
    assert await refused(bob, lambda talk: talk.text(conversation, "no")) == "not_member"


async def test_edits_deletes_and_reactions_count_from_who_may(ada: Device, bob: Device):
    conversation = await founded(ada, bob)
    async with ada.open() as talk:
        sent = await talk.text(conversation, "frist")
        of = (ada.id, sent.id)
        await talk.edit(conversation, of, "first")
    async with bob.open() as talk:
        await talk.sync()
        await talk.edit(conversation, of, "mine")
        await talk.react(conversation, of, "+1")
        await talk.reply(conversation, of, "first", "second")
    async with ada.open() as talk:
        await talk.delete(conversation, of)
    heard = await bob.hears()
    assert kinds(heard) == ["text", "edit", "edit", "reaction", "reply", "delete"]
    counts = [one.details.get("counts") for one in heard if one.kind == MESSAGE]
    assert counts == [None, True, False, None, None, True]


async def test_both_begin_an_epoch_at_once_and_both_wishes_come_true(
    ada: Device, bob: Device, eve: Device
):
    conversation = await founded(ada, bob)
    async with ada.open() as talk:
        await talk.role(conversation, bob.chain, "admin")
    await bob.hears()
    async with ada.open() as one, bob.open() as two:
        await two.read(conversation)
        # She has made hers before his comes, and posts it afterwards.
        begin = one.service.begin

        async def late(*parts):
            one.service.begin = begin  # type: ignore[method-assign]
            await two.timer(conversation, 60)
            return await begin(*parts)

        one.service.begin = late  # type: ignore[method-assign]
        await one.add(conversation, [eve.chain])
        record = one._of(conversation).record
    assert record.timer == 60
    assert record.person(eve.chain) is not None


async def test_a_conversation_is_begun_again_with_the_same_people(
    ada: Device, bob: Device, eve: Device
):
    conversation = await founded(ada, bob, eve)
    await ada.hears(), await bob.hears(), await eve.hears()
    async with ada.open() as talk:
        again = await talk.repair(conversation)
        await talk.text(again, "here we go on")
    assert await bob.texts() == await eve.texts() == ["here we go on"]


async def test_a_stranger_is_followed_only_by_who_says_so(new, ada: Device, bob: Device):
    conversation = await founded(ada, bob)
    async with ada.open() as talk:
        await talk.text(conversation, "hello")
    # He doesn't take her for a contact any more, before he has read it.
    account = b64encode(await ada.account_id())
    async with bob.file() as file:
        await file.ask("DELETE", f"/contacts/{account}")
    heard = await bob.hears()
    assert refusals(heard) == ["record_uninvited"]
    assert texts(heard) == []
    async with bob.open() as talk:
        await talk.agree(conversation)
        assert texts(talk.news()) == ["hello"]


async def test_who_has_a_link_waits_to_be_added_and_follows_whom_it_named(
    new, ada: Device, bob: Device
):
    conversation = await founded(ada, bob)
    joining = hashlib.sha256(b"the secret of a link").digest()
    stranger = await new("stranger")
    async with ada.open() as talk:
        await talk.joining(conversation, joining)
    async with stranger.file() as account:
        account.kept.people.expected[conversation] = ada.chain
        account.save()
    async with stranger.open() as talk:
        await talk.join(conversation, joining, b"sealed under the link")
        await talk.sync()
        assert talk.known() == []
    async with ada.open() as talk:
        (waiting,) = await talk.joins(conversation)
        assert (waiting.person.chain, waiting.sealed) == (stranger.chain, b"sealed under the link")
        await talk.add(conversation, [stranger.chain])
        await talk.text(conversation, "welcome")
        assert await talk.joins(conversation) == []
    assert await stranger.texts() == ["welcome"]
    await stranger.says(conversation, "hello")
    assert await bob.texts() == ["welcome", "hello"]


async def test_who_was_removed_and_added_again_meanwhile_goes_on(
    ada: Device, bob: Device, eve: Device
):
    conversation = await founded(ada, bob, eve)
    for speaks in (True, False):
        await eve.hears()
        async with ada.open() as talk:
            await talk.remove(conversation, [eve.chain])
            await talk.text(conversation, "without her")
            await talk.add(conversation, [eve.chain])
            await talk.text(conversation, "with her")
        if speaks:
            # She learns of it by what she wants to say.
            await eve.says(conversation, "here")
        heard = await eve.hears()
        assert texts(heard) == ["with her"] + ["here"] * speaks
        assert refusals(heard) == ["changes_not_seen" if speaks else "not_member"]
    assert "here" in await bob.texts()


async def test_a_wish_that_is_fulfilled_begins_no_epoch(ada: Device, bob: Device):
    conversation = await founded(ada, bob)
    async with ada.open() as talk:
        await talk.add(conversation, [bob.chain])
        await talk.timer(conversation, 0)
        assert [one.epoch for one in talk.known()] == [1]
