"""What is put together by hand is what the objects of the specification would be."""

import msgspec
import pytest
from msgspec.structs import replace

from ephemeral.rooms.api import answers, objects
from ephemeral.rooms.rules import room as nouns

# Always the same: what is asked for by parameters must be the same in every process of a run.
ID, MEMBER, VIEWING = bytes(range(16)), bytes(range(16, 32)), bytes(range(32))
NOTICE = nouns.Notice(ID, 7, MEMBER, 512, 1, 2, "stored", None, None, None)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answers.event(nouns.OpenedEvent(ID, MEMBER, 3)), objects.OpenedEvent),
        (
            answers.event(nouns.DestroyedEvent(ID, "viewed", VIEWING, MEMBER, 1, 9)),
            objects.DestroyedEvent,
        ),
        (
            answers.event(nouns.DestroyedEvent(ID, "expired", None, None, 0, 9)),
            objects.DestroyedEvent,
        ),
        (answers.outcome(nouns.Receipt(ID, "stored", 7, 1, 2, fresh=True)), objects.ReceiptObject),
        (
            answers.outcome(nouns.Receipt(ID, "stored", 7, 1, 2, audience=(MEMBER,), fresh=True)),
            objects.ReceiptObject,
        ),
        (
            answers.outcome(nouns.Receipt(ID, "withdrawn", opened=2, reader=MEMBER, ended_at=9)),
            objects.ReceiptObject,
        ),
        (answers.outcome(nouns.Receipt(ID, "opened", 7, 1, 2)), objects.ReceiptObject),
        (answers.outcome(nouns.Receipt(ID, "viewed", viewing=VIEWING)), objects.ReceiptObject),
        (answers.outcome(nouns.Acknowledged(ID, "viewed")), objects.MessageState),
        (answers.outcome(nouns.Released(ID, 2)), objects.ReleasedObject),
        (answers.outcome(nouns.Withdrawn(ID, 2)), objects.WithdrawnObject),
        (
            answers.outcome(nouns.Opened(ID, bytes(512), MEMBER, 7, 1, 2, 3, 4)),
            objects.OpenedObject,
        ),
    ],
    ids=lambda one: None if isinstance(one, bytes) else one.__name__,
)
def test_words_said_by_hand_are_those_of_the_object(said: bytes, kind: type) -> None:
    assert msgspec.json.encode(msgspec.json.decode(said, type=kind, strict=True)) == said


@pytest.mark.parametrize(
    "notice",
    [NOTICE, replace(NOTICE, audience=(MEMBER,)), replace(NOTICE, state="opened", holder=MEMBER)],
    ids=["waits", "has an audience", "is held"],
)
def test_a_notice_is_the_object_with_its_type(notice: nouns.Notice) -> None:
    said = answers.event(nouns.NoticeEvent(notice))
    head = b'{"type":"notice",'
    assert said.startswith(head)
    body = b"{" + said.removeprefix(head)
    assert msgspec.json.encode(msgspec.json.decode(body, type=objects.NoticeObject)) == body
