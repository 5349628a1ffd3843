"""Attachments, from reserving to their end: rows, keys and objects (docs/protocol.md, section 15)."""

import os

import pytest
from support.machines.services import Attachment, Desk, Message

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.room import OpenedEvent, Seat

SECOND = 1_000


def with_attachment(**named: int) -> Message:
    return Message(attachment=Attachment(**named))


async def posted(desk: Desk, author: Seat, **named: int) -> Message:
    """A message that waits, with its attachment."""
    message = with_attachment(**named)
    await desk.send(author, message.attachment)
    await desk.post(author, message)
    return message


async def refusal(doing) -> str:
    with pytest.raises(Refusal) as refused:
        await doing
    return refused.value.code


async def fetched(desk: Desk, reader: Seat, message: Message) -> list[bytes]:
    attachment = message.attachment
    return [
        await desk.attachments.get(reader, attachment.id, at)
        for at in range(len(attachment.chunks))
    ]


async def test_what_is_sent_is_fetched_and_burns_with_its_message(desk: Desk):
    _, author, reader = await desk.pair()
    message = await posted(desk, author, padded=327_680)
    [event] = [event for _, event in desk.hints if hasattr(event, "notice")]
    assert event.notice.attachment == 327_680
    await desk.open_message(reader, message)
    assert await fetched(desk, reader, message) == message.attachment.chunks
    assert await desk.lying() == 2
    assert (await desk.acknowledge(reader, message)).state == "viewed"
    assert await desk.rows("attachments", "payload_keys", "purges") == {
        "attachments": 0, "payload_keys": 0, "purges": 1,
    }  # fmt: skip
    assert await desk.lying() == 0
