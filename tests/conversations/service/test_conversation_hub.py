"""The hub of accounts' sockets, without a database: what overtakes, is missed, and is left."""

import asyncio
import os

import pytest
from support.machines.listening_stage import (
    ACCOUNT,
    DEVICE,
    HINTS,
    ONE,
    OTHER,
    TOPIC,
    Socket,
    Table,
    places,
    stage,
)

from ephemeral.accounts.doors import (
    ChainMoved,
    ChangedEvent,
    ContactsChanged,
    SessionEnded,
    SuspensionEvent,
)
from ephemeral.conversations.rules.changes import (
    ConversationChanged,
    ConversationsChanged,
    CursorMoved,
    PeopleChanged,
    Typing,
)
from ephemeral.conversations.service import hub as module
from ephemeral.live.bus import UnsureEvent
from ephemeral.live.hints import ALL_TOPICS
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal


async def test_what_was_written_here_is_told_at_once_and_nothing_is_read_for_it():
    async with stage() as made:
        sockets = [await made.socket(), await made.socket()]
        for place in (2, 3):
            made.say()
            for one in sockets:
                (told,) = one.take()
                assert (places([told]), told["s"], told["hash"]) == (
                    [place], place, b64encode(made.log.log.hash),
                )  # fmt: skip
        assert made.tables.readings == []


async def test_many_conversations_are_read_at_once_when_somebody_comes_and_none_by_itself():
    async with stage() as made:
        for _ in range(499):
            table = Table(os.urandom(16))
            made.tables.logs[table.conversation] = table
        made.tables.members[ACCOUNT] = set(made.tables.logs)
        socket = Socket()
        attended, _ = await made.hub.begin(socket)
        assert len(attended) == 500
        assert (made.tables.lists, made.tables.readings) == (2, [])
        # All of them go on: many are read in one transaction.
        for table in made.tables.logs.values():
            made.hint(ConversationChanged(table.write().s), table.conversation)
        await made.settle()
        assert len(socket.take()) == 500
        assert len(made.tables.readings) == 8


async def test_what_another_process_has_written_is_read_once_for_all_who_listen():
    async with stage() as made:
        sockets = [await made.socket(), await made.socket()]
        for _ in range(2):
            made.hint(ConversationChanged(made.log.write().s))
        await made.settle()
        assert made.tables.readings == [[ONE]]
        assert [places(one.take()) for one in sockets] == [[2, 3]] * 2
        # And this process goes on from there.
        made.say()
        assert places(sockets[0].take()) == [4]
        assert made.tables.readings == [[ONE]]


async def test_a_hint_that_was_overtaken_tells_nothing_twice():
    async with stage() as made:
        socket = await made.socket()
        first, second = made.log.write(), made.log.write()
        made.hint(ConversationChanged(second.s))
        made.hint(ConversationChanged(first.s))
        await made.settle()
        made.hint(ConversationChanged(first.s))
        await made.settle()
        told = socket.take()
        assert [one["type"] for one in told] == ["entry"]
        assert places(told) == [2, 3]


async def test_a_message_that_is_written_here_while_the_log_is_read_is_told_in_its_place():
    async with stage() as made:
        socket = await made.socket()
        made.tables.meanwhile.append(made.say)
        made.hint(ConversationChanged(made.log.write().s))
        await made.settle()
        assert places(socket.take()) == [2, 3]


async def test_a_message_that_is_written_here_while_another_is_missing_is_read():
    """It is told of one that this process has, and of one behind it that another has written."""
    async with stage() as made:
        socket = await made.socket()
        made.recent.add(ONE, [made.log.write()])
        made.hint(ConversationChanged(made.log.write().s))
        await made.settle()
        assert [one["s"] for one in socket.told] == [3]
        assert places(socket.take()) == [2, 3]


async def test_nothing_falls_between_the_welcome_and_what_is_told():
    """A message, and a conversation, that come while it is read how everything stands."""
    async with stage() as made:
        made.tables.logs[OTHER] = Table(OTHER)

        def come() -> None:
            made.tables.members[ACCOUNT].add(OTHER)
            made.bus.publish([(TOPIC, ConversationsChanged())])

        # Before anybody listens; then when it was read the last time.
        made.tables.meanwhile += [made.say, lambda: (made.say(), come())]
        socket = Socket()
        attended, _ = await made.hub.begin(socket)
        assert [(one.row.conversation, one.row.s) for one in attended] == [(ONE, 2)]
        await made.settle()
        told = socket.take()
        assert [one["type"] for one in told] == ["entry", "conversations"]
        assert 3 in places(told)
        assert told[1]["come"] == [{"conversation": b64encode(OTHER), "s": 1, "epoch": 1}]
        made.hint(ConversationChanged(made.tables.logs[OTHER].write().s), OTHER)
        await made.settle()
        assert places(socket.take()) == [2]


async def test_of_two_readings_at_once_the_older_does_not_count():
    async with stage() as made:
        held = made.tables.held = asyncio.Event()
        socket = Socket()
        beginning = asyncio.create_task(made.hub.begin(socket))
        await made.settle()
        made.tables.logs[OTHER] = Table(OTHER)
        made.tables.members[ACCOUNT].add(OTHER)
        made.bus.publish([(TOPIC, ConversationsChanged())])
        await made.settle()
        # What it is told now was true before.
        held.set()
        attended, _ = await beginning
        await made.settle()
        known = [one.row.conversation for one in attended]
        told = [b64encode(one) for one in known]
        told += [one["conversation"] for each in socket.take() for one in each.get("come", [])]
        assert b64encode(OTHER) in told
        made.hint(ConversationChanged(made.tables.logs[OTHER].write().s), OTHER)
        await made.settle()
        assert places(socket.take()) == [2]


async def test_what_a_device_may_read_is_never_what_it_was_before():
    """A record lists it while it is read how everything stands, and is told before that is."""
    async with stage() as made:
        await made.socket()
        held = asyncio.Event()
        made.tables.meanwhile.append(lambda: setattr(made.tables, "held", held))
        new = Socket(b"n" * 16)
        beginning = asyncio.create_task(made.hub.begin(new))
        await made.settle()
        made.hint(ConversationChanged(made.log.begin(new.device).s))
        await made.settle()
        held.set()
        await beginning
        await made.settle()
        new.take()
        made.say()
        (told,) = new.take()
        assert "entry" in told["entries"][0]


async def test_another_record_is_told_before_its_entry_and_a_device_reads_from_its_own_on():
    async with stage() as made:
        listed, new = await made.socket(), await made.socket(b"n" * 16)
        made.say()
        assert "entry" in listed.take()[0]["entries"][0]
        assert "entry" not in new.take()[0]["entries"][0]
        # One more than it may read, and the record that lists it.
        made.log.write()
        made.hint(ConversationChanged(made.log.begin(new.device).s))
        await made.settle()
        for socket, read in ((listed, [3, 4]), (new, [4])):
            told = socket.take()
            assert [one["type"] for one in told] == ["epoch", "entry"]
            assert [one["s"] for one in told[1]["entries"] if "entry" in one] == read
            assert told[1]["epoch"] == told[0]["epoch"] == 2


async def test_whoever_is_in_it_no_more_is_told_that_and_nothing_else():
    async with stage() as made:
        made.tables.members[b"b" * 16] = {ONE}
        made.log.firsts[b"e" * 16] = 1
        stays, goes = await made.socket(), await made.socket(b"e" * 16, b"b" * 16)
        made.tables.members[goes.account].clear()
        del made.log.firsts[goes.device]
        made.hint(ConversationChanged(made.log.begin().s))
        await made.settle()
        assert [one["type"] for one in stays.take()] == ["epoch", "entry"]
        assert goes.take() == [
            {"type": "conversations", "come": [], "gone": [b64encode(ONE)]}
        ]  # fmt: skip
        made.say()
        assert places(stays.take()) == [3]
        assert goes.take() == []


async def test_a_conversation_that_is_gone_is_told_to_all_who_listen():
    async with stage() as made:
        socket = await made.socket()
        del made.tables.logs[ONE]
        made.hint(ConversationChanged(0))
        await made.settle()
        assert socket.take() == [{"type": "conversations", "come": [], "gone": [b64encode(ONE)]}]
        assert not made.hub.listens(HINTS.topic(ONE))


async def test_changes_of_people_are_told_and_those_of_the_account():
    async with stage() as made:
        socket = await made.socket()
        made.hint(PeopleChanged())
        await made.settle()
        assert socket.take() == [{"type": "people", "conversation": b64encode(ONE)}]
        made.bus.publish([(TOPIC, ChangedEvent()), (TOPIC, ContactsChanged())])
        made.bus.publish([(ACCOUNT, ChainMoved(b"c" * 32))])
        assert socket.take() == [
            {"type": "device"}, {"type": "contact"},
            {"type": "chain", "chain": b64encode(b"c" * 32)},
        ]  # fmt: skip


@pytest.mark.parametrize("what", ["missed", "all topics", "its topic"])
async def test_where_hints_were_missed_all_is_read_again_and_what_is_new_is_told(what: str):
    async with stage() as made:
        socket = await made.socket()
        made.log.write()
        if what == "missed":
            made.hub.missed()
        elif what == "all topics":
            made.bus.publish([(ALL_TOPICS, UnsureEvent())])
        else:
            made.hint(UnsureEvent())
        await made.settle()
        told = [one for one in socket.take() if one["type"] not in {"contact", "device"}]
        assert [one["type"] for one in told] == ["entry"]
        assert places(told) == [2]
        # That something is due now is told, although nobody said so.
        made.log.due = "devices"
        if what == "missed":
            made.hub.missed()
        else:
            made.hint(UnsureEvent())
        await made.settle()
        assert set(socket.kinds()) - {"contact", "device"} == {"people"}


@pytest.mark.parametrize("what", ["conversations", "entry"])
async def test_what_can_not_be_read_at_the_moment_is_read_later(
    what: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0)
    async with stage() as made:
        socket = await made.socket()
        made.tables.away = True
        if what == "entry":
            made.hint(ConversationChanged(made.log.write().s))
        else:
            made.tables.logs[OTHER] = Table(OTHER)
            made.tables.members[ACCOUNT].add(OTHER)
            made.bus.publish([(TOPIC, ConversationsChanged())])
        await made.settle()
        assert socket.take() == []
        made.tables.away = False
        await made.settle()
        assert socket.kinds() == [what]


async def test_what_has_come_and_what_is_gone_is_told_also_where_reading_fails_in_the_midst_of_it(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0)
    async with stage() as made:
        socket = await made.socket()
        made.tables.logs[OTHER] = Table(OTHER)
        made.tables.members[ACCOUNT] = {OTHER}
        made.tables.meanwhile.append(lambda: setattr(made.tables, "away", True))
        made.bus.publish([(TOPIC, ConversationsChanged())])
        await made.settle()
        assert socket.take() == []
        made.tables.away = False
        await made.settle()
        assert socket.take() == [
            {
                "type": "conversations",
                "come": [{"conversation": b64encode(OTHER), "s": 1, "epoch": 1}],
                "gone": [b64encode(ONE)],
            }
        ]


async def test_a_session_that_ends_is_told_to_its_sockets_and_to_no_others():
    async with stage() as made:
        ends, stays = await made.socket(), await made.socket()
        made.bus.publish([(b"sessions", SessionEnded(ends.sid))])
        assert (ends.has_ended, stays.has_ended) == (True, False)
        made.say()
        assert ends.take() == []
        # One whose end was not heard of.
        made.ended.sids.add(stays.sid)
        await made.hub._look(0)
        assert stays.has_ended
        # And one that ends while nobody can be told.
        alone = await made.socket()
        made.ended.unread.add(alone.sid)
        await made.hub._look(0)
        assert not alone.has_ended
        made.bus.is_up = False
        await made.hub._look(0)
        assert alone.has_ended


async def test_who_is_suspended_hears_nothing_more_as_soon_as_that_is_told():
    async with stage() as made:
        socket = await made.socket()
        made.bus.publish([(TOPIC, SuspensionEvent())])
        assert socket.has_ended


async def test_a_session_that_ended_before_anybody_listened_has_no_socket():
    async with stage() as made:
        socket = Socket()
        made.ended.sids.add(socket.sid)
        with pytest.raises(Refusal, match="session_ended"):
            await made.hub.begin(socket)
        # And one that ends while it is read how everything stands.
        socket = Socket()
        ended = [(b"sessions", SessionEnded(socket.sid))]
        made.tables.meanwhile.append(lambda: made.bus.publish(ended))
        with pytest.raises(Refusal, match="session_ended"):
            await made.hub.begin(socket)
        assert socket.has_ended


async def test_receipts_are_gathered_and_typing_is_told_once_a_second():
    async with stage() as made:
        other = b"e" * 16
        made.log.firsts[other] = 1
        here, there = await made.socket(), await made.socket(other)
        unlisted = await made.socket(b"n" * 16)
        for cursor in (2, 1, 3):
            made.hint(CursorMoved(DEVICE, cursor))
        made.hint(CursorMoved(other, 2))
        assert there.take() == []
        await asyncio.sleep(module._GATHER_SECONDS * 1.5)
        (told,) = there.take()
        assert told["receipts"] == [
            {"device": b64encode(DEVICE), "cursor": 3}, {"device": b64encode(other), "cursor": 2},
        ]  # fmt: skip
        here.take()
        for _ in range(3):
            made.hub.type(DEVICE, ONE)
        assert (here.kinds(), there.kinds(), unlisted.kinds()) == ([], ["typing"], [])
        for device, conversation in ((b"n" * 16, ONE), (DEVICE, OTHER), (b"x" * 16, ONE)):
            with pytest.raises(Refusal, match="not_found"):
                made.hub.type(device, conversation)
        made.hint(Typing(other))
        assert here.kinds() == ["typing"]


async def test_a_signal_is_passed_on_at_once_to_those_who_are_listed_and_told_nobody_later():
    async with stage() as made:
        other = b"e" * 16
        made.log.firsts[other] = 1
        here, there = await made.socket(), await made.socket(other)
        unlisted = await made.socket(b"n" * 16)
        for said in (b"1", b"2"):
            made.hub.signal(DEVICE, ONE, said)
        assert [one["sealed"] for one in there.take()] == [b64encode(b"1"), b64encode(b"2")]
        assert (here.kinds(), unlisted.kinds()) == ([], [])
        for device, conversation in ((b"n" * 16, ONE), (DEVICE, OTHER), (b"x" * 16, ONE)):
            with pytest.raises(Refusal, match="not_found"):
                made.hub.signal(device, conversation, b"3")
        assert (await made.socket(other)).kinds() == []


async def test_no_frame_is_larger_than_two_messages():
    async with stage() as made:
        socket = await made.socket()
        items = [made.log.write(size=49_622) for _ in range(5)]
        made.recent.add(ONE, items)
        made.hint(ConversationChanged(items[-1].s))
        told = socket.take()
        assert [len(one["entries"]) for one in told] == [2, 2, 1]
        assert [one["s"] for one in told] == [3, 5, 6]
        # Of more than that which was missed it is told that it is there.
        for _ in range(5):
            made.log.write(size=49_622)
        made.hint(ConversationChanged(made.log.log.place))
        await made.settle()
        (told,) = socket.take()
        assert (places([told]), told["s"]) == ([7, 8], 11)


async def test_whoever_has_gone_leaves_nothing_behind():
    async with stage() as made:
        sockets = [await made.socket(), await made.socket(b"n" * 16)]
        made.log.write()
        for event in (PeopleChanged(), CursorMoved(DEVICE, 1), UnsureEvent()):
            made.hint(event)
        made.bus.publish([(TOPIC, UnsureEvent())])
        for one in sockets:
            made.hub.remove(one)
            made.hub.remove(one)
        await asyncio.sleep(module._GATHER_SECONDS * 1.5)
        kept = [value for name, value in vars(made.hub).items() if isinstance(value, dict | set)]
        assert kept
        assert not any(kept)
        assert not made.hub.listens(TOPIC)
