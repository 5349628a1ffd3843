"""How a conversation stands on this device: rows of the store, each read and written here alone."""

from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.store import Row, Store
from ephemeral.protocol.conversations.log import Log
from ephemeral.protocol.conversations.records import Record, SignedRecord
from ephemeral.protocol.encoding import dump_json, parse_json
from ephemeral.protocol.objects import Json

__all__ = [
    "FOLLOWING",
    "GONE",
    "LEFT",
    "REFUSED",
    "REQUEST",
    "Following",
    "Standing",
    "all_of",
    "destroy_secrets",
    "forget",
    "keep_news",
    "keep_record",
    "kept_record",
    "load",
    "save",
    "seed_of",
    "standing",
    "time_of",
    "waiting_news",
]

#: States: it is followed; it asks to be (3.2); it broke a rule; this person has left; it is no more
#: this person's.
FOLLOWING, REQUEST, REFUSED = "following", "request", "refused"
LEFT, GONE = "left", "gone"

# Of records' entries so many are kept, for whoever goes on from one; of the others nothing. What
# was said and read in these epochs is known again: a server that went back may show it once more,
# and edits reach back for a day, however many epochs that is.
_LINE_KEPT = 64

# And the log's hash at so many places before the newest record's `seen`: a server that was set back
# may keep nothing of what was before them, and what it keeps is gone on with from there.
_PLACES_BEFORE = 256


@dataclass(slots=True)
class Following:
    """A conversation. `signed` is its newest good record, at `record_s`; `log` how far it was read.

    `why` it is followed (3.2), or what it was refused for. What was written before `first` is not
    for this device. `cursor` is how far lines were taken, `told` what the server knows of that.
    `card`: its name and picture; `owed`: this device is to send it to who has come since.
    `hashes` of the log, from some places before the newest record's `seen` on; `fresh`: of them,
    what isn't written.
    """

    conversation: bytes
    state: str
    why: str
    signed: SignedRecord
    record_s: int
    log: Log
    first: int
    cursor: int
    told: int = 0
    card: Json | None = None
    owed: bool = False
    hashes: dict[int, bytes] = field(default_factory=dict)
    fresh: dict[int, bytes] = field(default_factory=dict)

    def reach(self, log: Log) -> None:
        """The log was read up to here."""
        self.log = log
        self.hashes[log.place] = self.fresh[log.place] = log.hash

    def copy(self) -> "Following":
        """The same, to be changed."""
        return replace(self, hashes=dict(self.hashes), fresh=dict(self.fresh))

    def become(self, other: "Following") -> None:
        """Stand as another one does, of the same conversation."""
        for one in fields(self):
            setattr(self, one.name, getattr(other, one.name))

    def lists(self, device: bytes) -> bool:
        """Whether the newest record lists a device."""
        return any(each.device == device for each in self.record.devices)

    @property
    def name(self) -> str | None:
        """What its card calls it."""
        return None if self.card is None else str(self.card["name"])

    @property
    def record(self) -> Record:
        """The newest good record."""
        return self.signed.record


_COLUMNS = (
    "c.conversation, c.state, c.why, r.entry, r.s, c.s, c.hash, c.first, c.cursor, c.told, "
    "c.card, c.owed"
)
_FROM = (
    "FROM conversations c JOIN records r ON r.conversation = c.conversation AND r.epoch = c.epoch"
)


def _of(store: Store, row: Row) -> Following:
    conversation, state, why, entry, record_s, s, hash_, first, cursor, told, card, owed = row
    return Following(
        conversation, state, why, SignedRecord.read(entry), record_s, Log(s, hash_), first, cursor,
        told, None if card is None else _card(store.unseal("cards", conversation, card)),
        bool(owed),
    )  # fmt: skip


def _card(data: bytes) -> Json:
    value = parse_json(data)
    assert isinstance(value, dict), "it was written here"
    return value


def load(store: Store, conversation: bytes) -> Following | None:
    """One that is known here."""
    row = store.one(f"SELECT {_COLUMNS} {_FROM} WHERE c.conversation = ?", conversation)
    if row is None:
        return None
    found = _of(store, row)
    rows = store.all("SELECT s, hash FROM places WHERE conversation = ?", conversation)
    found.hashes = dict(rows)
    return found


def all_of(store: Store) -> list[Following]:
    """All that are known here, without the hashes of their logs."""
    return [
        _of(store, row) for row in store.all(f"SELECT {_COLUMNS} {_FROM} ORDER BY c.conversation")
    ]


class Standing(NamedTuple):
    """How a conversation stands, without reading its record: for looking at all of them."""

    conversation: bytes
    state: str
    why: str
    s: int
    hash: bytes
    record: bytes
    record_s: int
    owed: bool
    listed: bool


def standing(store: Store) -> dict[bytes, Standing]:
    """All that are known here."""
    rows = store.all(
        "SELECT c.conversation, c.state, c.why, c.s, c.hash, c.record, r.s, c.owed, c.listed "
        "FROM conversations c JOIN records r "
        "ON r.conversation = c.conversation AND r.epoch = c.epoch ORDER BY c.conversation"
    )
    return {row[0]: Standing(*row) for row in rows}


def save(store: Store, one: Following) -> None:
    """Write how it stands; its records are written apart."""
    card = None
    if one.card is not None:
        card = store.seal("cards", one.conversation, dump_json(dict(one.card)))
    store.do(
        """
        INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (conversation) DO UPDATE SET
          state = excluded.state, why = excluded.why, epoch = excluded.epoch,
          record = excluded.record, s = excluded.s, hash = excluded.hash, first = excluded.first,
          cursor = excluded.cursor, told = excluded.told, card = excluded.card,
          owed = excluded.owed, listed = excluded.listed
        """,
        one.conversation, one.state, one.why, one.record.epoch, one.signed.hash, one.log.place,
        one.log.hash, one.first, one.cursor, one.told, card, one.owed, one.lists(store.device),
    )  # fmt: skip
    since = one.record.seen - _PLACES_BEFORE
    store.do("DELETE FROM places WHERE conversation = ? AND s < ?", one.conversation, since)
    store.do_many(
        "INSERT OR REPLACE INTO places VALUES (?, ?, ?)",
        [(one.conversation, s, hash_) for s, hash_ in one.fresh.items() if s >= since],
    )
    one.fresh = {}


def keep_record(store: Store, signed: SignedRecord, s: int, at: int, seed: bytes | None) -> None:
    """A good record goes on the line. What was before it is over: its secret is destroyed (7.6).

    All that was written in that epoch stands before this record in the log, and was read.
    """
    record = signed.record
    conversation, epoch = record.conversation, record.epoch
    sealed = None if seed is None else store.seal("records", conversation, seed)
    store.do(
        "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        conversation, epoch, signed.hash, s, at, signed.entry(), sealed,
    )  # fmt: skip
    before = (conversation, epoch)
    store.do(
        "UPDATE records SET seed = NULL, ended_at = ? "
        "WHERE conversation = ? AND epoch < ? AND ended_at IS NULL",
        at, *before,
    )  # fmt: skip
    for table in ("records", "attempts", "ids"):
        store.do(
            f"DELETE FROM {table} WHERE conversation = ? AND epoch < ?",  # noqa: S608
            conversation, epoch - _LINE_KEPT,
        )  # fmt: skip
    # Nothing of an epoch that is over is accepted any more.
    store.do("DELETE FROM drafts WHERE conversation = ? AND epoch <= ?", *before)


def kept_record(store: Store, conversation: bytes, record: bytes) -> Record | None:
    """A record on the line, by its R."""
    row = store.one(
        "SELECT entry FROM records WHERE conversation = ? AND record = ?", conversation, record
    )
    return None if row is None else SignedRecord.read(row[0]).record


def seed_of(store: Store, conversation: bytes, epoch: int) -> bytes | None:
    """The secret of an epoch, if this device has it."""
    row = store.one(
        "SELECT seed FROM records WHERE conversation = ? AND epoch = ?", conversation, epoch
    )
    if row is None or row[0] is None:
        return None
    return store.unseal("records", conversation, row[0])


def keep_news(store: Store, news: list[News]) -> None:
    """Lines wait until they are taken."""
    store.do_many(
        "INSERT INTO news (conversation, s, value) VALUES (?, ?, ?)",
        [
            (one.conversation, one.s, store.seal("news", one.conversation, one.encode()))
            for one in news
        ],
    )


def waiting_news(store: Store, conversation: bytes | None) -> list[News]:
    """Lines that nobody has taken, in order; of one conversation, or of all."""
    rows = store.all(
        "SELECT number, conversation, value FROM news "
        "WHERE conversation = coalesce(?, conversation) ORDER BY number",
        conversation,
    )
    return _by_log(
        [News.decode(number, one, store.unseal("news", one, value)) for number, one, value in rows]
    )


def _by_log(found: list[News]) -> list[News]:
    """What another device handed over comes late, and stands where the log has it.

    All else stays as it was read: after a server went back places are counted anew.
    """
    rest: dict[bytes, list[News]] = {}
    late: dict[bytes, list[News]] = {}
    for one in found:
        place = late if one.details.get("history") else rest
        place.setdefault(one.conversation, []).append(one)
    if not late:
        return found
    ordered = {}
    for conversation, lines in late.items():
        merged = sorted(lines, key=lambda one: one.s, reverse=True)
        stand = []
        for one in rest.get(conversation, []):
            while merged and 0 < merged[-1].s <= one.s:
                stand.append(merged.pop())
            stand.append(one)
        ordered[conversation] = iter([*stand, *reversed(merged)])
    return [
        next(ordered[one.conversation]) if one.conversation in ordered else one for one in found
    ]


def destroy_secrets(store: Store, conversation: bytes) -> None:
    """Nothing of it is to be opened or sent any more. What was said and read is known again, should
    a server that went back have it once more."""
    store.do("UPDATE records SET seed = NULL WHERE conversation = ?", conversation)
    for table in ("drafts", "outbox", "places"):
        store.do(f"DELETE FROM {table} WHERE conversation = ?", conversation)  # noqa: S608


def forget(store: Store, conversation: bytes) -> None:
    """Nothing of it is kept, but for lines that wait to be shown."""
    destroy_secrets(store, conversation)
    for table in ("records", "conversations", "attempts", "ids"):
        store.do(f"DELETE FROM {table} WHERE conversation = ?", conversation)  # noqa: S608


def time_of(store: Store, conversation: bytes, message: tuple[bytes, bytes]) -> int | None:
    """When a message came, by its device and id; None: it isn't known here (any more)."""
    row = store.one(
        "SELECT at FROM ids WHERE conversation = ? AND device = ? AND id = ?",
        conversation,
        *message,
    )
    return None if row is None else int(row[0])
