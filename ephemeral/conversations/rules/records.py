"""What the server asks of a record beyond what everybody's judge does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ephemeral.protocol.accounts.statements import NO_HASH
from ephemeral.protocol.conversations.records import MemberDevice, Record

__all__ = ["Begun", "changes_nothing", "is_newest_key", "takes_out"]


class Begun(NamedTuple):
    """An epoch that has begun: its number, the place of its record, and the log's hash there."""

    conversation: bytes
    epoch: int
    s: int
    hash: bytes
    now: int


def is_newest_key(
    one: MemberDevice, before: Mapping[bytes, MemberDevice], newest: tuple[int, bytes] | None
) -> bool:
    """Whether a record seals to the key that its device has published last.

    None is also right where there is none, or one that contradicts the record before: an older
    one, or another of the same number. So nothing a device publishes keeps others from going on.
    """
    if newest is not None and (one.number, one.sealing) == newest:
        return True
    if (one.number, one.sealing) != (0, NO_HASH):
        return False
    was = before.get(one.device)
    if newest is None or was is None:
        return newest is None
    number, sealing = newest
    return number < was.number or (number == was.number and sealing != was.sealing)


def changes_nothing(before: Record, after: Record) -> bool:
    """Whether a record changes neither people nor devices, nor anything else that counts."""

    def said(record: Record) -> tuple[object, ...]:
        return (
            [(one.chain, one.role, one.since) for one in record.people],
            [one.device for one in record.devices],
            record.timer,
            record.joining,
        )

    return said(before) == said(after)


def takes_out(before: Record, after: Record) -> bool:
    """Whether a record takes people or devices out, and brings nobody: what has to be possible
    also where there is no room for anything."""
    people = {one.chain for one in before.people}, {one.chain for one in after.people}
    devices = {one.device for one in before.devices}, {one.device for one in after.devices}
    # Of fewer people more devices are listed.
    return people[1] < people[0] or (people[0] == people[1] and devices[1] < devices[0])
