"""Fetching the history that another device of the account hands over: docs/conversations.md, 15."""

from contextlib import suppress

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.kept_history import DAY_MS
from ephemeral.client.conversations import following, news
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.registers import HISTORY, Registers, Tell
from ephemeral.client.conversations.store import Crash, Store
from ephemeral.protocol.conversations.history import Chunk, Line, open_chunk
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import KEY_SIZE
from ephemeral.protocol.objects import read_bytes

__all__ = ["Fetching"]

# After these the other device can't be helped by trying again.
_BROKEN = {"history_length", "history_broken", "history_form"}


class Fetching:
    """What this device fetches."""

    def __init__(
        self,
        account: Account,
        store: Store,
        registers: Registers,
        tell: Tell,
        crash: Crash,
    ) -> None:
        self._account = account
        self._store = store
        self._registers = registers
        self._tell = tell
        self._crash = crash

    async def all(self) -> None:
        """Fetch what waits for this device; it becomes news."""
        kept, own = self._account.kept, self._account.kept.device
        awaited = kept.history
        if awaited is None or own is None:
            return
        name = b64encode(own)
        if awaited.is_done:
            await self._finish(name)
            return
        told = self._registers.of(HISTORY).get(name)
        if not isinstance(told, dict) or self._account.now > awaited.until:
            if self._account.now > awaited.until:
                await self._finish(name)
            return
        with suppress(Refusal):
            key = b64decode(told.get("key"), KEY_SIZE)
            while not awaited.is_done:
                path = f"/devices/{name}/history/{awaited.number}"
                answer = await self._account.ask("GET", path)
                try:
                    chunk = open_chunk(key, own, awaited.number, read_bytes(answer, "chunk"))
                except Refusal as refusal:
                    refuse(refusal.code not in _BROKEN, refusal.code)
                    # What comes under this key can't be read, today or tomorrow.
                    self._account.context.say(_UNREADABLE)
                    awaited.is_done = True
                    break
                self._take(chunk)
                awaited.lines += len(chunk.lines)
                awaited.number, awaited.is_done = awaited.number + 1, chunk.last
                awaited.until = self._account.now + DAY_MS
                self._account.save()
                self._crash("taken:history")
                await self._account.ask("DELETE", path)
                self._account.context.reassure(_progress(awaited.lines, chunk.last))
            self._account.save()
            await self._finish(name)

    def _take(self, chunk: Chunk) -> None:
        """Lines that this device hasn't read itself wait to be shown, the oldest first."""
        with self._store.writing("history"):
            for line in sorted(chunk.lines, key=lambda one: (one.conversation, one.place)):
                one = following.load(self._store, line.conversation)
                known = following.time_of(self._store, line.conversation, (line.device, line.id))
                over = line.until is not None and line.until <= self._account.now
                if one is None or known is not None or line.content is None or over:
                    continue
                self._store.do(
                    "INSERT OR IGNORE INTO ids VALUES (?, ?, ?, ?, ?, ?)",
                    line.conversation, line.device, line.id, one.record.epoch, line.place, line.at,
                )  # fmt: skip
                if self._is_withdrawn(line):
                    continue
                told = News(
                    0, line.conversation, news.MESSAGE, line.place, line.at, line.chain,
                    line.device, line.id, line.content, details={"history": True},
                )  # fmt: skip
                following.keep_news(self._store, [told])

    def _is_withdrawn(self, line: Line) -> bool:
        """Whether it was deleted for everybody by a message that this device has read already."""
        of = {"device": b64encode(line.device), "id": b64encode(line.id)}
        return any(
            one.content is not None
            and one.content.kind == "delete"
            and one.content.body["of"] == of
            and one.chain == line.chain
            for one in following.waiting_news(self._store, line.conversation)
        )

    async def _finish(self, name: str) -> None:
        """All was fetched, or nothing comes any more: nobody keeps the key."""
        if name in self._registers.of(HISTORY):
            await self._tell(HISTORY, name, None)
        self._account.kept.history = None
        self._account.save()


_UNREADABLE = (
    "The history that another device of the account sent can't be read, so this device begins "
    "without it."
)


def _progress(lines: int, is_last: bool) -> str:
    return f"History: {lines} messages{'.' if is_last else ' so far.'}"
