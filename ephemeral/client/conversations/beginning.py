"""From where a device follows a conversation: its first record (3.2), and what it goes on from when
what lies between isn't kept any more (7.3). docs/conversations.md.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations import following, judging, news, secrets
from ephemeral.client.conversations.following import Following
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.served import ServedEpoch
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.conversations.judge import Reader, first_reason
from ephemeral.protocol.conversations.log import Log
from ephemeral.protocol.conversations.records import Record, SignedRecord
from ephemeral.protocol.conversations.registers import founding_hash
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["Beginning", "Known"]

_DAY_MS = 86_400_000


class Known(NamedTuple):
    """What decides whom this person follows into a conversation: chains, and R."""

    contacts: frozenset[bytes]
    inviters: frozenset[bytes]
    pinned: frozenset[bytes]
    agreed: bool = False


class _Link(NamedTuple):
    """A record of the line that was judged good."""

    served: ServedEpoch
    signed: SignedRecord


class Beginning:
    """Finds the record from which a conversation is followed."""

    def __init__(
        self,
        account: Account,
        store: Store,
        service: Service,
        people: People,
    ) -> None:
        self._account = account
        self._store = store
        self._service = service
        self._people = people

    async def begin(self, conversation: bytes, known: Known) -> Following | None:
        """Follow a conversation from its first record, or keep it as a request. None: there is
        nothing from which it could be followed.
        """
        served = await self._service.epochs(conversation, 0)
        if not served:
            return None
        read = [(one, SignedRecord.read(one.entry)) for one in served]
        at = next((n for n, (_, one) in enumerate(read) if one.hash in known.pinned), 0)
        first, signed = read[at]
        record = signed.record
        refuse(record.conversation != conversation, "record_conversation")
        state, why = following.FOLLOWING, ""
        line = [_Link(first, signed)]
        try:
            await judging.require_good(self._people, None, signed)
            why = first_reason(record, self._people, self._reader(record, known))
            if why != "self" and signed.hash in known.pinned:
                # Whatever else speaks for it: own devices have told it from here on.
                why = "pinned"
            line += await self._line(signed, read[at + 1 :])
        except Refusal as refusal:
            if not judging.is_verdict(refusal.code):
                raise
            uninvited = refusal.code == "record_uninvited"
            state = following.REQUEST if uninvited else following.REFUSED
            why = refusal.code
        last = line[-1]
        listed = self._lists(last.signed.record)
        one = Following(
            conversation, state, why, last.signed, last.served.s,
            Log(last.signed.record.seen, last.signed.record.log),
            last.served.s if listed else last.served.s + 1, 0,
        )  # fmt: skip
        one.reach(one.log)
        before = following.load(self._store, conversation)
        if before is not None and (before.state, before.signed.hash) == (state, last.signed.hash):
            # It asks still, and was shown.
            return before
        notes = [self._told(one, last, state, why)]
        if why == "agreed":
            notes.append(self._note(one, last, "not_compared"))
        self._keep(one, line, notes)
        return one

    def _reader(self, record: Record, known: Known) -> Reader:
        own = self._people.own
        continued = None
        if record.continues is not None:
            continued = self._continued(record)
        return Reader(
            own.id, founding_hash(own.last), known.contacts, known.inviters, known.pinned,
            continued, known.agreed,
        )  # fmt: skip

    def _continued(self, record: Record) -> Record | None:
        """The record here that another one goes on from, unless one that did was followed before:
        of several, the first."""
        assert record.continues is not None
        taken = self._store.one(
            "SELECT value FROM meta WHERE name = ?", _taken(record.continues.conversation)
        )
        if taken is not None and taken[0] != record.conversation:
            return None
        return following.kept_record(self._store, *record.continues)

    async def _line(
        self, first: SignedRecord, rest: Sequence[tuple[ServedEpoch, SignedRecord]]
    ) -> list[_Link]:
        """On from a record that doesn't list this device, to one that does, or to the newest."""
        found: list[_Link] = []
        last = first
        for served, signed in rest:
            if self._lists(last.record):
                break
            await judging.require_good(self._people, last.record, signed)
            found.append(_Link(served, signed))
            last = signed
        return found

    async def skip(self, one: Following, first: object) -> None:
        """Go on behind what isn't kept: from the first record after which all is.

        Refuses `record_gone` if none can be followed.
        """
        served = await self._service.epochs(one.conversation, one.record.epoch - 1)
        line: list[_Link] = []
        last = one.signed
        notes: list[News] = []
        for each in served:
            signed = SignedRecord.read(each.entry)
            if signed.hash == one.signed.hash:
                line.append(_Link(each, signed))
                continue
            if signed.record.epoch != last.record.epoch + 1:
                # What lay between is gone. The newest is taken, from somebody who was there.
                newest = _Link(served[-1], SignedRecord.read(served[-1].entry))
                await self._require_known_author(one, newest.signed)
                line.append(newest)
                days = max(1, (self._account.now - self._began(one)) // _DAY_MS)
                notes.append(self._note(one, newest, "changes_not_seen", days=days))
                break
            await judging.require_good(self._people, last.record, signed)
            line.append(_Link(each, signed))
            last = signed
        kept = first if isinstance(first, int) else 0
        enough = [each for each in line if each.signed.record.seen >= kept - 1]
        refuse(not line, "record_gone")
        to = enough[0] if enough else line[-1]
        refuse(to.signed.record.seen < kept - 1, "record_gone")
        before = one.log.place
        one.signed, one.record_s = to.signed, to.served.s
        one.hashes = {}
        one.reach(Log(to.signed.record.seen, to.signed.record.log))
        if to.served.s - 1 > before:
            details = {"from": before + 1, "to": to.served.s - 1}
            at = to.served.at
            gap = News(0, one.conversation, news.GAP, to.served.s - 1, at, details=details)
            notes.insert(0, gap)
        if self._people.own.id not in {each.chain for each in to.signed.record.people}:
            one.state, one.why = following.GONE, "removed"
        self._keep(one, line[: line.index(to) + 1], notes)

    async def _require_known_author(self, one: Following, signed: SignedRecord) -> None:
        await judging.require_good(self._people, None, signed)
        record = signed.record
        author = record.person_of(record.by, self._people)
        own = record.person(self._people.own.id)
        known = author is not None and one.record.person(author.chain) is not None
        refuse(own is None or not known, "record_gone")

    def _began(self, one: Following) -> int:
        row = self._store.one(
            "SELECT at FROM records WHERE conversation = ? AND epoch = ?",
            one.conversation, one.record.epoch,
        )  # fmt: skip
        return int(row[0]) if row else self._account.now

    def _lists(self, record: Record) -> bool:
        return any(one.device == self._account.kept.device for one in record.devices)

    def _keep(self, one: Following, line: Sequence[_Link], notes: list[News]) -> None:
        opened = [
            secrets.opened(self._account.kept, self._store, each.signed, each.served.box)
            for each in line[-1:]
        ]
        if opened and opened[0].code is not None and one.state == following.FOLLOWING:
            notes.append(self._note(one, line[-1], opened[0].code))
        with self._store.writing("begin"):
            for each in line:
                seed = opened[0].seed if each is line[-1] else None
                following.keep_record(self._store, each.signed, each.served.s, each.served.at, seed)
            following.save(self._store, one)
            following.keep_news(self._store, notes)
            continues = line[0].signed.record.continues if line else None
            if continues is not None and one.state == following.FOLLOWING:
                self._store.do(
                    "INSERT OR IGNORE INTO meta VALUES (?, ?)",
                    _taken(continues.conversation), one.conversation,
                )  # fmt: skip

    def _told(self, one: Following, link: _Link, state: str, why: str) -> News:
        """That a conversation is there: its record, or why it isn't followed."""
        record = link.signed.record
        author = record.person_of(record.by, self._people)
        kind = news.RECORD if state == following.FOLLOWING else news.NOTE
        code = None if state == following.FOLLOWING else why
        details: dict[str, object] = {"epoch": record.epoch, "first": True, "why": why}
        return News(
            0, one.conversation, kind, link.served.s, link.served.at,
            author and author.chain, record.by, code=code, details=details,
        )  # fmt: skip

    def _note(self, one: Following, link: _Link, code: str, **details: object) -> News:
        record = link.signed.record
        author = record.person_of(record.by, self._people)
        return News(
            0, one.conversation, news.NOTE, link.served.s, link.served.at,
            author and author.chain, record.by, code=code, details=details,
        )  # fmt: skip


def _taken(conversation: bytes) -> str:
    return f"continued/{conversation.hex()}"
