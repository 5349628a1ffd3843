"""Who was asked, who has which chain and who is blocked is known to all devices of the account.

Registers `request` and `block` (docs/conversations.md, 9.2). The server knows who is blocked, and
that somebody was asked; by whose address and with which chain, own devices tell each other alone.
"""

from collections.abc import Collection, Mapping

from ephemeral.client.accounts.kept_people import People
from ephemeral.protocol.accounts.addresses import is_address
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE

__all__ = ["BLOCK", "REQUEST", "adopt", "told", "untold"]

BLOCK, REQUEST = "block", "request"

_Register = Mapping[str, object]


def adopt(
    people: People, requests: _Register, blocks: _Register, waiting: Collection[bytes]
) -> bool:
    """Take what other devices have told; whether that was news. `waiting`: requests of which the
    server still tells. What has another form is passed over."""
    before = people.fields()
    for key, value in requests.items():
        name = _bytes(key)
        address, account = _known(value)
        if name is None:
            continue
        if len(name) == ID_SIZE:
            if address is not None and name in waiting:
                people.asked.setdefault(name, address)
        elif address is not None or account is not None:
            person = people.met(name)
            person.address = person.address or address
            person.account = person.account or account
    told_now = {name for name in map(_bytes, blocks) if name is not None and len(name) == KEY_SIZE}
    for name in told_now - {*people.blocks}:
        people.met(name).blocked = True
    for name in {*people.blocks} - told_now:
        person = people.met(name)
        # Of others the server says it.
        person.blocked = person.blocked and person.account is not None
    people.blocks = sorted(told_now)
    return people.fields() != before


def untold(people: People, requests: _Register) -> list[tuple[str, str, object]]:
    """What other devices are to be told: registers with their keys and values, None to take one
    away."""
    found: list[tuple[str, str, object]] = [
        (REQUEST, b64encode(request), {"address": address})
        for request, address in people.asked.items()
        if _known(requests.get(b64encode(request)))[0] is None
    ]
    for person in people.persons:
        key = b64encode(person.chain)
        told_of = requests.get(key)
        address, account = _known(told_of)
        news = {} if person.address is None or address is not None else {"address": person.address}
        if (
            person.account is not None
            and account is None
            and (news or person.blocked)
            and (person.compared or not _is_else(requests, person.account))
        ):
            news["account"] = b64encode(person.account)
        if news:
            had = told_of if isinstance(told_of, Mapping) else {}
            found.append((REQUEST, key, {**had, **news}))
        if person.blocked != (person.chain in people.blocks):
            found.append((BLOCK, key, True if person.blocked else None))
    return found


def told(people: People, register: str, key: str, value: object) -> None:
    """Others know it now."""
    if register != BLOCK:
        return
    name = b64decode(key, KEY_SIZE)
    people.blocks = sorted({*people.blocks} - {name} | ({name} if value else set()))


def _is_else(requests: _Register, account: bytes) -> bool:
    """Whether others know this account by a chain of theirs: who has another one is, as long as
    nobody has compared, whom the server has put in their place."""
    chains = {key: name for key in requests if (name := _bytes(key)) is not None}
    return any(
        len(name) == KEY_SIZE and _known(requests[key])[1] == account
        for key, name in chains.items()
    )


def _known(value: object) -> tuple[str | None, bytes | None]:
    """Address and account, as far as they are in form."""
    if not isinstance(value, Mapping):
        return None, None
    address, account = value.get("address"), _bytes(value.get("account"))
    return (
        address if isinstance(address, str) and is_address(address) else None,
        account if account is not None and len(account) == ID_SIZE else None,
    )


def _bytes(value: object) -> bytes | None:
    """An account, a request or a chain."""
    try:
        found = b64decode(value) if isinstance(value, str) else b""
    except Refusal:
        return None
    return found if len(found) in {ID_SIZE, KEY_SIZE} else None
