"""What accounts say of themselves in `GET /config`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["AccountsConfig", "accounts_config"]

#: The shortest password that a client may take; the server never sees one.
PASSWORD_MIN = 10


class AccountsObject(Struct):
    """How accounts are made here, and what proofs are made for."""

    mode: Annotated[
        Literal["open", "invited"], Meta(description="Whether an invitation is needed for one")
    ]
    audience: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes")]
    password_min: int


class AccountsConfig(Struct):
    """What accounts add to the configuration."""

    accounts: AccountsObject


def accounts_config(mode: Literal["open", "invited"], audience: str) -> AccountsConfig:
    """The part of accounts."""
    return AccountsConfig(AccountsObject(mode, audience, PASSWORD_MIN))
