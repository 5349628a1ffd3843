"""Reading on in a conversation: docs/conversations.md, 3 to 7, in the order of its log.

Everything that came is judged before it is shown, and whatever isn't shown is a line that says why.
A page of the log is written down whole: who dies in between reads it again.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations import following, judging, news, secrets
from ephemeral.client.conversations.beginning import Beginning
from ephemeral.client.conversations.comparing import is_elsewhere, is_other
from ephemeral.client.conversations.following import Following
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.registers import Sync
from ephemeral.client.conversations.served import Item, LogPage, ServedEpoch
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.conversations.contents import Content
from ephemeral.protocol.conversations.log import RECORD, Log
from ephemeral.protocol.conversations.messages import Opened, open_message
from ephemeral.protocol.conversations.records import ADMIN, SignedRecord
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["Reading"]

# What an entry of a log that has gone another way is refused for.
_OF_ANOTHER_LOG = {"log_fork", "message_record"}


@dataclass(slots=True)
class _Page:
    """What reading a page brings, to be written down at once."""

    news: list[News] = field(default_factory=list)
    records: list[tuple[SignedRecord, int, int, bytes | None]] = field(default_factory=list)
    ids: list[tuple[bytes, bytes, int, int, int]] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    synced: list[Content] = field(default_factory=list)
    seed: bytes | None = None
    #: Nothing beyond is read; or only from this place on, since what was before is destroyed.
    stop: bool = False
    skip: int | None = None
    #: Whether this may be another log than the one that was read here, which is seen at its end.
    doubted: bool = False


class Reading:
    """Reads conversations that are followed."""

    def __init__(
        self,
        account: Account,
        store: Store,
        service: Service,
        people: People,
        beginning: Beginning,
        sync: Sync,
    ) -> None:
        self._account = account
        self._store = store
        self._service = service
        self._people = people
        self._beginning = beginning
        self._sync = sync
        device = account.kept.device
        assert device is not None, "conversations have devices"
        self._device = device

    async def read_on(self, one: Following, *, again: bool = False) -> None:
        """Read to the log's end, or to what can't be followed. Refuses `malformed`, `broken`.

        `broken`: what the server shows isn't the log that was read here. `again`: this begins where
        both logs were the same, so whatever doesn't fit is the fault of whoever wrote it.
        """
        boxes: dict[int, ServedEpoch] = {}
        while one.state == following.FOLLOWING:
            try:
                page = await self._service.log(one.conversation, one.log.place)
            except Refusal as refusal:
                if refusal.code != "behind":
                    raise
                before, first = one.log.place, (refusal.details or {}).get("first")
                if not await self._is_here(one, first):
                    await self._beginning.skip(one, first)
                # Where nothing is gained it is no use to ask again.
                refuse(one.log.place <= before, "behind")
                continue
            if any(item.kind == RECORD and item.s not in boxes for item in page.items):
                served = await self._service.epochs(one.conversation, one.record.epoch - 1)
                refuse(is_elsewhere(one, served), "broken")
                boxes = {epoch.s: epoch for epoch in served}
            skipped = await self._page(one, page, boxes, doubted=page.more and not again)
            if not page.more and not skipped:
                behind = one.log.place < page.s and one.state == following.FOLLOWING
                refuse(behind or page.s < one.log.place, "broken")
                here = one.hashes.get(page.s)
                refuse(here is not None and here != page.hash, "broken")
                return

    async def _is_here(self, one: Following, first: object) -> bool:
        """Go on from before what is kept, where what was read here is what stands there (10.4)."""
        if not isinstance(first, int) or first - 1 not in one.hashes:
            return False
        log = Log(first - 1, one.hashes[first - 1])
        page = await self._service.log(one.conversation, log.place)
        if page.more or is_other(log, page):
            return False
        one.reach(log)
        return True

    async def _page(
        self, given: Following, page: LogPage, boxes: dict[int, ServedEpoch], *, doubted: bool
    ) -> bool:
        """Read a page, and write down what it brings; whether some of it had to be skipped."""
        # Nothing is shown of it, in whatever order, and nobody is blamed.
        refuse(is_other(given.log, page), "broken")
        # What is refused in the midst of it leaves no trace.
        one = given.copy()
        seed = following.seed_of(self._store, one.conversation, one.record.epoch)
        read = _Page(seed=seed, doubted=doubted)
        for item in page.items:
            entry = item.entry
            if entry is None and item.kind == RECORD and item.s in boxes:
                entry = boxes[item.s].entry
            told = hashlib.sha256(entry).digest() if entry is not None else item.digest
            refuse(told != item.digest, "malformed")
            log = one.log.next(item.kind, item.device, item.digest)
            if item.kind == RECORD:
                await self._record(one, item, entry, boxes.get(item.s), read)
                if read.stop:
                    break
                one.reach(log)
            else:
                self._message(one, item, entry, read)
                one.reach(log)
        self._write(one, read)
        given.become(one)
        if read.skip is not None:
            await self._beginning.skip(given, read.skip)
        return read.skip is not None

    def _write(self, one: Following, read: _Page) -> None:
        store, conversation = self._store, one.conversation
        with store.writing("page"):
            for signed, s, at, seed in read.records:
                following.keep_record(store, signed, s, at, seed)
            following.save(store, one)
            store.do_many(
                "INSERT OR IGNORE INTO ids VALUES (?, ?, ?, ?, ?, ?)",
                [(conversation, *each) for each in read.ids],
            )
            store.do_many(
                "DELETE FROM outbox WHERE conversation = ? AND id = ?",
                [(conversation, each) for each in read.sent],
            )
            for content in read.synced:
                self._sync(conversation, content)
            following.keep_news(store, read.news)

    async def again(self, one: Following) -> list[News]:
        """What still waits of the present epoch, opened once more; nothing is written down."""
        seed = following.seed_of(self._store, one.conversation, one.record.epoch)
        found: list[News] = []
        after = one.record_s
        while seed is not None:
            page = await self._service.log(one.conversation, after)
            for item in page.items:
                if item.kind == RECORD or item.s > one.log.place or item.entry is None:
                    continue
                read = _Page(seed=seed)
                with suppress(Refusal):
                    self._show(one, item, self._opened(one, item, item.entry, seed), read)
                found += read.news
            after += len(page.items)
            if not page.more:
                break
        return found

    # --- records ----------------------------------------------------------------------------------

    async def _record(
        self,
        one: Following,
        item: Item,
        entry: bytes | None,
        served: ServedEpoch | None,
        read: _Page,
    ) -> None:
        """The next record; or the one that this conversation was begun with, met again."""
        if item.s <= one.record_s:
            mine = hashlib.sha256(one.signed.entry()).digest() == item.digest
            refuse(item.s == one.record_s and not mine, "broken")
            return
        if entry is None:
            read.stop, read.skip = True, item.s + 1
            return
        try:
            signed = SignedRecord.read(entry)
            await judging.require_good(self._people, one.record, signed)
            record = signed.record
            refuse(record.by != item.device, "record_author")
            refuse(one.hashes.get(record.seen) != record.log, "log_fork")
        except Refusal as refusal:
            if not judging.is_verdict(refusal.code):
                raise
            refuse(read.doubted and refusal.code in _OF_ANOTHER_LOG, "broken")
            code = "update_needed" if refusal.code == "record_version" else refusal.code
            one.state, one.why = following.REFUSED, code
            read.news.append(self._refused(one, item, code))
            read.stop = True
            return
        self._require_own(one, signed)
        before = one.record
        said = one.card is not None or self._is_self(one)
        one.owed = said and judging.owes_card(before, record, self._people, self._device)
        one.signed, one.record_s = signed, item.s
        box = None if served is None else served.box
        opened = secrets.opened(self._account.kept, self._store, signed, box)
        if opened.code == "box_hash":
            # Not the author's fault: the server is asked once more.
            again = await self._service.epochs(one.conversation, record.epoch - 1)
            if again and again[0].epoch == record.epoch:
                kept = self._account.kept
                opened = secrets.opened(kept, self._store, signed, again[0].box)
        read.seed = opened.seed
        read.records.append((signed, item.s, item.at, opened.seed))
        author = record.person_of(record.by, self._people)
        changed = judging.changes(before, record, self._people)
        read.news.append(
            News(
                0, one.conversation, news.RECORD, item.s, item.at,
                author and author.chain, record.by, details={"epoch": record.epoch, **changed},
            )
        )  # fmt: skip
        if opened.code is not None:
            read.news.append(self._note(one, item, opened.code))
        if record.person(self._people.own.id) is None:
            one.state, one.why = following.GONE, "removed"
            read.news.append(self._note(one, item, "not_member"))
            read.stop = True

    def _require_own(self, one: Following, signed: SignedRecord) -> None:
        """Whoever meets a record of its own that it didn't make was copied."""
        if signed.record.by != self._device:
            return
        # One on its line is met again where a conversation that was gone is there again.
        row = self._store.one(
            "SELECT 1 FROM drafts WHERE conversation = ?1 AND record = ?2 "
            "UNION SELECT 1 FROM records WHERE conversation = ?1 AND record = ?2",
            one.conversation, signed.hash,
        )  # fmt: skip
        refuse(row is None, "device_copied")

    # --- messages ---------------------------------------------------------------------------------

    def _message(self, one: Following, item: Item, entry: bytes | None, read: _Page) -> None:
        if item.id is None:
            raise Refusal("malformed")
        if item.s < one.first or item.s <= one.record_s or not one.lists(self._device):
            return
        own = item.device == self._device and self._is_own(one, item, read)
        if self._is_known(one, item, read):
            return
        if entry is None:
            read.ids.append(_id(one, item))
            news.extend(read.news, one.conversation, news.DESTROYED, item.s, item.at)
            return
        if read.seed is None:
            read.news.append(self._refused(one, item, "box_broken"))
            return
        try:
            opened = self._opened(one, item, entry, read.seed)
        except Refusal as refusal:
            refuse(read.doubted and refusal.code in _OF_ANOTHER_LOG, "broken")
            read.news.append(self._refused(one, item, refusal.code))
            return
        # Signed by this device, which never made it: somebody else has its key.
        refuse(item.device == self._device and not own, "device_copied")
        read.ids.append(_id(one, item))
        self._show(one, item, opened, read)

    def _is_own(self, one: Following, item: Item, read: _Page) -> bool:
        """Whether this device has posted it; it leaves the outbox then."""
        row = self._store.one(
            "SELECT id FROM attempts WHERE conversation = ? AND digest = ?",
            one.conversation, item.digest,
        )  # fmt: skip
        if row is not None:
            read.sent.append(row[0])
        return row is not None

    def _opened(self, one: Following, item: Item, entry: bytes, seed: bytes) -> Opened:
        opened = open_message(
            seed, one.signed, one.record_s, self._people, entry, item.s, item.device,
            one.hashes.get,
        )  # fmt: skip
        refuse(opened.ad.id != item.id, "message_device")
        return opened

    def _is_known(self, one: Following, item: Item, read: _Page) -> bool:
        """Whether this very place was read before, as after a server went back; what comes a second
        time at another place is told."""
        key = (item.device, item.id)
        found = next((each[3] for each in read.ids if each[:2] == key), None)
        if found is None:
            row = self._store.one(
                "SELECT s FROM ids WHERE conversation = ? AND device = ? AND id = ?",
                one.conversation, *key,
            )  # fmt: skip
            found = None if row is None else int(row[0])
        if found is not None and found != item.s:
            read.news.append(self._refused(one, item, "message_again"))
        return found is not None

    def _show(self, one: Following, item: Item, opened: Opened, read: _Page) -> None:
        content, record = opened.content, one.record
        alone = self._is_self(one)
        if content.kind == "sync" or alone:
            if content.kind == "sync" and alone:
                read.synced.append(content)
            elif content.kind == "sync":
                read.news.append(self._refused(one, item, "content_form"))
            return
        person = record.person_of(item.device, self._people)
        assert person is not None, "open_message has found them"
        # What proves it to others goes with the line, and no further.
        details: dict[str, object] = {
            "ad": b64encode(opened.ad.encode()),
            "signature": b64encode(opened.signature),
        }
        if content.kind in {"edit", "delete"}:
            details["counts"] = self._counts(one, item, content, person.chain, read)
        elif content.kind == "card":
            details["counts"] = person.role == ADMIN
            details["same"] = content.body == one.card
            if person.role == ADMIN:
                one.card, one.owed = content.body, False
        read.news.append(
            News(
                0, one.conversation, news.MESSAGE, item.s, item.at, person.chain, item.device,
                item.id, content, details=details,
            )
        )  # fmt: skip

    def _is_self(self, one: Following) -> bool:
        return one.why == "self"

    def _counts(
        self, one: Following, item: Item, content: Content, chain: bytes, read: _Page
    ) -> bool:
        of = judging.message_of(content)
        at = next((each[4] for each in read.ids if each[:2] == of), None)
        if at is None and of is not None:
            at = following.time_of(self._store, one.conversation, of)
        return judging.counts(self._people, chain, of, at, item.at)

    def _refused(self, one: Following, item: Item, code: str) -> News:
        person = one.record.person_of(item.device, self._people)
        return News(
            0, one.conversation, news.REFUSED, item.s, item.at, person and person.chain,
            item.device, item.id, code=code,
        )  # fmt: skip

    def _note(self, one: Following, item: Item, code: str) -> News:
        person = one.record.person_of(item.device, self._people)
        return News(
            0, one.conversation, news.NOTE, item.s, item.at, person and person.chain, item.device,
            code=code, details={"by": b64encode(item.device)},
        )  # fmt: skip


def _id(one: Following, item: Item) -> tuple[bytes, bytes, int, int, int]:
    assert item.id is not None
    return item.device, item.id, one.record.epoch, item.s, item.at
