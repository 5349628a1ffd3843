"""Invitations are the account's, whichever device has made them: docs/conversations.md, 11.6.

Their secrets go to all own devices by the register `links`. Whoever has used one, or withdrawn it,
takes it away there.
"""

from collections.abc import Mapping

from ephemeral.client.accounts.kept_people import Invited, People
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE
from ephemeral.protocol.objects import read_bytes, read_integer

__all__ = ["adopt", "told", "untold"]


def adopt(people: People, register: Mapping[str, object]) -> bool:
    """Take invitations that others have made, and forget those that they have done with; whether
    that was news. What has another form is passed over."""
    known = {one.id for one in people.invited}
    read = {one.id: one for one in map(_read, register, register.values()) if one is not None}
    come = [one for name, one in read.items() if name not in known and name not in people.links]
    gone = [name for name in people.links if b64encode(name) not in register]
    people.invited = [one for one in people.invited if one.id not in gone] + come
    people.links = [one for one in people.links if one not in gone] + [one.id for one in come]
    return bool(come or gone)


def untold(people: People, register: Mapping[str, object]) -> list[tuple[bytes, object]]:
    """What other devices are to be told: ids with their values, None for what is done with."""
    known = {one.id for one in people.invited}
    made = [(one.id, _value(one)) for one in people.invited if one.id not in people.links]
    done = [name for name in people.links if name not in known and b64encode(name) in register]
    return [*made, *((name, None) for name in done)]


def told(people: People, name: bytes, value: object) -> None:
    """Others know it now."""
    if value is None:
        people.links.remove(name)
    else:
        people.links.append(name)


def _value(one: Invited) -> dict[str, object]:
    return {
        "secret": b64encode(one.secret),
        "conversation": None if one.conversation is None else b64encode(one.conversation),
        "epoch": one.epoch,
        "until": one.expires_at,
        "label": one.label,
    }


def _read(key: str, value: object) -> Invited | None:
    if not isinstance(value, Mapping):
        return None
    of, label = value.get("conversation"), value.get("label")
    try:
        return Invited(
            b64decode(key, ID_SIZE),
            read_bytes(value, "secret", KEY_SIZE),
            read_integer(value, "until"),
            label if isinstance(label, str) else None,
            None if of is None else b64decode(of, ID_SIZE),
            epoch=read_integer(value, "epoch"),
        )
    except Refusal:
        return None
