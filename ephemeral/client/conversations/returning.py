"""A server that went back: a log that isn't the one that was read here, as after the restoring of a
backup. docs/conversations.md.

It is followed, visibly, from the newest record that both know; but not to where people are again
who were removed since.
"""

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations import following, news, secrets
from ephemeral.client.conversations.following import Following
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.served import ServedEpoch
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.conversations.log import Log
from ephemeral.protocol.conversations.records import SignedRecord

__all__ = ["Returning"]


class Returning:
    """Finds the record from which a log that went back is read again."""

    def __init__(self, account: Account, store: Store, service: Service, people: People) -> None:
        self._account = account
        self._store = store
        self._service = service
        self._people = people

    async def go_back(self, one: Following) -> None:
        """Stand at the newest record that the server and this device have in common, or refuse."""
        served = await self._service.epochs(one.conversation, 0)
        common = self._common(one, served)
        if common is None:
            self._refuse(one)
            return
        epoch, signed = common
        there = {each.chain for each in one.record.people}
        if any(each.chain not in there for each in signed.record.people):
            self._refuse(one)
            return
        one.signed, one.record_s = signed, epoch.s
        # Who was removed there and added again was listed before that all the same.
        one.first = min(one.first, epoch.s if one.lists(self._store.device) else epoch.s + 1)
        one.reach(Log(signed.record.seen, signed.record.log))
        one.cursor = one.told = 0
        opened = secrets.opened(self._account.kept, self._store, signed, epoch.box)
        seed = opened.seed or following.seed_of(self._store, one.conversation, signed.record.epoch)
        with self._store.writing("back"):
            self._store.do(
                "DELETE FROM records WHERE conversation = ? AND epoch > ?",
                one.conversation, signed.record.epoch,
            )  # fmt: skip
            # What was made upon the other log names places that aren't there.
            for change in (
                "UPDATE outbox SET entry = NULL, record = NULL WHERE conversation = ?",
                "UPDATE drafts SET dead = 1 WHERE conversation = ?",
            ):
                self._store.do(change, one.conversation)
            following.keep_record(self._store, signed, epoch.s, epoch.at, seed)
            following.save(self._store, one)
            following.keep_news(self._store, [self._note(one)])

    def _common(
        self, one: Following, served: list[ServedEpoch]
    ) -> tuple[ServedEpoch, SignedRecord] | None:
        rows = self._store.all(
            "SELECT record FROM records WHERE conversation = ?", one.conversation
        )
        known = {record for (record,) in rows}
        for epoch in reversed(served):
            signed = SignedRecord.read(epoch.entry)
            if signed.hash in known:
                return epoch, signed
        return None

    def _refuse(self, one: Following) -> None:
        one.state, one.why = following.REFUSED, "server_back"
        with self._store.writing("back"):
            following.save(self._store, one)
            following.keep_news(self._store, [self._note(one)])

    def _note(self, one: Following) -> News:
        now = self._account.now
        return News(0, one.conversation, news.NOTE, one.log.place, now, code="server_back")
