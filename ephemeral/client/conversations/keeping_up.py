"""Keeping up with all conversations: what is new is read, what was shown is acknowledged."""

from collections.abc import Sequence

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations import following, news
from ephemeral.client.conversations.beginning import Beginning, Known
from ephemeral.client.conversations.following import Following, Standing
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.reading import Reading
from ephemeral.client.conversations.registers import Registers
from ephemeral.client.conversations.returning import Returning
from ephemeral.client.conversations.served import Summary
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.conversations.registers import founding_hash, self_conversation
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

__all__ = ["FOR_ALL", "OVER", "KeepingUp"]

#: States after which nothing comes any more, unless somebody is added again.
OVER = frozenset({following.GONE, following.LEFT})
# Who asked may have become a contact, and who was removed may have been added again.
_MET_AGAIN = OVER | {following.REQUEST}
# So exactly is it written down when all was read last.
_NOTED_MS = 3_600_000
_PAST_MS = 30 * 86_400_000
#: What is no fault of one conversation.
FOR_ALL = frozenset(
    {"too_many", "unavailable", "internal", "device_copied", "session_ended", "device_revoked"}
)


class KeepingUp:
    """Reads conversations, and says how far."""

    def __init__(
        self,
        account: Account,
        store: Store,
        service: Service,
        people: People,
        beginning: Beginning,
        reading: Reading,
        registers: Registers,
    ) -> None:
        self._account = account
        self._store = store
        self._service = service
        self._people = people
        self._beginning = beginning
        self._reading = reading
        self._returning = Returning(account, store, service, people)
        self._registers = registers

    @property
    def self_id(self) -> bytes:
        """The account's own conversation."""
        own = self._people.own
        return self_conversation(own.id, founding_hash(own.last))

    async def all(self) -> dict[bytes, str]:
        """Read whatever is new. Where nothing is, nothing is asked but the list.

        The codes of what couldn't be read now, by conversation: one holds up no other.
        """
        failed: dict[bytes, str] = {}
        begun = self._account.now
        listed = await self._service.listed()
        own = self.self_id
        reasons: Known | None = None
        known = following.standing(self._store)
        # The own conversation first: it tells what own devices know of the others.
        for summary in sorted(listed, key=lambda one: one.conversation != own):
            stands = known.get(summary.conversation)
            try:
                if stands is None or stands.state in _MET_AGAIN:
                    reasons = reasons or await self._reasons()
                    await self._begin(summary.conversation, reasons)
                    reasons = None if summary.conversation == own else reasons
                elif stands.state == following.FOLLOWING and _differs(stands, summary):
                    one = following.load(self._store, summary.conversation)
                    assert one is not None, "it stands there"
                    me = one.record.person(self._people.own.id)
                    if me is not None and summary.since > me.since:
                        # Removed and added again meanwhile: it is met anew.
                        self._lose(one)
                        reasons = reasons or await self._reasons()
                        await self._begin(summary.conversation, reasons)
                    else:
                        await self.read_on(one)
            except Refusal as refusal:
                if refusal.code in FOR_ALL:
                    raise
                failed[summary.conversation] = refusal.code
        self._forget({one.conversation for one in listed})
        self._forget_past()
        self.pin(None if failed else begun)
        return failed

    def pin(self, synced_at: int | None = None) -> None:
        """Have the newest records at hand for devices that are linked, or recovered, later."""
        kept = self._account.kept
        newest = {
            b64encode(one.conversation): b64encode(one.record)
            for one in following.standing(self._store).values()
            if one.state == following.FOLLOWING
        }
        late = synced_at is not None and synced_at - kept.synced_at >= _NOTED_MS
        if newest != kept.conversations or late:
            kept.conversations = newest
            kept.synced_at = synced_at or kept.synced_at
            self._account.save()

    async def one(self, conversation: bytes, *, agreed: bool = False) -> None:
        """Read what is new in one. `agreed`: the person says that it is to be followed."""
        one = following.load(self._store, conversation)
        if one is None or one.state in _MET_AGAIN:
            await self._begin(conversation, await self._reasons(agreed=agreed))
        elif one.state == following.FOLLOWING:
            await self.read_on(one)

    async def read_on(self, one: Following) -> None:
        """Read to the end of a log; where it isn't the one that was read here, see what it is."""
        for again in (False, True):
            try:
                await self._reading.read_on(one, again=again)
            except Refusal as refusal:
                if refusal.code == "not_found":
                    self._lose(one)
                elif refusal.code == "broken" and not again:
                    await self._returning.go_back(one)
                    continue
                elif refusal.code == "broken":
                    self._refuse(one, "log_fork")
                elif refusal.code == "record_gone":
                    self._refuse(one, refusal.code)
                else:
                    raise
            return

    async def look_again(self, one: Following) -> None:
        """Read on, after the server said that its log is another one; where reading finds nothing,
        go back to what both know."""
        before = (one.log, one.signed.hash)
        await self.read_on(one)
        if one.state == following.FOLLOWING and (one.log, one.signed.hash) == before:
            await self._returning.go_back(one)
            if one.state == following.FOLLOWING:
                await self.read_on(one)

    async def _begin(self, conversation: bytes, reasons: Known) -> None:
        inviter = self._account.kept.people.expected.get(conversation)
        if inviter is not None:
            reasons = reasons._replace(inviters=frozenset({inviter}))
        try:
            one = await self._beginning.begin(conversation, reasons)
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
            return
        if one is not None and one.state == following.FOLLOWING:
            await self.read_on(one)

    async def _reasons(self, *, agreed: bool = False) -> Known:
        contacts = {one.chain for one in await self._service.contacts()}
        pinned = self._registers.pinned(self._account.kept.conversations).values()
        return Known(frozenset(contacts), frozenset(), frozenset(pinned), agreed)

    def _forget(self, listed: set[bytes]) -> None:
        """Where the server says that this person isn't any more: removed, or it has ended."""
        for stands in following.standing(self._store).values():
            if stands.conversation not in listed and stands.state not in OVER:
                one = following.load(self._store, stands.conversation)
                assert one is not None, "it stands there"
                self._lose(one)

        # Of a founding that never came about nothing is needed any more.
        rows = self._store.all("SELECT conversation FROM drafts WHERE epoch = 1")
        lost = [row for row in rows if row[0] not in listed]
        if lost:
            with self._store.writing("unfounded"):
                self._store.do_many("DELETE FROM drafts WHERE conversation = ?", lost)

    def _forget_past(self) -> None:
        """Where this person isn't any more, nothing is kept after a month."""
        rows = self._store.all(
            "SELECT c.conversation FROM conversations c JOIN records r "
            "ON r.conversation = c.conversation AND r.epoch = c.epoch "
            "WHERE c.state IN (?, ?) AND r.at < ?",
            following.GONE, following.LEFT, self._account.now - _PAST_MS,
        )  # fmt: skip
        if rows:
            with self._store.writing("past"):
                for (conversation,) in rows:
                    following.forget(self._store, conversation)

    def _lose(self, one: Following) -> None:
        one.state, one.why = following.GONE, "not_found"
        with self._store.writing("gone"):
            following.save(self._store, one)
            following.destroy_secrets(self._store, one.conversation)
            following.keep_news(self._store, [self._note(one, "not_member")])

    def _refuse(self, one: Following, code: str) -> None:
        one.state, one.why = following.REFUSED, code
        with self._store.writing("refused"):
            following.save(self._store, one)
            following.keep_news(self._store, [self._note(one, code)])

    def _note(self, one: Following, code: str) -> News:
        now = self._account.now
        return News(0, one.conversation, news.NOTE, one.log.place, now, code=code)

    # --- what was shown ---------------------------------------------------------------------------

    async def taken(self, shown: Sequence[News]) -> None:
        """These lines were shown: they are forgotten here, and the server is told."""
        if not shown:
            return
        with self._store.writing("taken"):
            self._store.do_many(
                "DELETE FROM news WHERE number = ?", [(one.number,) for one in shown]
            )
            for conversation in sorted({one.conversation for one in shown}):
                left = self._store.one(
                    "SELECT min(s) FROM news WHERE conversation = ? AND s > 0", conversation
                )
                self._store.do(
                    "UPDATE conversations SET cursor = max(cursor, coalesce(? - 1, s)) "
                    "WHERE conversation = ?",
                    left and left[0],
                    conversation,
                )
        await self.acknowledge()

    async def acknowledge(self) -> None:
        """Tell the server how far this device needs logs no more, where it doesn't know."""
        shown = self._store.all(
            "SELECT conversation FROM conversations c WHERE cursor < s AND state = ? "
            "AND NOT EXISTS (SELECT 1 FROM news n WHERE n.conversation = c.conversation)",
            following.FOLLOWING,
        )
        if shown:
            # Nothing of these waits to be shown.
            with self._store.writing("cursor"):
                self._store.do_many(
                    "UPDATE conversations SET cursor = s WHERE conversation = ?", shown
                )
        rows = self._store.all(
            "SELECT conversation, cursor FROM conversations WHERE cursor > told AND state = ?",
            following.FOLLOWING,
        )
        for conversation, cursor in rows:
            try:
                await self._service.acknowledge(conversation, cursor)
            except Refusal as refusal:
                # A device that is not listed has no cursor; reading finds a log that went back.
                if refusal.code not in {"not_found", "broken"}:
                    raise
                continue
            with self._store.writing("told"):
                self._store.do(
                    "UPDATE conversations SET told = ? WHERE conversation = ?", cursor, conversation
                )


def _differs(one: Standing, summary: Summary) -> bool:
    return (one.s, one.hash, one.record) != (summary.s, summary.hash, summary.record)
