"""What a device keeps of its conversations: one file beside the account's, safe at every write.

SQLite with a write-ahead log that is synced with every commit: whoever is killed, or loses power,
finds either all of a change or nothing of it. Only its owner may read the file. What was written
or read of messages, and the secrets of epochs, are sealed under a key that lies in the account's
file, and so in the keyring where that does; who is in which conversation and when something came
is in the clear.

What is deleted is overwritten in the file, and the log is emptied when the file is closed. Below
that, nothing can be promised: a disk or a file system may keep what it was told to overwrite.
"""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.client.exits import usage
from ephemeral.protocol.limits import NONCE_SIZE

__all__ = ["Crash", "Row", "Store", "ignore"]

Row = tuple[Any, ...]
#: Called with the name of each point at which a device may die.
Crash = Callable[[str], None]

_LABEL = b"ephemeral/v1/conversations/kept\0"
_VERSION = 1
# Another command that writes at this moment is waited for; reading never waits.
_PATIENCE = 30.0

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
-- People's chains as they were judged: each a pin that what is served later must extend.
CREATE TABLE statements (
  chain BLOB NOT NULL, sequence INTEGER NOT NULL, statement BLOB NOT NULL,
  PRIMARY KEY (chain, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE conversations (
  conversation BLOB PRIMARY KEY, state TEXT NOT NULL, why TEXT NOT NULL,
  epoch INTEGER NOT NULL, record BLOB NOT NULL,
  s INTEGER NOT NULL, hash BLOB NOT NULL,
  first INTEGER NOT NULL, cursor INTEGER NOT NULL, told INTEGER NOT NULL,
  -- Name and picture, sealed; whether this device is to tell them to who has come since.
  card BLOB, owed INTEGER NOT NULL,
  -- Whether the newest record lists this device.
  listed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- The line of good records. `seed` is sealed; null: not opened, or destroyed.
CREATE TABLE records (
  conversation BLOB NOT NULL, epoch INTEGER NOT NULL, record BLOB NOT NULL, s INTEGER NOT NULL,
  at INTEGER NOT NULL, entry BLOB NOT NULL, seed BLOB, ended_at INTEGER,
  PRIMARY KEY (conversation, epoch)
) STRICT, WITHOUT ROWID;
-- Records of this device's own making, before they are posted.
CREATE TABLE drafts (
  conversation BLOB NOT NULL, record BLOB NOT NULL, epoch INTEGER NOT NULL, wish BLOB NOT NULL,
  entry BLOB NOT NULL, boxes BLOB NOT NULL, seed BLOB NOT NULL, dead INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE places (
  conversation BLOB NOT NULL, s INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (conversation, s)
) STRICT, WITHOUT ROWID;
-- Messages that were read in the epochs of these records: each counts once.
CREATE TABLE ids (
  conversation BLOB NOT NULL, device BLOB NOT NULL, id BLOB NOT NULL, epoch INTEGER NOT NULL,
  s INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (conversation, device, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT, conversation BLOB NOT NULL, id BLOB NOT NULL,
  content BLOB NOT NULL, entry BLOB, record BLOB, UNIQUE (conversation, id)
) STRICT;
-- The hash of each entry that this device may have posted, kept while it may still be met.
CREATE TABLE attempts (
  conversation BLOB NOT NULL, digest BLOB NOT NULL, id BLOB NOT NULL, epoch INTEGER NOT NULL,
  PRIMARY KEY (conversation, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE news (
  number INTEGER PRIMARY KEY AUTOINCREMENT, conversation BLOB NOT NULL, s INTEGER NOT NULL,
  value BLOB NOT NULL
) STRICT;
CREATE INDEX news_of ON news (conversation, number);
CREATE TABLE registers (
  register TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (register, key)
) STRICT, WITHOUT ROWID;
"""


def ignore(_point: str) -> None:
    """No device dies here."""


class Store:
    """The file, open. `device` is whose it is: what another one left is destroyed.

    `key` has 32 bytes. `crash` is called around each commit.
    """

    def __init__(
        self,
        path: Path,
        device: bytes,
        key: bytes,
        random: Callable[[int], bytes],
        crash: Crash = ignore,
    ) -> None:
        self.device = device
        self._path = path
        self._random = random
        self._crash = crash
        self._cipher = AESGCM(key)
        self._within = False
        _make(path)
        try:
            self._db = _opened(path)
            if self.one("SELECT value FROM meta WHERE name = 'device'") != (device,):
                self._db.close()
                for end in ("", "-wal", "-shm"):
                    path.with_name(path.name + end).unlink(missing_ok=True)
                _make(path)
                self._db = _opened(path)
                with self.writing("device"):
                    self.do("INSERT INTO meta VALUES ('device', ?)", device)
        except sqlite3.DatabaseError as error:
            raise usage(f"{path} can't be used: {error}.") from None

    def close(self) -> None:
        """Close the file; what was deleted is nowhere in it then."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    def all(self, sql: str, *values: object) -> list[Row]:
        """Rows."""
        return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row, if there is one."""
        found: Row | None = self._db.execute(sql, values).fetchone()
        return found

    def do(self, sql: str, *values: object) -> int:
        """Change something, in a transaction of `writing`; how many rows."""
        assert self._within, "whoever writes says so"
        return self._db.execute(sql, values).rowcount

    def do_many(self, sql: str, rows: Sequence[Row]) -> None:
        """The same for many rows."""
        assert self._within, "whoever writes says so"
        self._db.executemany(sql, rows)

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """A transaction: all of what is done in it is on the disk afterwards, or nothing."""
        assert not self._within, "one transaction at a time"
        self._crash(f"write:{what}")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._within = True
            yield
            self._within = False
            self._db.execute("COMMIT")
        except BaseException as error:
            self._within = False
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                # The disk is full, say: nothing of it was done, and all that was before is there.
                raise usage(f"{self._path} can't be written: {error}.") from None
            raise
        self._crash(f"written:{what}")

    def seal(self, table: str, conversation: bytes, data: bytes) -> bytes:
        """A secret as it is kept."""
        nonce = self._random(NONCE_SIZE)
        bound = _LABEL + table.encode() + b"\0" + conversation
        return nonce + self._cipher.encrypt(nonce, data, bound)

    def unseal(self, table: str, conversation: bytes, sealed: bytes) -> bytes:
        """What was sealed there."""
        bound = _LABEL + table.encode() + b"\0" + conversation
        try:
            return self._cipher.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], bound)
        except InvalidTag:
            raise usage("What is kept of conversations isn't this account's.") from None


def _make(path: Path) -> None:
    """A file for its owner alone, before anything is in it; others' are refused."""
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise usage(f"{path} can't be used: {error.strerror or 'unknown reason'}.") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
            raise usage(f"{path} must be a file that only you may read (chmod 600).")
    finally:
        os.close(descriptor)


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
    ):
        database.execute(f"PRAGMA {pragma}")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == 0:
        database.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {_VERSION};COMMIT;")
    elif version != _VERSION:
        database.close()
        raise usage(f"{path} is of another version of this program.")
    return database
