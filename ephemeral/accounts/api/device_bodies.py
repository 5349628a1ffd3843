"""What is asked of devices: strict, bounded, and decoded once (docs/accounts.md)."""

from typing import Annotated, NamedTuple

from msgspec import Meta

from ephemeral.accounts.rules.nouns import Sealing
from ephemeral.edge.bodies import Strict, at_most, preferred_wait, sized
from ephemeral.protocol.accounts.addresses import read_address
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import INTEGER_MAX

__all__ = [
    "ANSWER_MAX",
    "PINS_MAX",
    "REQUEST_MAX",
    "AddRequest",
    "BeginBody",
    "BeginRequest",
    "ChainBody",
    "ChainQuery",
    "DepositBody",
    "GenesisRequest",
    "LinkBody",
    "LinkQuery",
    "NameBody",
    "OfferBody",
    "PinsBody",
    "PostBody",
    "RecoverBody",
    "RevokeBody",
    "SealingBody",
    "ShareBody",
    "Statement",
    "statement",
]

REQUEST_MAX, PINS_MAX, ANSWER_MAX = 4096, 65_536, 49_152
OFFERED_MAX = 100
_ID, _HASH, _KEY, _SIGNATURE, _SEALING, _NAME = 16, 32, 32, 64, 1216, 109
_U32 = 2**32 - 1
_DAYS = 200_000
_SIGNED_MAX = 512

Id = Annotated[str, sized(_ID, "A device")]
Chain = Annotated[str, sized(_HASH, "A chain")]
Locator = Annotated[str, sized(_HASH, "Where the words of a link lead")]
AuthKey = Annotated[str, sized(_KEY, "What a client derives from the password")]
RecoveryKey = Annotated[str, sized(_KEY, "The public recovery key")]
Signature = Annotated[str, sized(_SIGNATURE, "A signature")]
Statement = Annotated[str, at_most(_SIGNED_MAX, "A signed statement")]
Name = Annotated[str, sized(_NAME, "The encrypted name")]
Address = Annotated[str, Meta(max_length=64, description="The account's address")]


def statement(text: str) -> Signed:
    """A signed statement; refuses `malformed` and what its reader does."""
    signed = b64decode(text)
    refuse(len(signed) > _SIGNED_MAX, "malformed")
    return Signed.decode(signed)


def _blob(text: str, most: int) -> bytes:
    value = b64decode(text)
    refuse(not 1 <= len(value) <= most, "malformed")
    return value


class SealingBody(Strict):
    """A sealing key as its device has signed it."""

    number: Annotated[int, Meta(ge=1, le=_U32)]
    day: Annotated[int, Meta(ge=0, le=_DAYS, description="Days since 1970-01-01 UTC")]
    key: Annotated[str, sized(_SEALING, "An X-Wing key")]
    signature: Signature

    def unpack(self) -> Sealing:
        """Its parts; `malformed`."""
        return Sealing(
            self.number,
            self.day,
            b64decode(self.key, _SEALING),
            b64decode(self.signature, _SIGNATURE),
        )


class GenesisRequest(NamedTuple):
    """The first device of a chain."""

    signed: Signed
    sealing: Sealing


class AddRequest(NamedTuple):
    """Another device, which waits at a locator."""

    signed: Signed
    sealing: Sealing
    auth_key: bytes
    locator: bytes
    answer: bytes


class PostBody(Strict):
    """Body of `POST /devices`: of a GENESIS without the last three, of an ADD with them."""

    statement: Statement
    sealing: SealingBody
    auth_key: AuthKey | None = None
    locator: Locator | None = None
    answer: Annotated[str, at_most(ANSWER_MAX, "The sealed answer")] | None = None

    def unpack(self) -> GenesisRequest | AddRequest:
        """As the three are there or not; `malformed`."""
        signed, sealing = statement(self.statement), self.sealing.unpack()
        if self.auth_key is None and self.locator is None and self.answer is None:
            return GenesisRequest(signed, sealing)
        if self.auth_key is None or self.locator is None or self.answer is None:
            raise Refusal("malformed")
        return AddRequest(
            signed,
            sealing,
            b64decode(self.auth_key, _KEY),
            b64decode(self.locator, _HASH),
            _blob(self.answer, ANSWER_MAX),
        )


class RevokeBody(Strict):
    """Body of `POST /devices/{id}/revoke`."""

    id: Id
    statement: Statement
    auth_key: AuthKey

    def unpack(self) -> tuple[bytes, Signed, bytes]:
        """Device, statement and auth key; `malformed`."""
        device = b64decode(self.id, _ID)
        return device, statement(self.statement), b64decode(self.auth_key, _KEY)


class NameBody(Strict):
    """Body of `PATCH /devices/{id}`."""

    id: Id
    name: Name

    def unpack(self) -> tuple[bytes, bytes]:
        """Device and name; `malformed`."""
        return b64decode(self.id, _ID), b64decode(self.name, _NAME)


class DepositBody(Strict):
    """Body of `POST /devices/links`."""

    locator: Locator
    request: Annotated[str, at_most(REQUEST_MAX, "The sealed request")]

    def unpack(self) -> tuple[bytes, bytes]:
        """Locator and request; `malformed`."""
        return b64decode(self.locator, _HASH), _blob(self.request, REQUEST_MAX)


class LinkQuery(NamedTuple):
    """Which link, and seconds to wait for its answer."""

    locator: bytes
    wait: int


class LinkBody(Strict):
    """What `GET /devices/links` is asked with, in headers."""

    ephemeral_link: Locator = ""
    prefer: Annotated[
        str, Meta(description="`wait=25`: wait so many seconds, at most 25 (RFC 7240)")
    ] = ""

    def unpack(self) -> LinkQuery:
        """As the headers say; `malformed`."""
        return LinkQuery(b64decode(self.ephemeral_link, _HASH), preferred_wait(self.prefer))


class ShareBody(Strict):
    """Body of `POST /devices/me/share`: one of the two."""

    rotate: Annotated[int, Meta(ge=0, lt=INTEGER_MAX)] | None = None
    confirm: Annotated[int, Meta(ge=1, le=INTEGER_MAX)] | None = None

    def unpack(self) -> tuple[bool, int]:
        """Whether to rotate, and the number; `malformed`."""
        if self.rotate is not None and self.confirm is None:
            return True, self.rotate
        if self.confirm is not None and self.rotate is None:
            return False, self.confirm
        raise Refusal("malformed")


class PinsBody(Strict):
    """Body of `PUT /devices/me/pins`."""

    pins: Annotated[str, at_most(PINS_MAX, "The sealed pins")]
    signature: Signature

    def unpack(self) -> tuple[bytes, bytes]:
        """Pins and signature; `malformed`."""
        return _blob(self.pins, PINS_MAX), b64decode(self.signature, _SIGNATURE)


class ChainQuery(NamedTuple):
    """A chain, and the place after which to begin."""

    chain: bytes
    after: int | None


class ChainBody(Strict):
    """What `GET /chains/{chain}` is asked with."""

    chain: Chain
    # The place behind it is a number of four bytes, too.
    after: Annotated[int, Meta(ge=0, le=2**31 - 2)] | None = None

    def unpack(self) -> ChainQuery:
        """As path and query say; `malformed`."""
        return ChainQuery(b64decode(self.chain, _HASH), self.after)


class OfferBody(Strict):
    """Body of `POST /chains/{chain}`: statements that follow, in order."""

    chain: Chain
    statements: Annotated[list[Statement], Meta(min_length=1, max_length=OFFERED_MAX)]

    def unpack(self) -> tuple[bytes, list[Signed]]:
        """The chain and its statements; `malformed`."""
        return b64decode(self.chain, _HASH), [statement(one) for one in self.statements]


class BeginRequest(NamedTuple):
    """Whose recovery, and what proves that the words are known."""

    address: str
    recovery_key: bytes
    proof: str


class BeginBody(Strict):
    """Body of `POST /auth/recover/begin`."""

    address: Address
    recovery_key: RecoveryKey
    time: Annotated[int, Meta(ge=0, le=INTEGER_MAX, description="By the server's clock")]
    signature: Signature

    def unpack(self) -> BeginRequest:
        """Its parts; `address_form`, `malformed`."""
        b64decode(self.signature, _SIGNATURE)
        return BeginRequest(
            read_address(self.address),
            b64decode(self.recovery_key, _KEY),
            f"{self.time}.{self.signature}",
        )


class RecoverRequest(NamedTuple):
    """All that a recovery brings."""

    address: str
    signed: Signed
    auth_key: bytes
    sealing: Sealing
    cookie: bool


class RecoverBody(Strict):
    """Body of `POST /auth/recover`."""

    address: Address
    statement: Statement
    auth_key: AuthKey
    sealing: SealingBody
    cookie: bool = False

    def unpack(self) -> RecoverRequest:
        """Its parts; `address_form`, `malformed`, and what a statement's reader refuses."""
        return RecoverRequest(
            read_address(self.address),
            statement(self.statement),
            b64decode(self.auth_key, _KEY),
            self.sealing.unpack(),
            self.cookie,
        )
