"""Sending: docs/conversations.md, 4 to 6. What is to be sent is on the disk before it is posted.

A message keeps its id for ever, and its bytes as long as its epoch lasts: what is posted again is
answered as at first. It leaves the outbox when it stands in the log.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations import following, judging, news
from ephemeral.client.conversations.epochs import ATTEMPTS, Epochs, Read
from ephemeral.client.conversations.following import Following
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.registers import Sync
from ephemeral.client.conversations.served import Posted, Stored
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.conversations import contents
from ephemeral.protocol.conversations.epochs import message_key
from ephemeral.protocol.conversations.log import MESSAGE, Log, digest
from ephemeral.protocol.conversations.messages import seal_message
from ephemeral.protocol.conversations.records import ADMIN
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE, NONCE_SIZE

__all__ = ["Noted", "Sending", "Sent"]

#: Is told the id of what begins to wait, in the transaction that writes it.
Noted = Callable[[bytes], None]

# Messages in one request, and bytes of them.
_ENTRIES_MAX, _BYTES_MAX = 16, 524_288
# How long an epoch is left to another device at most, and how often one looks whether it is there.
_WAIT_MS_MAX, _LOOK_SECONDS = 5_000, 0.25


class Sent(NamedTuple):
    """A message that stands in the log: its id, its place, and when it came there."""

    id: bytes
    s: int
    at: int


class _Waiting(NamedTuple):
    """A message in the outbox, with its bytes for an epoch, if it has some."""

    id: bytes
    content: bytes
    entry: bytes | None
    record: bytes | None


class Sending:
    """The outbox."""

    def __init__(
        self,
        account: Account,
        store: Store,
        service: Service,
        people: People,
        epochs: Epochs,
        read: Read,
        look_again: Read,
        sync: Sync,
    ) -> None:
        self._account = account
        self._store = store
        self._service = service
        self._people = people
        self._epochs = epochs
        self._read = read
        self._look_again = look_again
        self._sync = sync

    def put(self, conversation: bytes, content: bytes, noted: Noted | None = None) -> bytes:
        """A content waits to be sent from now on; its id. `noted` writes more, with it or not."""
        name = self._account.context.random(ID_SIZE)
        sealed = self._store.seal("outbox", conversation, content)
        with self._store.writing("outbox"):
            self._store.do(
                "INSERT INTO outbox (conversation, id, content) VALUES (?, ?, ?)",
                conversation, name, sealed,
            )  # fmt: skip
            if noted is not None:
                noted(name)
        return name

    def drop(self, conversation: bytes, message: bytes) -> None:
        """It isn't to be sent any more."""
        with self._store.writing("drop"):
            self._store.do(
                "DELETE FROM outbox WHERE conversation = ? AND id = ?", conversation, message
            )

    def waits_in(self) -> list[bytes]:
        """In which conversations something waits."""
        rows = self._store.all("SELECT conversation FROM outbox GROUP BY conversation")
        return [one for (one,) in rows]

    async def flush(self, one: Following) -> list[Sent]:
        """Send what waits, in its order; refuses what can't be mended by reading or renewing."""
        sent: list[Sent] = []
        attempts = 0
        waited = False
        while batch := self._batch(one):
            if one.state != following.FOLLOWING:
                gone = one.state in {following.GONE, following.LEFT}
                raise Refusal("not_member" if gone else one.why)
            if attempts == ATTEMPTS:
                raise Refusal("conflict")
            if self._epochs.due(one) is not None:
                await self._epochs.begin(one)
                attempts += 1
                continue
            batch = self._sealed(one, batch)
            try:
                posted = await self._service.post(
                    one.conversation, [each.entry for each in batch if each.entry is not None]
                )
            except Refusal as refusal:
                attempts += 1
                waited = await self._mend(one, refusal, batch, waited)
                continue
            attempts, waited = 0, False
            sent += [
                Sent(each.id, place.s, place.at)
                for each, place in zip(batch, posted.stored, strict=True)
            ]
            self._taken(one, batch, posted)
            if posted.renew:
                await self._renew(one)
        return sent

    def _batch(self, one: Following) -> list[_Waiting]:
        rows = self._store.all(
            "SELECT id, content, entry, record FROM outbox WHERE conversation = ? "
            "ORDER BY number LIMIT ?",
            one.conversation, _ENTRIES_MAX,
        )  # fmt: skip
        found: list[_Waiting] = []
        size = 0
        for name, sealed, entry, record in rows:
            content = self._store.unseal("outbox", one.conversation, sealed)
            size += len(content)
            if found and size > _BYTES_MAX:
                break
            found.append(_Waiting(name, content, entry, record))
        return found

    def _sealed(self, one: Following, batch: list[_Waiting]) -> list[_Waiting]:
        """Each with bytes for this epoch: those that it has, or new ones, written down before."""
        seed = following.seed_of(self._store, one.conversation, one.record.epoch)
        key, device = self._account.kept.key, self._account.kept.device
        assert seed is not None, "an epoch without a seed is due"
        assert key is not None, "conversations have devices"
        assert device is not None, "conversations have devices"
        record = one.signed.hash
        done: list[_Waiting] = []
        new: list[_Waiting] = []
        for each in batch:
            if each.entry is None or each.record != record:
                entry = seal_message(
                    message_key(seed, record, device), one.record.suite, one.conversation, record,
                    device, each.id, one.log.place, one.log.hash,
                    self._account.context.random(NONCE_SIZE), key, each.content,
                )  # fmt: skip
                each = each._replace(entry=entry, record=record)  # noqa: PLW2901
                new.append(each)
            done.append(each)
        if new:
            with self._store.writing("entry"):
                for each in new:
                    assert each.entry is not None
                    self._store.do(
                        "UPDATE outbox SET entry = ?, record = ? WHERE conversation = ? AND id = ?",
                        each.entry, record, one.conversation, each.id,
                    )  # fmt: skip
                    self._store.do(
                        "INSERT OR IGNORE INTO attempts VALUES (?, ?, ?, ?)",
                        one.conversation, digest(each.entry), each.id, one.record.epoch,
                    )  # fmt: skip
        return done

    async def _mend(
        self, one: Following, refusal: Refusal, batch: list[_Waiting], waited: bool
    ) -> bool:
        """Do what a refusal asks for, or raise it; whether another was left time to renew."""
        details = refusal.details or {}
        if refusal.code == "not_found":
            raise Refusal("not_member") from None
        if refusal.code == "rekey_required":
            wait = details.get("wait_ms", 0)
            if isinstance(wait, int) and wait and not waited:
                await self._leave_it_to_another(one, min(wait, _WAIT_MS_MAX) / 1000)
                return True
            epoch = one.record.epoch
            await self._read(one)
            if one.record.epoch == epoch and one.state == following.FOLLOWING:
                await self._epochs.begin(one)
            return False
        if refusal.code not in {"stale_epoch", "conflict", "broken", "message_seen"}:
            raise refusal
        await (self._look_again if refusal.code == "broken" else self._read)(one)
        if refusal.code != "stale_epoch":
            # Its bytes are no use any more: another attempt stands there, or the log is another.
            self._unseal(one, batch)
        return waited

    async def _leave_it_to_another(self, one: Following, seconds: float) -> None:
        """Give another device, which was told first, so long to begin the epoch."""
        epoch, until = one.record.epoch, time.monotonic() + seconds
        while one.record.epoch == epoch and one.state == following.FOLLOWING:
            left = until - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(min(left, _LOOK_SECONDS))
            await self._read(one)

    def _unseal(self, one: Following, batch: list[_Waiting]) -> None:
        with self._store.writing("entry"):
            for each in batch:
                self._store.do(
                    "UPDATE outbox SET entry = NULL, record = NULL "
                    "WHERE conversation = ? AND id = ?",
                    one.conversation, each.id,
                )  # fmt: skip

    def _taken(self, one: Following, batch: list[_Waiting], posted: Posted) -> None:
        """They stand in the log. Where nothing came between, they are read with that."""
        log = one.log
        read: list[tuple[_Waiting, Stored]] = []
        device = self._account.kept.device
        assert device is not None
        for each, place in zip(batch, posted.stored, strict=True):
            assert each.entry is not None
            following_log = log.next(MESSAGE, device, digest(each.entry))
            if (following_log.place, following_log.hash) != (place.s, place.hash):
                break
            log = following_log
            read.append((each, place))
        notes: list[News] = []
        for each, place in read:
            content = contents.decode(each.content)
            one.reach(Log(place.s, place.hash))
            notes += self._shown(one, content, each.id, place)
        with self._store.writing("sent"):
            self._store.do_many(
                "DELETE FROM outbox WHERE conversation = ? AND id = ?",
                [(one.conversation, each.id) for each in batch],
            )
            self._store.do_many(
                "INSERT OR IGNORE INTO ids VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (one.conversation, device, each.id, one.record.epoch, place.s, place.at)
                    for each, place in read
                ],
            )
            for each, _ in read:
                content = contents.decode(each.content)
                if content.kind == "sync":
                    self._sync(one.conversation, content)
            following.save(self._store, one)
            following.keep_news(self._store, notes)

    def _shown(
        self, one: Following, content: contents.Content, message: bytes, place: Stored
    ) -> list[News]:
        if content.kind == "sync":
            return []
        own = one.record.person(self._people.own.id)
        details: dict[str, object] = {}
        if content.kind in {"edit", "delete"}:
            of = judging.message_of(content)
            at = None if of is None else following.time_of(self._store, one.conversation, of)
            own_id = self._people.own.id
            details["counts"] = judging.counts(self._people, own_id, of, at, place.at)
        elif content.kind == "card":
            details["counts"] = own is not None and own.role == ADMIN
            if details["counts"]:
                one.card, one.owed = content.body, False
        return [
            News(
                0, one.conversation, news.MESSAGE, place.s, place.at, self._people.own.id,
                self._account.kept.device, message, content, details=details,
            )
        ]  # fmt: skip

    async def _renew(self, one: Following) -> None:
        """Begin another epoch beside; nothing of what was sent depends on it."""
        try:
            await self._epochs.begin(one)
        except Refusal as refusal:
            self._store_note(one, refusal.code)

    def _store_note(self, one: Following, code: str) -> None:
        note = News(
            0, one.conversation, news.NOTE, one.log.place, self._account.now,
            code="renewal_failed", details={"why": code},
        )  # fmt: skip
        with self._store.writing("note"):
            following.keep_news(self._store, [note])
