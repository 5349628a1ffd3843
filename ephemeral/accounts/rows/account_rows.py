"""Rows of accounts, and of the identities of others that open them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection


class AccountRow(NamedTuple):
    """An account. `password`: Argon2id in PHC form, if it has one; the time is in milliseconds.

    `suspended_day`: since when it is suspended, if it is.
    """

    account: bytes
    password: str | None
    created_day: int
    reused_at: int | None
    suspended_day: int | None


_COLUMNS = "account, password, created_day, reused_at, suspended_day"


async def insert(
    connection: Connection, account: bytes, address: bytes, password: str | None
) -> bool:
    """Make an account; False if its address is taken."""
    made = await connection.fetchval(
        """
        INSERT INTO accounts.accounts (account, address, password, created_day)
        VALUES ($1, $2, $3, clock_ms() / 86400000)
        ON CONFLICT (address) DO NOTHING RETURNING true
        """,
        account,
        address,
        password,
    )
    return made is not None


async def at(connection: Connection, address: bytes) -> AccountRow | None:
    """The account with an address, by its keyed hash."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.accounts WHERE address = $1",  # noqa: S608
        address,
    )
    return None if row is None else AccountRow(*row)


async def read(connection: Connection, account: bytes) -> AccountRow | None:
    """An account as it is at this moment."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.accounts WHERE account = $1",  # noqa: S608
        account,
    )
    return None if row is None else AccountRow(*row)


async def lock(connection: Connection, account: bytes) -> AccountRow | None:
    """An account, which nobody else changes until the transaction ends."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.accounts WHERE account = $1 FOR UPDATE",  # noqa: S608
        account,
    )
    return None if row is None else AccountRow(*row)


async def lock_both(connection: Connection, one: bytes, other: bytes) -> bool:
    """Lock two accounts, in one order whoever asks; whether both are there."""
    rows = await connection.fetch(
        """
        SELECT account FROM accounts.accounts WHERE account = ANY($1::bytea[])
        ORDER BY account FOR UPDATE
        """,
        [one, other],
    )
    return len(rows) == 2


async def address(connection: Connection, account: bytes) -> bytes | None:
    """The keyed hash of an account's address."""
    found: bytes | None = await connection.fetchval(
        "SELECT address FROM accounts.accounts WHERE account = $1", account
    )
    return found


async def set_password(connection: Connection, account: bytes, password: str) -> None:
    """Another password opens the account; what was noted under the one before is forgotten."""
    await connection.execute(
        "UPDATE accounts.accounts SET password = $2, reused_at = NULL WHERE account = $1",
        account,
        password,
    )


async def upgrade_password(
    connection: Connection, account: bytes, before: str, password: str
) -> None:
    """The same password, hashed by other parameters, unless another was set meanwhile."""
    await connection.execute(
        "UPDATE accounts.accounts SET password = $3 WHERE account = $1 AND password = $2",
        account,
        before,
        password,
    )


async def note_reuse(connection: Connection, account: bytes) -> None:
    """A refresh token was used that was no longer the present one."""
    await connection.execute(
        "UPDATE accounts.accounts SET reused_at = clock_ms() WHERE account = $1", account
    )


async def delete(connection: Connection, account: bytes) -> None:
    """The account goes, and by its foreign keys all that is its and no payload."""
    await connection.execute(
        "DELETE FROM accounts.accounts WHERE account = $1",
        account,
    )


async def forget_identities(connection: Connection, account: bytes) -> None:
    """No identity of others opens the account any more."""
    await connection.execute("DELETE FROM accounts.identities WHERE account = $1", account)
