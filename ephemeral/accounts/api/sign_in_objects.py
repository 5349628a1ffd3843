"""What sign-in answers: each object is one struct (docs/accounts.md)."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ephemeral.accounts.api.device_objects import PendingObject, pending
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.rules.sessions import SessionView
from ephemeral.accounts.service.deletion import Deleted
from ephemeral.accounts.service.profiles import Profile
from ephemeral.accounts.service.sessions import Opened
from ephemeral.accounts.service.tokens import ACCESS_SECONDS
from ephemeral.protocol.encoding import b64encode

__all__ = [
    "DeletedAnswer",
    "KeySetAnswer",
    "MeAnswer",
    "SessionsAnswer",
    "TokensAnswer",
    "deleted",
    "key_set",
    "me",
    "sessions",
    "tokens",
]

_encode = msgspec.json.Encoder().encode

Time = Annotated[int, Meta(ge=0, description="Milliseconds since 1970-01-01 UTC")]
Day = Annotated[int, Meta(ge=0, description="Days since 1970-01-01 UTC")]
Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes in base64url")]
Hash = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$", description="32 bytes in base64url")]


class _Answer(Struct, gc=False):
    """Something that is encoded as a JSON object."""


class TokensAnswer(_Answer):
    """A session's tokens. The refresh token is absent where it is in the cookie."""

    account: Id
    sid: Id
    access_token: str
    expires_in: Annotated[int, Meta(description="Seconds for which the access token is good")]
    now: Time
    refresh_token: str | UnsetType = UNSET
    device: Id | UnsetType = UNSET


class EndedChain(_Answer):
    """A chain that another took the place of."""

    chain: Hash
    at: Time


class MeAnswer(_Answer):
    """The account, as a session of it sees it."""

    account: Id
    sid: Id
    created_day: Day
    ended: list[EndedChain]
    mode: Annotated[
        Literal["password", "identity"], Meta(description="By what it can be signed in to")
    ]
    now: Time
    device: Id | UnsetType = UNSET
    chain: Hash | UnsetType = UNSET
    sequence: int | UnsetType = UNSET
    head: Hash | UnsetType = UNSET
    pending: PendingObject | UnsetType = UNSET
    token_reused_at: (
        Annotated[Time, Meta(description="When somebody last showed a copy of a refresh token")]
        | UnsetType
    ) = UNSET
    suspended_day: (
        Annotated[Day, Meta(description="Since when the account is suspended, if it is")]
        | UnsetType
    ) = UNSET


class SessionObject(_Answer):
    """Somebody who is signed in."""

    sid: Id
    created_day: Day
    seen_day: Day
    present: Annotated[bool, Meta(description="Whether it is the one that asks")]
    device: Id | UnsetType = UNSET


class SessionsAnswer(_Answer):
    """All sessions of the account, the newest first."""

    sessions: list[SessionObject]
    now: Time


class DeletedAnswer(_Answer):
    """Whether the account is gone, or when it will be."""

    deleted: bool
    now: Time
    due: Time | UnsetType = UNSET


class KeyObject(_Answer):
    """A public key (RFC 7517, RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    alg: Literal["Ed25519"]
    use: Literal["sig"]
    kid: str
    x: Hash


class KeySetAnswer(_Answer):
    """The keys that sign access tokens."""

    keys: list[KeyObject]


def _id(value: bytes | None) -> str | UnsetType:
    return UNSET if value is None else b64encode(value)


def tokens(opened: Opened, access_token: str, *, in_cookie: bool) -> bytes:
    """Tokens of a session."""
    session = opened.session
    return _encode(
        TokensAnswer(
            account=b64encode(session.account),
            sid=b64encode(session.sid),
            access_token=access_token,
            expires_in=ACCESS_SECONDS,
            now=opened.now,
            refresh_token=UNSET if in_cookie else opened.refresh_token,
            device=_id(session.device),
        )
    )


def me(session: Session, profile: Profile) -> bytes:
    """The account as one of its sessions sees it."""
    chain = profile.chain
    reused_at, suspended_day = profile.reused_at, profile.suspended_day
    return _encode(
        MeAnswer(
            account=b64encode(session.account),
            sid=b64encode(session.sid),
            created_day=profile.created_day,
            ended=[EndedChain(b64encode(one), at) for one, at in profile.ended],
            mode="password" if profile.has_password else "identity",
            now=profile.now,
            device=_id(session.device),
            chain=UNSET if chain is None else b64encode(chain.chain),
            sequence=UNSET if chain is None else chain.sequence,
            head=UNSET if chain is None else b64encode(chain.head),
            pending=pending(profile.pending),
            token_reused_at=UNSET if reused_at is None else reused_at,
            suspended_day=UNSET if suspended_day is None else suspended_day,
        )
    )


def sessions(session: Session, listed: Sequence[SessionView], now: int) -> bytes:
    """All sessions of an account, as one of them sees them."""
    shown = [
        SessionObject(
            sid=b64encode(one.sid),
            created_day=one.created_day,
            seen_day=one.seen_day,
            present=one.sid == session.sid,
            device=_id(one.device),
        )
        for one in listed
    ]
    return _encode(SessionsAnswer(shown, now))


def deleted(said: Deleted) -> bytes:
    """Whether it is gone."""
    due = said.due
    return _encode(DeletedAnswer(due is None, said.now, UNSET if due is None else due))


def key_set(keys: Sequence[dict[str, str]]) -> bytes:
    """The public keys."""
    return _encode({"keys": keys})
