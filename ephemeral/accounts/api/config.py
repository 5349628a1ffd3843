"""What accounts say of themselves in `GET /config`."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = ["AccountsConfig", "accounts_config"]

#: The shortest password that a client may take; the server never sees one.
PASSWORD_MIN = 10


class OidcObject(Struct):
    """Whose ID tokens open accounts, and what this deployment is called there."""

    issuer: str
    client_id: str


class PushObject(Struct):
    """By which key push services know this deployment (RFC 8292)."""

    key: Annotated[
        str, Meta(pattern="^[A-Za-z0-9_-]{87}$", description="65 bytes: a point of P-256")
    ]


class AccountsObject(Struct):
    """How accounts are made here, and what proofs are made for."""

    mode: Annotated[
        Literal["open", "invited"], Meta(description="Whether an invitation is needed for one")
    ]
    audience: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes")]
    password_min: int
    oidc: OidcObject | UnsetType = UNSET
    push: PushObject | UnsetType = UNSET


class AccountsConfig(Struct):
    """What accounts add to the configuration."""

    accounts: AccountsObject


def accounts_config(
    mode: Literal["open", "invited"],
    audience: str,
    issuer: str | None = None,
    client_id: str | None = None,
    push_key: str | None = None,
) -> AccountsConfig:
    """The part of accounts."""
    said = AccountsObject(mode, audience, PASSWORD_MIN)
    if issuer is not None and client_id is not None:
        said.oidc = OidcObject(issuer, client_id)
    if push_key is not None:
        said.push = PushObject(push_key)
    return AccountsConfig(said)
