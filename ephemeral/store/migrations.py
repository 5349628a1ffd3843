"""``sql/migrations``: how a database comes to look like ``sql/schema.sql``, one file at a time.

Files are named ``0001_name.sql``, numbered without a gap, and never changed once landed
(``SHA256SUMS`` beside them, which a test compares): what was applied is recorded with its hash.
Each runs in a transaction together with its record, under a lock, so that programs that start at
once apply each file once.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from ephemeral.store.postgres import StoreFault, StoreUnavailable, transaction
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["DIRECTORY", "Migration", "migrate", "read_migrations"]

DIRECTORY = Path(__file__).resolve().parents[2] / "sql" / "migrations"

# "ephemera" in ASCII: a key that no other program of the database is likely to take.
ADVISORY_LOCK = 0x657068656D657261
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK_SECONDS = 300
_MIGRATION_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its whole name, its text, and the SHA-256 of that in hex."""

    number: int
    name: str
    sql: str
    sha256: str


def read_migrations(directory: Path = DIRECTORY) -> tuple[Migration, ...]:
    """The files of a directory in their order; raises StartError if one is out of it."""
    try:
        files = sorted(directory.glob("*.sql"))
        texts = [file.read_text(encoding="utf-8") for file in files]
    except OSError as error:
        raise StartError(f"{directory} can't be read: {error.strerror}.") from error
    if not files:
        raise StartError(f"{directory} holds no migrations.")
    found = []
    for expected, (file, text) in enumerate(zip(files, texts, strict=True), 1):
        match = _NAME.fullmatch(file.name)
        if match is None or int(match[1]) != expected:
            raise StartError(f"{file} should be number {expected:04} of the migrations.")
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        found.append(Migration(expected, file.name, text, sha256))
    return tuple(found)


async def migrate(pool: "Pool", migrations: Sequence[Migration]) -> list[str]:
    """Apply what is missing; the names of the files that this call applied, in order.

    Raises StartError, with a sentence, if the database is newer than the files, if a file is not
    what was applied, or if one can't be applied.
    """
    applied = []
    try:
        while name := await transaction(pool, lambda each: _apply_next(each, migrations)):
            applied.append(name)
    except (StoreFault, StoreUnavailable) as error:
        raise StartError(f"The database can't be migrated: {error}.") from None
    return applied


async def _apply_next(connection: "Connection", migrations: Sequence[Migration]) -> str | None:
    await connection.execute(
        f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{_LOCK_SECONDS}s';"
        f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK});",
        timeout=_LOCK_SECONDS,
    )
    done = await _applied(connection)
    for migration, (number, name, sha256) in zip(migrations, done, strict=False):
        if (migration.number, migration.sha256) != (number, sha256):
            raise StartError(
                f"The database was made with another {name} than this program's {migration.name}, "
                "by a version from before the first release or by one that was changed: it can't "
                "be upgraded. Begin with an empty database and an empty KEYRING_DIR."
            )
    if len(done) > len(migrations):
        raise StartError(
            f"The database was migrated by a newer version of this program ({done[-1][1]}); "
            f"this one knows no more than {migrations[-1].name}."
        )
    if len(done) == len(migrations):
        return None
    migration = migrations[len(done)]
    try:
        await connection.execute(migration.sql, timeout=_MIGRATION_SECONDS)
        await connection.execute(
            "INSERT INTO schema_migrations (number, name, sha256, applied_at)"
            " VALUES ($1, $2, $3, clock_ms())",
            migration.number,
            migration.name,
            migration.sha256,
        )
    except asyncpg.InsufficientPrivilegeError:
        reason = "its user may not change the schema: make it the owner of the database"
    except asyncpg.InvalidSchemaNameError:
        reason = "its search_path names no schema that is there: make it first (CREATE SCHEMA)"
    except (asyncpg.DuplicateTableError, asyncpg.DuplicateFunctionError):
        reason = "something of the same name is there already"
    except asyncpg.PostgresError as error:
        if str(error.sqlstate).startswith(("08", "40", "57")):
            raise
        reason = f"{error.sqlstate} {type(error).__name__}"
    else:
        return migration.name
    raise StartError(f"The database can't take {migration.name}: {reason}.")


async def _applied(connection: "Connection") -> list[tuple[int, str, str]]:
    """Number, name and hash of what has been applied, in order."""
    if await connection.fetchval("SELECT to_regclass('schema_migrations') IS NULL"):
        return []
    rows = await connection.fetch(
        "SELECT number, name, sha256 FROM schema_migrations ORDER BY number"
    )
    return [(row["number"], row["name"], row["sha256"]) for row in rows]
