"""Several devices of one person: linked, removed, and what they tell each other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.people.correspondents import Ask, Device, refusals, texts

from ephemeral.client.accounts.device_keys import DAY_MILLISECONDS, daily
from ephemeral.client.exits import ClientError
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal


async def linked(one: Device, folder: Path) -> Device:
    """A second device of somebody, told what linking tells."""
    async with one.file() as account:
        pinned = dict(account.kept.conversations)
    return await one.another(folder, pinned)


async def test_a_linked_device_goes_on_by_itself_while_the_others_sleep(
    ada: Device, bob: Device, tmp_path: Path
):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.text(conversation, "before the phone")
        await talk.sync()
    phone = await linked(ada, tmp_path / "phone")
    # Nobody else is there: it begins the epoch that lists it.
    heard = await phone.hears()
    assert texts(heard) == []
    assert refusals(heard) == []
    await phone.says(conversation, "from the phone")
    assert await bob.texts() == ["before the phone", "from the phone"]
    await bob.says(conversation, "to both")
    assert await ada.texts() == ["before the phone", "from the phone", "to both"]
    assert await phone.texts() == ["from the phone", "to both"]


async def test_a_linked_device_that_was_told_nothing_is_asked_by_nobody(
    ada: Device, bob: Device, tmp_path: Path
):
    """Its own people's conversations ask it, unless somebody it knows has added it."""
    async with bob.open() as talk:
        conversation = await talk.found([ada.chain])
    await ada.hears()
    phone = await ada.another(tmp_path / "phone")
    # It begins nothing: a server could have shown it whatever was once.
    assert texts(await phone.hears()) == []
    with pytest.raises(Refusal) as refused:
        await phone.says(conversation, "am I here")
    assert refused.value.code == "not_compared"
    await bob.says(conversation, "to all of you")
    assert await ada.texts() == ["to all of you"]
    assert await phone.texts() == ["to all of you"]


async def test_a_device_that_was_just_linked_can_leave(ada: Device, bob: Device, tmp_path: Path):
    """The record in force names a point before its coming: it can't sign for its person there."""
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.sync()
    phone = await linked(ada, tmp_path / "phone")
    async with phone.open() as talk:
        await talk.leave(conversation)
    await bob.says(conversation, "alone")
    async with bob.open() as talk:
        assert [one.chain for one in talk.known()[0].people] == [bob.chain]


async def test_a_removed_device_reads_and_says_nothing_more(
    ada: Device, bob: Device, tmp_path: Path
):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.sync()
    phone = await linked(ada, tmp_path / "phone")
    await phone.says_all(conversation, "still here")
    await ada.revoke(phone.id)
    async with ada.open() as talk:
        assert await talk.renew() == 0
    await bob.says(conversation, "she is rid of it")
    with pytest.raises((ClientError, Refusal)):
        await phone.hears()
    assert (await ada.texts())[-1] == "she is rid of it"
    async with ada.open() as talk:
        (known,) = talk.known()
        assert len(talk._of(known.id).record.devices) == 2


async def test_one_that_can_not_have_another_key_now_holds_up_no_other(
    ada: Device, bob: Device, tmp_path: Path
):
    phone = await ada.another(tmp_path / "phone")
    async with ada.open() as talk:
        found = [await talk.found([bob.chain]) for _ in range(3)]
    await ada.revoke(phone.id)
    refused: set[str] = set()

    def around(ask: Ask) -> Ask:
        async def asked(method: str, path: str, *rest: object, **more: object) -> object:
            if (method, path[-7:]) == ("POST", "/epochs") and refused in (set(), {path}):
                refused.add(path)
                raise Refusal("contact_needed")
            return await ask(method, path, *rest, **more)

        return asked

    ada.around = around
    for left, devices in ((1, [2, 2, 3]), (0, [2, 2, 2])):
        async with ada.open() as talk:
            assert await talk.renew() == left
            assert sorted(len(talk._of(one).record.devices) for one in found) == devices
        ada.around = None


async def test_who_was_not_told_of_a_removal_sends_nothing_before_the_next_epoch(
    ada: Device, bob: Device, tmp_path: Path
):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.sync()
    phone = await linked(ada, tmp_path / "phone")
    await phone.says_all(conversation, "hello")
    await bob.hears()
    await ada.revoke(phone.id)
    await bob.says(conversation, "not for the phone")
    async with bob.open() as talk:
        record = talk._of(conversation).record
    assert phone.id not in {one.device for one in record.devices}
    assert record.by == bob.id


async def test_own_devices_share_registers_of_which_the_newest_counts(ada: Device, tmp_path: Path):
    async with ada.open() as talk:
        await talk.set_register("alias", "bob", "Robert")
        await talk.sync()
    phone = await linked(ada, tmp_path / "phone")
    await phone.hears()
    async with ada.open() as talk:
        await talk.sync()
        await talk.set_register("alias", "bob", "Bobby")
        await talk.set_register("alias", "eve", "Eve")
    async with phone.open() as talk:
        await talk.sync()
        assert talk.register("alias") == {"bob": "Bobby", "eve": "Eve"}
        assert talk.news() == talk.known() == []
        await talk.set_register("alias", "eve", None)
    async with ada.open() as talk:
        await talk.sync()
        assert talk.register("alias") == {"bob": "Bobby"}


async def test_who_is_linked_later_is_told_all_registers_again(ada: Device, tmp_path: Path):
    phone = await ada.another(tmp_path / "phone")
    told = {"settings": {"": {"receipts": False}}, "read": {"here": 7, "there": 8}}
    async with ada.open() as talk:
        for register, values in told.items():
            for key, value in values.items():
                await talk.set_register(register, key, value)
    await phone.hears()
    posted: list[int] = []

    def around(ask: Ask) -> Ask:
        async def asked(method: str, path: str, *rest: Any, **more: Any) -> object:
            if (method, path[-8:]) == ("POST", "/message"):
                posted.append(len(rest[0]["entries"]))
            return await ask(method, path, *rest, **more)

        return asked

    tablet = await linked(ada, tmp_path / "tablet")
    await tablet.hears()
    await phone.hears()
    ada.around = around
    for _ in range(2):
        await ada.hears()
    # All together, by the first device alone, once.
    assert posted == [3]
    async with tablet.open() as talk:
        await talk.sync()
        assert {name: talk.register(name) for name in told} == told


async def test_who_was_in_a_conversation_is_seen_also_from_records_that_this_device_never_read(
    ada: Device, bob: Device, eve: Device, tmp_path: Path
):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.add(conversation, [eve.chain])
        await talk.remove(conversation, [eve.chain])
        await talk.timer(conversation, 60)
        await talk.sync()
    phone = await linked(ada, tmp_path / "phone")
    await phone.hears()
    async with phone.open() as talk:
        epoch = talk.known()[0].epoch
        found = [await talk.was_in(conversation, eve.chain, one) for one in (1, 3, epoch)]
    assert found == [True, False, False]
    phone.around = without_epoch(2)
    async with phone.open() as talk:
        assert [await talk.was_in(conversation, eve.chain, one) for one in (1, 3)] == [None, False]


def without_epoch(number: int) -> Callable[[Ask], Ask]:
    """A server that doesn't show one record."""

    def around(ask: Ask) -> Ask:
        async def asked(method: str, path: str, *rest: Any, **more: Any) -> Any:
            answer = await ask(method, path, *rest, **more)
            if "/epochs" not in path:
                return answer
            kept = [one for one in answer["epochs"] if one["epoch"] != number]
            return {**answer, "epochs": kept}

        return asked

    return around


async def test_what_is_pinned_is_the_newest_record(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.timer(conversation, 60)
        await talk.sync()
        record = talk._of(conversation).record
    async with ada.file() as account:
        assert account.kept.conversations == {b64encode(conversation): b64encode(record.hash)}


async def test_a_key_is_kept_until_what_was_sealed_to_it_is_open(ada: Device, bob: Device):
    """A device that comes back after days opens what waits for it, by the key of then."""
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.text(conversation, "sealed to the old key")
    async with bob.file() as account:
        kept = account.kept
        first = kept.sealing[0]
        first.day -= 1
        kept.storage, kept.synced_at = bytes(32), account.now - 4 * DAY_MILLISECONDS
        await daily(account)
        assert [one.number for one in kept.sealing] == [1, 2]
        # As it looks three days later.
        first.replaced_at -= 3 * DAY_MILLISECONDS
        await daily(account)
        assert [one.number for one in kept.sealing] == [1, 2]
        account.save()
    assert await bob.texts() == ["sealed to the old key"]
    async with bob.file() as account:
        assert [one.number for one in account.kept.sealing] == [2]


async def test_a_linked_device_follows_whom_another_one_has_agreed_to(
    ada: Device, bob: Device, tmp_path: Path
):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
    # They are no contacts any more: by itself no device of his follows her.
    account = b64encode(await ada.account_id())
    async with bob.file() as file:
        await file.ask("DELETE", f"/contacts/{account}")
    phone = await bob.another(tmp_path / "phone")
    await bob.hears()
    assert "record_uninvited" in refusals(await phone.hears())
    async with bob.open() as talk:
        await talk.agree(conversation)
        await talk.sync()
    assert await phone.texts() == []
    async with phone.open() as talk:
        assert [(one.state, one.why) for one in talk.known()] == [("following", "pinned")]


async def test_who_comes_later_is_told_the_name_by_an_admin(
    ada: Device, bob: Device, eve: Device, tmp_path: Path
):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain], name="The Three")
        await talk.add(conversation, [eve.chain])
    await eve.hears()
    await bob.hears()
    phone = await linked(bob, tmp_path / "phone")
    await phone.hears()
    await ada.hears()
    await phone.hears()
    for one in (eve, phone):
        async with one.open() as talk:
            assert [each.name for each in talk.known()] == ["The Three"]


async def test_a_device_that_has_not_heard_of_another_one_reads_its_own_chain_first(
    ada: Device, bob: Device, tmp_path: Path
):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.sync()
    phone = await linked(ada, tmp_path / "phone")
    await phone.says_all(conversation, "from the phone")
    tablet = await linked(ada, tmp_path / "tablet")
    await phone.says(conversation, "for the tablet too")
    assert await tablet.texts() == ["for the tablet too"]
