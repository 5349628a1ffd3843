"""A server that shows something else than there is: nothing of it is believed, and what isn't shown
is a line that says why."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from support.people.correspondents import Ask, Device, refusals, texts

from ephemeral.client.conversations import epochs as engine_epochs
from ephemeral.client.exits import ClientError
from ephemeral.protocol.conversations.log import Log
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.records import SignedRecord
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal


def telling(change: Callable[[str, str, dict[str, Any]], object]) -> Callable[[Ask], Ask]:
    """A server whose answers are changed: `change(method, path, answer)`."""

    def around(ask: Ask) -> Ask:
        async def asked(method, path, *rest, **more):
            answer = await ask(method, path, *rest, **more)
            change(method, path, answer)
            return answer

        return asked

    return around


def items(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[Ask], Ask]:
    def changed(_method: str, path: str, answer: dict[str, Any]) -> None:
        if "/messages?" in path:
            change(answer["entries"])

    return telling(changed)


def rewritten(change: Callable[[dict[str, Any]], object]) -> Callable[[Ask], Ask]:
    """A server that has written its log anew: pages, and the hash that comes of them."""

    def around(ask: Ask) -> Ask:
        async def asked(method, path, *rest, **more):
            answer = await ask(method, path, *rest, **more)
            if "/messages?" not in path:
                return answer
            where, after = path.split("?after=")
            true = (await ask(method, f"{where}?after=0"))["entries"][: int(after)]
            change(answer)
            log = Log.first(b64decode(where.split("/")[2]))
            for one in true + answer["entries"]:
                log = log.next(one["kind"], b64decode(one["device"]), b64decode(one["digest"]))
            answer["hash"] = b64encode(log.hash)
            return answer

        return asked

    return around


@pytest.fixture
async def conversation(ada: Device, bob: Device) -> bytes:
    """A conversation in which three things were said, of which he has read nothing."""
    async with ada.open() as talk:
        made = await talk.found([bob.chain])
        for one in ("one", "two", "three"):
            await talk.text(made, one)
    return made


async def failed(device: Device, conversation: bytes) -> str | None:
    """Why a conversation can't be read at this moment; nothing of it is shown."""
    async with device.open() as talk:
        failures = await talk.sync()
        assert texts(talk.news()) == []
        return failures.get(conversation)


async def reads_all(device: Device) -> None:
    device.around = None
    assert await device.texts() == ["one", "two", "three"]


async def test_an_entry_that_is_left_out_is_missed(bob: Device, conversation: bytes):
    bob.around = items(lambda found: found.pop(1))
    assert await failed(bob, conversation) == "malformed"
    await reads_all(bob)


async def test_entries_in_another_order_are_not_the_log(bob: Device, conversation: bytes):
    def swapped(found: list[dict[str, Any]]) -> None:
        one, two = found[1], found[2]
        one["s"], two["s"] = two["s"], one["s"]
        found[1], found[2] = two, one

    bob.around = items(swapped)
    # What comes of it is not the hash that the server says.
    async with bob.open() as talk:
        await talk.sync()
        assert refusals(talk.news()) == ["server_back", "log_fork"]
        assert texts(talk.news()) == []


async def test_a_server_that_keeps_nothing_of_what_it_serves_is_not_asked_for_ever(
    bob: Device, conversation: bytes
):
    asked: list[str] = []

    def behind(_method: str, path: str, _answer: dict[str, Any]) -> None:
        if "/messages?" in path:
            asked.append(path)
            assert len(asked) < 10, "it would ask for ever"
            # It names no place from where anything is kept.
            raise Refusal("behind", details={"first": 0})

    bob.around = telling(behind)
    assert await failed(bob, conversation) == "behind"
    await reads_all(bob)


async def test_an_entry_that_was_changed_is_not_read(bob: Device, conversation: bytes):
    def flipped(found: list[dict[str, Any]]) -> None:
        data = bytearray(b64decode(found[1]["entry"]))
        data[-1] ^= 1
        found[1]["entry"] = b64encode(bytes(data))

    bob.around = items(flipped)
    assert await failed(bob, conversation) == "malformed"
    await reads_all(bob)


async def test_an_entry_that_was_changed_along_with_its_digest_is_a_line(
    bob: Device, conversation: bytes
):
    def flipped(page: dict[str, Any]) -> None:
        last = page["entries"][-1]
        data = bytearray(b64decode(last["entry"]))
        data[-1] ^= 1
        last["entry"] = b64encode(bytes(data))
        last["digest"] = b64encode(hashlib.sha256(bytes(data)).digest())

    bob.around = rewritten(flipped)
    async with bob.open() as talk:
        await talk.sync()
        assert "message_broken" in refusals(talk.news())
        assert texts(talk.news()) == ["one", "two"]


async def test_a_message_that_somebody_else_is_said_to_have_sent_is_refused(
    ada: Device, bob: Device, conversation: bytes
):
    def renamed(page: dict[str, Any]) -> None:
        page["entries"][1]["device"] = b64encode(bytes(16))

    bob.around = rewritten(renamed)
    async with bob.open() as talk:
        await talk.sync()
        assert "message_device" in refusals(talk.news())
        assert "one" not in texts(talk.news())


async def test_a_device_that_nobody_has_added_gets_nothing(ada: Device, bob: Device):
    """The server names another key as somebody's: it isn't signed, and not sealed to."""

    def ghost(_method: str, path: str, answer: dict[str, Any]) -> None:
        if path.startswith("/contacts/") and path.endswith("/devices"):
            key = bytearray(b64decode(answer["devices"][0]["sealing"]["key"]))
            key[5] ^= 1
            answer["devices"][0]["sealing"]["key"] = b64encode(bytes(key))

    ada.around = telling(ghost)
    with pytest.raises(Refusal):
        async with ada.open() as talk:
            await talk.found([bob.chain])
    async with ada.open() as talk:
        drafts = talk._store.all("SELECT entry FROM drafts")
    sealed = [each for (one,) in drafts for each in SignedRecord.read(one).record.devices]
    assert {one.number for one in sealed if one.device == bob.id} == {0}


async def test_a_shorter_chain_than_was_read_is_not_followed(
    ada: Device, bob: Device, conversation: bytes, tmp_path
):
    await bob.hears()
    await ada.another(tmp_path / "phone")
    await bob.says(conversation, "after the phone")

    def back(_method: str, path: str, answer: dict[str, Any]) -> None:
        if path.endswith("/devices") and "people" in answer:
            for person in answer["people"]:
                if person["sequence"] == 1:
                    person["head"] = b64encode(bytes(32))

    bob.around = telling(back)
    with pytest.raises(Refusal) as refused:
        async with bob.open() as talk:
            await talk._epochs.begin(talk._of(conversation))
    assert refused.value.code == "chain_fork"


async def test_a_bad_record_is_not_followed_and_the_talk_goes_on_elsewhere(
    ada: Device, bob: Device, eve: Device, conversation: bytes
):
    """A server in league with somebody who isn't admin there, who adds a friend."""
    await bob.hears()
    forged = await _forged(bob, conversation, eve)
    entry = forged.entry()

    def shown(page: dict[str, Any]) -> None:
        place = {
            "s": page["s"] + 1, "kind": 1, "device": b64encode(bob.id), "at": 1,
            "digest": b64encode(hashlib.sha256(entry).digest()), "entry": b64encode(entry),
        }  # fmt: skip
        page["entries"].append(place)
        page["s"] += 1

    def listed(_method: str, path: str, answer: dict[str, Any]) -> None:
        if path.endswith("/chatrooms"):
            answer["conversations"][0]["s"] += 1

    ada.around = lambda ask: telling(listed)(rewritten(shown)(ask))
    heard = await ada.hears()
    assert refusals(heard) == ["record_role"]
    with pytest.raises(Refusal) as refused:
        await ada.says(conversation, "not to her friend")
    assert refused.value.code == "record_role"
    ada.around = None
    async with ada.open() as talk:
        again = await talk.repair(conversation)
        await talk.text(again, "elsewhere")
    assert (await bob.texts())[-1] == "elsewhere"


async def _forged(bob: Device, conversation: bytes, eve: Device):
    """Bob's record that he mayn't write: it adds somebody."""
    async with bob.open() as talk:
        one = talk._of(conversation)
        members = await talk.service.members(conversation)
        made = await talk._epochs._made(one, Change(), members)
        record = made.signed.record
        from dataclasses import replace

        from ephemeral.protocol.conversations.epochs import sign_record

        roles = tuple(each._replace(role="admin") for each in record.people)
        key = talk._account.kept.key
        assert key is not None
        return sign_record(key, replace(record, people=roles).encode(), made.boxes)


async def test_a_device_that_meets_what_it_never_sent_was_copied(
    ada: Device, bob: Device, conversation: bytes, tmp_path
):
    import shutil

    shutil.copytree(tmp_path / "ada", tmp_path / "copy")
    copy = Device(ada.url, tmp_path / "copy", ada.person)
    await copy.says(conversation, "by the copy")
    with pytest.raises((Refusal, ClientError)) as refused:
        await ada.hears()
    assert refused.value.code == "device_copied"


async def test_who_was_sealed_another_box_begins_the_next_epoch_and_names_the_author(
    ada: Device, bob: Device, conversation: bytes, monkeypatch: pytest.MonkeyPatch
):
    """Nobody but he can tell; he reads what comes after."""
    await bob.hears()

    # She doesn't need her own: she has written it down.
    monkeypatch.setattr(
        engine_epochs, "seal_boxes", lambda _record, keys, *_: [bytes(1168)] * len(keys)
    )
    async with ada.open() as talk:
        await talk.timer(conversation, 60)
        await talk.text(conversation, "not for him")
    monkeypatch.undo()
    heard = await bob.hears()
    assert refusals(heard) == ["box_broken", "box_broken"]
    note = next(one for one in heard if one.kind == "note")
    assert (note.chain, note.device) == (ada.chain, ada.id)
    await bob.says(conversation, "once more")
    assert await ada.texts() == ["one", "two", "three", "not for him", "once more"]
    assert await bob.texts() == ["once more"]


async def test_a_server_can_not_have_a_device_take_itself_for_copied(
    ada: Device, bob: Device, conversation: bytes
):
    """What is said to be its own, and isn't signed by it, is a line like any other."""
    await bob.says(conversation, "four")

    def renamed(page: dict[str, Any]) -> None:
        for one in page["entries"]:
            if one["device"] == b64encode(bob.id):
                one["device"] = b64encode(ada.id)

    await ada.hears()
    await bob.says(conversation, "five")
    ada.around = rewritten(renamed)
    async with ada.open() as talk:
        await talk.sync()
        codes = refusals(talk.news())
    assert "message_device" in codes
    assert "device_copied" not in codes


async def test_a_box_that_was_changed_on_its_way_is_asked_for_once_more(
    ada: Device, bob: Device, conversation: bytes
):
    await bob.hears()
    async with ada.open() as talk:
        await talk.timer(conversation, 60)
        await talk.text(conversation, "four")
    changed: list[str] = []

    def flipped(_method: str, path: str, answer: dict[str, Any]) -> None:
        if "/epochs?" in path and not changed:
            changed.append(path)
            for one in answer["epochs"]:
                one["box"] = one["box"] and b64encode(bytes(1168))

    bob.around = telling(flipped)
    assert await bob.texts() == ["four"]
    assert changed


async def test_only_an_admin_names_a_conversation(ada: Device, bob: Device, conversation: bytes):
    await bob.hears()
    async with bob.open() as talk:
        await talk.send(conversation, "card", {"name": "Bob's", "picture": None})
        assert talk.known()[0].name is None
    heard = await ada.hears()
    assert [one.details["counts"] for one in heard if "counts" in one.details] == [False]
    async with ada.open() as talk:
        assert talk.known()[0].name is None
        await talk.send(conversation, "card", {"name": "Ours", "picture": None})
    await bob.hears()
    async with bob.open() as talk:
        assert talk.known()[0].name == "Ours"
