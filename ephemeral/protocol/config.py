"""What a server says about itself in `GET /config`: docs/protocol.md, 3.2 and 3.3."""

from collections.abc import Mapping
from dataclasses import dataclass

from ephemeral.protocol.encoding import b64decode, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import ARGON2ID, PBKDF2
from ephemeral.protocol.limits import (
    ATTACHMENT_MAX,
    CHARTER_LIMITS,
    ENVELOPE_MAX,
    ENVELOPE_SIZES,
    PROTOCOL,
    SALT_SIZE,
    WAITING_BYTES,
    WAITING_MESSAGES,
    CharterLimits,
)

__all__ = ["Accounts", "Config", "Defaults", "Limits", "Oidc", "kdf_object", "read_config"]

_KDF: Mapping[int, Mapping[str, int | str]] = {
    ARGON2ID: {
        "suite": ARGON2ID,
        "name": "argon2id",
        "memory_kib": 65_536,
        "passes": 3,
        "lanes": 1,
        "length": 32,
    },
    PBKDF2: {"suite": PBKDF2, "name": "pbkdf2", "rounds": 600_000, "length": 32},
}

_WRONG_PROTOCOL = "This server speaks another protocol, or another version of it."
_WRONG_KDF = "This server derives keys in a way that the protocol doesn't know. Don't use it."
_WRONG_SALT = "This server has no proper salt. Don't use it."
_WRONG_ACCOUNTS = "This server says of its accounts what the protocol doesn't allow."
_WRONG_LIMITS = "This server names limits that the protocol doesn't allow."


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one server. Ranges hold both ends; times are seconds, sizes bytes."""

    charter: CharterLimits
    waiting_messages: int
    waiting_bytes: int
    envelope: int
    lease_seconds: int
    seat_grace_seconds: int
    resume_seconds: int
    tombstone_seconds: int


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a new room gets if its creator doesn't choose."""

    message_ttl: int
    room_ttl: int
    seats: int


@dataclass(frozen=True, slots=True)
class Oidc:
    """Another service whose word is taken for who somebody is, and what this server is there."""

    issuer: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where there are accounts. `invited`: whether one needs an invitation to register; `audience`:
    what proofs of devices are made for (docs/accounts.md); `oidc`: by whom else they are opened."""

    invited: bool
    audience: str
    oidc: Oidc | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration. `salt` has 32 bytes, `suite` is 1 or 2. `attachments`: how many
    bytes one may have in a room; None: none are taken."""

    suite: int
    salt: bytes
    limits: Limits
    defaults: Defaults
    accounts: Accounts | None = None
    attachments: int | None = None


def kdf_object(suite: int) -> dict[str, int | str]:
    """The `kdf` object that a server of this suite publishes."""
    return dict(_KDF[suite])


def read_config(value: object) -> Config:
    """Check the parsed answer to `GET /config`.

    Refusals in this order: `malformed` (no object), `config_protocol`, `config_kdf`,
    `config_salt`, `config_limits`, `config_accounts`. Unknown keys are ignored, except in `kdf`.
    """
    if not isinstance(value, dict):
        raise Refusal("malformed")
    refuse(value.get("protocol") != PROTOCOL, "config_protocol", _WRONG_PROTOCOL)
    suite = _read_suite(value.get("kdf"))
    try:
        salt = b64decode(value.get("salt"), SALT_SIZE)
    except Refusal:
        raise Refusal("config_salt", _WRONG_SALT) from None
    try:
        limits = _read_limits(_member(value, "limits"))
        defaults = _read_defaults(_member(value, "defaults"), limits.charter)
    except Refusal:
        raise Refusal("config_limits", _WRONG_LIMITS) from None
    accounts = _read_accounts(value.get("accounts"))
    return Config(
        suite, salt, limits, defaults, accounts, _read_attachments(value.get("attachments"))
    )


def _read_attachments(value: object) -> int | None:
    """Servers of before say nothing; what is no size stands for none."""
    try:
        size = value.get("bytes") if isinstance(value, dict) else None
        return read_integer(size, 1, ATTACHMENT_MAX)
    except Refusal:
        return None


def _read_suite(kdf: object) -> int:
    """The suite whose object `kdf` is exactly; True is not 1, though Python calls them equal."""
    if isinstance(kdf, dict) and not any(isinstance(value, bool) for value in kdf.values()):
        for suite, known in _KDF.items():
            if kdf == known:
                return suite
    raise Refusal("config_kdf", _WRONG_KDF)


def _member(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    member = value.get(key)
    if not isinstance(member, dict):
        raise Refusal("config_limits")
    return member


def _read_range(value: object, widest: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise Refusal("config_limits")
    low = read_integer(value[0], *widest)
    return low, read_integer(value[1], low, widest[1])


def _read_limits(limits: Mapping[str, object]) -> Limits:
    return Limits(
        charter=CharterLimits(
            seats=_read_range(limits.get("seats"), CHARTER_LIMITS.seats),
            message_ttl=_read_range(limits.get("message_ttl"), CHARTER_LIMITS.message_ttl),
            room_ttl=_read_range(limits.get("room_ttl"), CHARTER_LIMITS.room_ttl),
        ),
        waiting_messages=read_integer(limits.get("waiting_messages"), 1, WAITING_MESSAGES),
        waiting_bytes=read_integer(limits.get("waiting_bytes"), 1, WAITING_BYTES),
        envelope=read_integer(limits.get("envelope"), ENVELOPE_SIZES[0], ENVELOPE_MAX),
        lease_seconds=read_integer(limits.get("lease_seconds"), 1),
        seat_grace_seconds=read_integer(limits.get("seat_grace_seconds")),
        resume_seconds=read_integer(limits.get("resume_seconds")),
        tombstone_seconds=read_integer(limits.get("tombstone_seconds")),
    )


def _read_accounts(value: object) -> Accounts | None:
    """What is said of accounts; where there are none, nothing is."""
    if value is None:
        return None
    modes, mode, audience = {"open": False, "invited": True}, None, None
    if isinstance(value, dict):
        mode, audience = value.get("mode"), value.get("audience")
    if not isinstance(mode, str) or mode not in modes or not isinstance(audience, str):
        raise Refusal("config_accounts", _WRONG_ACCOUNTS)
    assert isinstance(value, dict)
    return Accounts(modes[mode], audience, _read_oidc(value.get("oidc")))


def _read_oidc(value: object) -> Oidc | None:
    if value is None:
        return None
    parts = [value.get(name) for name in ("issuer", "client_id")] if isinstance(value, dict) else []
    texts = [one for one in parts if isinstance(one, str) and one.isascii() and one.isprintable()]
    if len(texts) != 2:
        raise Refusal("config_accounts", _WRONG_ACCOUNTS)
    return Oidc(*texts)


def _read_defaults(defaults: Mapping[str, object], charter: CharterLimits) -> Defaults:
    return Defaults(
        message_ttl=read_integer(defaults.get("message_ttl"), *charter.message_ttl),
        room_ttl=read_integer(defaults.get("room_ttl"), *charter.room_ttl),
        seats=read_integer(defaults.get("seats"), *charter.seats),
    )
