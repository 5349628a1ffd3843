"""Handing over history to a new device of the account: docs/conversations.md, 15.

This program keeps what was not shown yet, so that is what it can hand over. Each step is written
down before the next: whoever dies in between goes on from there, and hands over the same bytes.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations import following, news
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.registers import HISTORY, Registers, Tell
from ephemeral.client.conversations.store import Crash, Store
from ephemeral.protocol.conversations.contents import UNKNOWN
from ephemeral.protocol.conversations.history import (
    CHUNKS_MAX,
    NO_LINES,
    ROOM,
    Chunk,
    Line,
    seal_chunk,
    size_of,
)
from ephemeral.protocol.conversations.records import SignedRecord
from ephemeral.protocol.encoding import b64encode, dump_json, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import KEY_SIZE
from ephemeral.protocol.objects import Json, read_boolean, read_bytes, read_integer

__all__ = ["HandingOver"]

# A device that never came to be is waited for as long as its link, and a little longer.
_LINK_MS = 900_000


@dataclass(slots=True)
class _Out:
    """A history on its way to a device. `number`: of the next chunk; `sealed`: that chunk, once it
    was made, and whether it is the `last`; `after`: up to this number of the lines that wait here
    all are in it or in those before."""

    key: bytes
    since: int
    number: int = 0
    sealed: bytes | None = None
    last: bool = False
    after: int = 0


class HandingOver:
    """What this device hands over to others."""

    def __init__(
        self,
        account: Account,
        store: Store,
        people: People,
        registers: Registers,
        tell: Tell,
        crash: Crash,
    ) -> None:
        self._account = account
        self._store = store
        self._people = people
        self._registers = registers
        self._tell = tell
        self._crash = crash

    async def all(self) -> None:
        """Hand over what devices were promised, as far as it goes now."""
        kept = self._account.kept
        own = self._people.own.last
        for device, promise in list(kept.histories.items()):
            if own.key_of(device) is None:
                is_late = self._account.now - promise.at > _LINK_MS
                if is_late or own.key_ever_of(device) is not None:
                    self._forget_promise(device)
                continue
            with suppress(Refusal):
                await self._hand_over(device, promise.since)

    async def _hand_over(self, device: bytes, since: int) -> None:
        name = b64encode(device)
        out = self._out(device)
        if out is None:
            out = _Out(self._account.context.random(KEY_SIZE), since)
            self._save(device, out)
            value = {"key": b64encode(out.key), "since": since}
            await self._tell(HISTORY, name, value)
        elif name not in self._registers.of(HISTORY) and out.number == 0:
            # Whoever died after the key was written down and before it was told.
            await self._tell(HISTORY, name, {"key": b64encode(out.key), "since": since})
        while True:
            if out.sealed is None:
                self._make(device, out)
            assert out.sealed is not None
            self._crash("ask:history")
            path = f"/devices/{name}/history/{out.number}"
            try:
                await self._account.ask("PUT", path, {"chunk": b64encode(out.sealed)})
            except Refusal as refusal:
                if refusal.code == "not_found":
                    self._forget_promise(device)
                raise
            self._crash("asked:history")
            if out.last:
                self._forget_promise(device)
                return
            out.number, out.sealed = out.number + 1, None
            self._save(device, out)

    def _make(self, device: bytes, out: _Out) -> None:
        """The next chunk, written down before anybody is shown it."""
        lines: list[Line] = []
        room, is_full = ROOM, False
        for number, line in self._lines(out):
            room -= size_of(line)
            if room < 0:
                is_full = True
                break
            lines.append(line)
            out.after = number
        out.last = not is_full or out.number == CHUNKS_MAX - 1
        chunk = Chunk(lines, (), out.last)
        out.sealed = seal_chunk(out.key, device, out.number, chunk, self._account.context.random)
        self._save(device, out)

    def _lines(self, out: _Out) -> Iterator[tuple[int, Line]]:
        """What waits to be shown here, as it is now, with its number; by number, by which it is
        noted how far this came: what was handed over to this device comes late and reads first."""
        waiting = following.waiting_news(self._store, None)
        changes: dict[tuple[bytes, object], list[News]] = {}
        for one in waiting:
            if one.content is not None and isinstance(one.content.body.get("of"), dict):
                of = one.content.body["of"]
                assert isinstance(of, dict), "so it was read"
                changes.setdefault((one.conversation, (of["device"], of["id"])), []).append(one)
        for one in sorted(waiting, key=lambda one: one.number):
            if one.number <= out.after or one.at < out.since or not _is_line(one):
                continue
            line = self._line(one)
            assert one.device is not None, "messages have one"
            assert one.id is not None, "messages have one"
            of_it = (b64encode(one.device), b64encode(one.id))
            for change in changes.get((one.conversation, of_it), []):
                line = _changed(line, change)
            yield one.number, line

    def _line(self, one: News) -> Line:
        assert one.chain is not None, "messages have one"
        assert one.device is not None, "messages have one"
        assert one.id is not None, "messages have one"
        row = self._store.one(
            # Beyond the newest may stand records of a log that the server has lost.
            "SELECT r.entry FROM records r JOIN conversations c USING (conversation) "
            "WHERE conversation = ? AND r.s < ? AND r.epoch <= c.epoch ORDER BY r.epoch DESC",
            one.conversation, one.s,
        )  # fmt: skip
        timer = 0 if row is None else SignedRecord.read(row[0]).record.timer
        return Line(
            one.conversation, one.s, one.at, one.chain, one.device, one.id, one.content,
            timer=timer,
        )  # fmt: skip

    def _forget_promise(self, device: bytes) -> None:
        with self._store.writing("history"):
            self._store.do("DELETE FROM meta WHERE name = ?", _name(device))
        self._account.kept.histories.pop(device, None)
        self._account.save()

    def _out(self, device: bytes) -> _Out | None:
        row = self._store.one("SELECT value FROM meta WHERE name = ?", _name(device))
        if row is None:
            return None
        obj = parse_json(self._store.unseal("history", device, row[0]))
        assert isinstance(obj, dict), "it was written here"
        return _read_out(obj)

    def _save(self, device: bytes, out: _Out) -> None:
        value = {
            "key": b64encode(out.key),
            "since": out.since,
            "number": out.number,
            "sealed": None if out.sealed is None else b64encode(out.sealed),
            "last": out.last,
            "after": out.after,
        }
        sealed = self._store.seal("history", device, dump_json(value))
        with self._store.writing("history"):
            self._store.do("INSERT OR REPLACE INTO meta VALUES (?, ?)", _name(device), sealed)


def _name(device: bytes) -> str:
    return f"history/{b64encode(device)}"


def _is_line(one: News) -> bool:
    content = one.content
    return one.kind == news.MESSAGE and content is not None and content.kind not in {
        UNKNOWN, *NO_LINES,
    }  # fmt: skip


def _changed(line: Line, change: News) -> Line:
    """After an edit, a deletion or a reaction, if it counts."""
    content = change.content
    assert content is not None, "it names a message"
    assert change.chain is not None, "messages have one"
    if content.kind == "reaction":
        others = {who: said for who, said in line.reactions.items() if who != change.chain}
        said = content.body["reaction"]
        return line._replace(
            reactions=others if said is None else {**others, change.chain: str(said)}
        )
    if change.details.get("counts") is not True or line.content is None:
        return line
    if content.kind == "delete":
        return line._replace(content=None, reactions={})
    if content.kind != "edit":
        return line
    body = {key: content.body[key] for key in ("text", "mentions")}
    said_now = line.content._replace(body={**line.content.body, **body})
    return line._replace(content=said_now, edits=line.edits + 1)


def _read_out(obj: Json) -> _Out:
    sealed = None if obj.get("sealed") is None else read_bytes(obj, "sealed")
    return _Out(
        read_bytes(obj, "key", KEY_SIZE),
        read_integer(obj, "since"),
        read_integer(obj, "number"),
        sealed,
        read_boolean(obj, "last"),
        read_integer(obj, "after"),
    )
