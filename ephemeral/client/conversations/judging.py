"""A record as this device judges it, and what it changes in words of the protocol."""

from ephemeral.client.conversations.people import People
from ephemeral.protocol.conversations.contents import Content
from ephemeral.protocol.conversations.judge import Bad, Waiting, judge
from ephemeral.protocol.conversations.records import ADMIN, Record, SignedRecord
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal

__all__ = ["changes", "counts", "is_verdict", "message_of", "owes_card", "require_good"]

_DAY_MS = 86_400_000


async def require_good(people: People, before: Record | None, signed: SignedRecord) -> None:
    """Refuse a record that breaks a rule, once all that is missing of chains was asked for."""
    verdict = judge(before, signed, people)
    if isinstance(verdict, Waiting):
        # All at once, and those that are named only later in the rules too.
        record = signed.record
        named = {one.chain for one in record.people}
        await people.reach(named | set(verdict.chains))
        verdict = judge(before, signed, people)
        if isinstance(verdict, Waiting):
            await people.reach(verdict.chains)
            verdict = judge(before, signed, people, complete=True)
    if isinstance(verdict, Bad):
        raise Refusal(verdict.code)


def is_verdict(code: str) -> bool:
    """Whether a refusal is about a record itself, and for ever; anything else, such as a chain that
    can't be read at this moment, is tried again."""
    return code.startswith("record_") or code == "log_fork"


def changes(before: Record, after: Record, people: People) -> dict[str, object]:
    """Who came and went, how, and what else is different. Chains in base64url."""
    was = {one.chain: one for one in before.people}
    now = {one.chain: one for one in after.people}
    left = {one.chain for one in after.leaves}
    found: dict[str, object] = {}
    gone = [one for one in was if one not in now]
    closed = {
        one for one in gone if (line := people.get(one)) is not None
        and line.closed_after(was[one].sequence)
    }  # fmt: skip
    for name, chains in (
        ("added", [one for one in now if one not in was]),
        ("left", [one for one in gone if one in left]),
        ("closed", [one for one in gone if one in closed - left]),
        ("removed", [one for one in gone if one not in left | closed]),
    ):
        if chains:
            found[name] = list(map(b64encode, chains))
    roles = {
        b64encode(chain): one.role
        for chain, one in now.items()
        if chain in was and was[chain].role != one.role
    }
    if roles:
        found["roles"] = roles
    others = [
        b64encode(one.chain)
        for one in after.people
        if one.chain in was
        and _devices(before, one.chain, people) != _devices(after, one.chain, people)
    ]
    if others:
        found["devices"] = others
    if after.timer != before.timer:
        found["timer"] = after.timer
    if after.joining != before.joining:
        found["joining"] = after.joining is not None
    return found


def _devices(record: Record, chain: bytes, people: People) -> set[bytes]:
    """Which of a person's devices a record lists."""
    line = people.get(chain)
    if line is None:
        return set()
    return {one.device for one in record.devices if line.last.key_ever_of(one.device) is not None}


def message_of(content: Content) -> tuple[bytes, bytes] | None:
    """The device and id of the message that a content is about."""
    of = content.body.get("of")
    if not isinstance(of, dict):
        return None
    return b64decode(of["device"]), b64decode(of["id"])


def owes_card(before: Record, after: Record, people: People, device: bytes) -> bool:
    """Whether devices have come that can't know the conversation's name, and it is for this device
    to tell it: the first of the first admin's, of those that were there."""
    there = {one.device for one in before.devices}
    if all(one.device in there for one in after.devices):
        return False
    return next(
        (
            one.device == device
            for one in after.devices
            if one.device in there
            and (person := after.person_of(one.device, people)) is not None
            and person.role == ADMIN
        ),
        False,
    )


def counts(
    people: People, chain: bytes, of: tuple[bytes, bytes] | None, written: int | None, at: int
) -> bool:
    """Whether an edit or a delete is its sender's to make, and in time (6.3).

    `chain` is who sent it, `written` and `at` are the server's times of the message and of this.
    What this device hasn't read, and so doesn't show, nobody changes.
    """
    line = people.get(chain)
    if of is None or written is None or line is None:
        return False
    return line.last.key_ever_of(of[0]) is not None and at - written <= _DAY_MS
