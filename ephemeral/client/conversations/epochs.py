"""Beginning an epoch: docs/conversations.md, 4. Written down, posted, and found again in the log.

Whoever is refused because something came first reads on, looks whether the wish still stands, and
seals anew. Nothing of an epoch is believed before it stands in the log.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations import following
from ephemeral.client.conversations.following import Following
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.served import Members
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.conversations import making
from ephemeral.protocol.conversations.epochs import SEED_SIZE, seal_boxes, sign_record
from ephemeral.protocol.conversations.judge import due
from ephemeral.protocol.conversations.making import KEEP, Change
from ephemeral.protocol.conversations.records import BOX_SIZE, Record, SignedRecord
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

__all__ = ["ATTEMPTS", "RENEW", "Draft", "Epochs"]

#: So often something may come first before somebody gives up.
ATTEMPTS = 12
# Reasons to follow a conversation by which a device that isn't listed may list itself.
_COMPARED = {"pinned", "self"}
# Refusals that a reader of the log comes after.
_LATE = {"conflict", "record_epoch", "record_previous", "record_seen", "broken"}

#: Nothing but what is due.
RENEW = Change()

#: Reads a conversation on to its end; or sees what its log is, where the server has another.
Read = Callable[[Following], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A record with its boxes, before it is posted."""

    signed: SignedRecord
    boxes: list[bytes]


class Epochs:
    """Begins epochs. `read` reads on in a conversation, `look_again` where its log is another."""

    def __init__(
        self,
        account: Account,
        store: Store,
        service: Service,
        people: People,
        read: Read,
        look_again: Read,
    ) -> None:
        self._account = account
        self._store = store
        self._service = service
        self._people = people
        self._read = read
        self._look_again = look_again

    def due(self, one: Following) -> str | None:
        """Why nothing may be sent before another epoch, as far as this device knows: what the
        chains say, or "seed" where it doesn't have the secret.
        """
        why = due(one.record, self._people)
        if why is not None:
            return why
        seed = following.seed_of(self._store, one.conversation, one.record.epoch)
        return "seed" if seed is None else None

    async def begin(self, one: Following, wish: Change = RENEW) -> None:
        """Begin an epoch, in which `wish` is fulfilled and all that is due is done.

        Refuses `not_admin`, `not_member`, what the judge does, `contact_needed`, `too_many`, and
        `conflict` where others come first again and again.
        """
        epoch = one.record.epoch
        for attempt in range(ATTEMPTS + 1):
            self._require_member(one)
            if (wish.by_admin or one.record.epoch != epoch) and self._is_done(one, wish):
                return
            if attempt < ATTEMPTS:
                await self._attempt(one, wish)
        raise Refusal("conflict")

    async def _attempt(self, one: Following, wish: Change) -> None:
        """Post a record, and read on to it, or to what came first."""
        draft: Draft | None = None
        try:
            draft = self._draft_of(one, wish)
            if draft is None:
                members = await self._service.members(one.conversation)
                draft = await self._made(one, wish, members)
            await self._service.begin(one.conversation, draft.signed, draft.boxes)
        except Refusal as refusal:
            if refusal.code == "not_found":
                raise Refusal("not_member") from None
            if draft is not None and refusal.status < 500 and refusal.code != "too_many":
                with self._store.writing("draft"):
                    self._store.do(
                        "UPDATE drafts SET dead = 1 WHERE conversation = ? AND record = ?",
                        one.conversation, draft.signed.hash,
                    )  # fmt: skip
            if refusal.code not in _LATE:
                raise
            if refusal.code == "broken":
                await self._look_again(one)
                return
        await self._read(one)

    async def _made(self, one: Following, wish: Change, members: Members) -> Draft:
        await self._people.newest(members.people)
        keys: dict[bytes, SealingKey] = {}
        for person in members.people:
            keys |= self._people.usable_keys(person.chain, person.keys)
        there = {each.chain for each in one.record.people}
        new = [chain for chain in wish.add if chain not in there]
        keys |= await self._people.keys_of_new(new, [each.person for each in members.joins])
        seed = self._account.context.random(SEED_SIZE)
        device = self._account.kept.device
        assert device is not None, "conversations have devices"
        wanted = _still(wish, one.record)
        record = making.renewal(
            one.record, self._people, keys, one.log.place, one.log.hash, device, seed,
            Change(
                wanted.add, wanted.remove, wanted.roles, wanted.timer, wanted.joining,
                tuple(members.leaves),
            ),
        )  # fmt: skip
        return self.drafted(record, keys, seed, wish)

    def drafted(
        self, record: Record, keys: Mapping[bytes, SealingKey], seed: bytes, wish: Change
    ) -> Draft:
        """The record sealed and signed; seed and record are on the disk when this returns."""
        key = self._account.kept.key
        assert key is not None, "conversations have devices"
        named = [one.device for one in record.devices]
        data = record.encode()
        to = making.sealing_keys(record, keys)
        boxes = seal_boxes(SignedRecord(data, b"", ()).hash, to, named, seed)
        signed = sign_record(key, data, boxes)
        conversation = record.conversation
        with self._store.writing("draft"):
            self._store.do(
                "INSERT OR REPLACE INTO drafts VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                conversation, signed.hash, record.epoch, _written(wish), signed.entry(),
                b"".join(bytes([bool(one)]) + one for one in boxes),
                self._store.seal("drafts", conversation, seed),
            )  # fmt: skip
        return Draft(signed, boxes)

    def _draft_of(self, one: Following, wish: Change) -> Draft | None:
        """What was made of the same wish here before, and may have been posted: the same bytes."""
        rows = self._store.all(
            "SELECT entry, boxes FROM drafts "
            "WHERE conversation = ? AND epoch = ? AND wish = ? AND dead = 0",
            one.conversation, one.record.epoch + 1, _written(wish),
        )  # fmt: skip
        for entry, boxes in rows:
            signed = SignedRecord.read(entry)
            if signed.record.previous == one.signed.hash:
                return Draft(signed, _parted(boxes))
        return None

    def _require_member(self, one: Following) -> None:
        if one.state in {following.GONE, following.LEFT}:
            raise Refusal("not_member")
        if one.state != following.FOLLOWING:
            raise Refusal(one.why)
        device = self._account.kept.device
        if device is not None and not one.lists(device) and one.why not in _COMPARED:
            # A server could have shown it an old record, with people who are gone since: it waits
            # until somebody who knows better lists it.
            raise Refusal("not_compared")

    def _is_done(self, one: Following, wish: Change) -> bool:
        """Whether nothing is left to be wished for, or to be done first."""
        rest = _still(wish, one.record)
        return not rest.by_admin and self.due(one) is None


def _still(wish: Change, record: Record) -> Change:
    """What of a wish isn't so already."""
    there = {one.chain: one.role for one in record.people}
    return Change(
        add={chain: role for chain, role in wish.add.items() if chain not in there},
        remove=frozenset(wish.remove & there.keys()),
        roles={
            chain: role
            for chain, role in wish.roles.items()
            if chain in there and there[chain] != role
        },
        timer=None if wish.timer == record.timer else wish.timer,
        joining=KEEP if wish.joining == record.joining else wish.joining,
        leaves=wish.leaves,
    )


def _written(wish: Change) -> bytes:
    """A wish in one form, by which the same one is known again."""
    joining = wish.joining
    return canonical_json.encode(
        {
            "add": {b64encode(chain): role for chain, role in wish.add.items()},
            "remove": sorted(map(b64encode, wish.remove)),
            "roles": {b64encode(chain): role for chain, role in wish.roles.items()},
            "timer": wish.timer,
            "joining": b64encode(joining) if isinstance(joining, bytes) else joining is None,
        }
    )


def _parted(boxes: bytes) -> list[bytes]:
    found = []
    at = 0
    while at < len(boxes):
        size = BOX_SIZE if boxes[at] else 0
        found.append(boxes[at + 1 : at + 1 + size])
        at += 1 + size
    return found
