"""What this device keeps of one account between commands, and its form in a file.

Everything that a command is about to post is here before it is posted: a command that dies in the
middle is finished by the next one, and nothing of its own looks strange to it later.
"""

from dataclasses import dataclass, field

from ephemeral.client.accounts.kept_history import (
    Awaited,
    Promise,
    read_awaited,
    read_promise,
)
from ephemeral.client.accounts.kept_people import People, pin_fields, read_pin
from ephemeral.protocol.accounts.chain import Pin
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import device_id
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE, SALT_SIZE
from ephemeral.protocol.objects import (
    Json,
    read_bytes,
    read_integer,
    read_list,
    read_object,
    read_text,
)

__all__ = ["Kept", "Linking", "SealingSecret", "Session"]

VERSION = 1


@dataclass(slots=True)
class Session:
    """A session with the server. `until`: by the server's clock, the end of the access token;
    `device`: whether the server knows it for this device's."""

    sid: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    until: int
    device: bool


@dataclass(slots=True)
class SealingSecret:
    """The private half of a sealing key. `published_at` and `replaced_at` by the server's clock,
    0: not yet."""

    number: int
    day: int
    seed: bytes = field(repr=False)
    published_at: int = 0
    replaced_at: int = 0


@dataclass(slots=True)
class Linking:
    """A link that was asked for: the root of its words, and when the deposit ends."""

    root: bytes = field(repr=False)
    expires_at: int


@dataclass(slots=True)
class Kept:
    """An account, as this device knows it.

    `ahead`: by how many milliseconds the server's clock is before this machine's. `seed`: of the
    device's key; it is the account's device once the chain has it. `pin`: how far the chain was
    read; `statements`: what was read of it. `made`: hashes of this device's own statements.
    `genesis`: a body that was or will be posted; `waits`: the server said that devices may refuse
    it. `pins_day`: when the pins were written last. `people`: what is kept of others.
    `storage`: under which what conversations keep is sealed; `conversations`: R by conversation, as
    another device told it to this one; `synced_at`: when all of them were read last; `pinned`:
    a hash of which ones the last pins told of. `histories`: what devices that were let in are to
    have; `history`: what this one is to have.
    """

    server: str
    address: str
    salt: bytes
    account: bytes | None = None
    ahead: int = 0
    session: Session | None = None
    seed: bytes | None = field(default=None, repr=False)
    sealing: list[SealingSecret] = field(default_factory=list)
    names_key: bytes | None = field(default=None, repr=False)
    recovery_seal: bytes | None = field(default=None, repr=False)
    pin: Pin | None = None
    statements: list[bytes] = field(default_factory=list)
    made: list[bytes] = field(default_factory=list)
    linking: Linking | None = None
    genesis: Json | None = field(default=None, repr=False)
    waits: bool = False
    pins_day: int = 0
    people: People = field(default_factory=People)
    storage: bytes | None = field(default=None, repr=False)
    conversations: Json = field(default_factory=dict)
    synced_at: int = 0
    pinned: bytes | None = None
    histories: dict[bytes, Promise] = field(default_factory=dict)
    history: Awaited | None = None

    @property
    def key(self) -> SigningKey | None:
        """The device's key."""
        return None if self.seed is None else SigningKey.from_seed(self.seed)

    @property
    def device(self) -> bytes | None:
        """The device's id."""
        key = self.key
        return None if key is None else device_id(key.public)

    def forget_device(self) -> None:
        """Nothing of a device is kept; another one begins."""
        self.seed = self.names_key = self.recovery_seal = self.linking = self.genesis = None
        self.pin, self.pins_day, self.waits = None, 0, False
        self.statements, self.sealing, self.made = [], [], []
        self.storage, self.conversations, self.synced_at, self.pinned = None, {}, 0, None
        self.histories, self.history = {}, None

    def fields(self) -> dict[str, object]:
        """As JSON."""
        session, linking = self.session, self.linking
        return {
            "server": self.server,
            "address": self.address,
            "salt": b64encode(self.salt),
            "account": _or_null(self.account),
            "ahead": str(self.ahead),
            "session": session
            and {
                "sid": session.sid,
                "access_token": session.access_token,
                "refresh_token": session.refresh_token,
                "until": session.until,
                "device": int(session.device),
            },
            "seed": _or_null(self.seed),
            "sealing": [
                {
                    "number": one.number,
                    "day": one.day,
                    "seed": b64encode(one.seed),
                    "published_at": one.published_at,
                    "replaced_at": one.replaced_at,
                }
                for one in self.sealing
            ],
            "names_key": _or_null(self.names_key),
            "recovery_seal": _or_null(self.recovery_seal),
            "pin": self.pin and pin_fields(self.pin),
            "statements": [b64encode(one) for one in self.statements],
            "made": [b64encode(one) for one in self.made],
            "linking": linking
            and {"root": b64encode(linking.root), "expires_at": linking.expires_at},
            "genesis": self.genesis,
            "waits": int(self.waits),
            "pins_day": self.pins_day,
            "people": self.people.fields(),
            "storage": _or_null(self.storage),
            "conversations": dict(self.conversations),
            "synced_at": self.synced_at,
            "pinned": _or_null(self.pinned),
            "histories": {b64encode(of): one.fields() for of, one in self.histories.items()},
            "history": self.history and self.history.fields(),
        }

    @classmethod
    def read(cls, obj: Json) -> "Kept":
        """What `fields` gave; refuses anything else as malformed."""
        session, linking = obj.get("session"), obj.get("linking")
        histories = read_object(obj, "histories") if "histories" in obj else {}
        ahead = read_text(obj, "ahead")
        if not ahead.removeprefix("-").isdecimal() or len(ahead) > 17:
            raise Refusal("malformed")
        return cls(
            server=read_text(obj, "server"),
            address=read_text(obj, "address"),
            salt=read_bytes(obj, "salt", SALT_SIZE),
            account=_bytes_or_null(obj, "account", ID_SIZE),
            ahead=int(ahead),
            session=None if session is None else _read_session(read_object(obj, "session")),
            seed=_bytes_or_null(obj, "seed", KEY_SIZE),
            sealing=[_read_sealing(one) for one in read_list(obj, "sealing")],
            names_key=_bytes_or_null(obj, "names_key", KEY_SIZE),
            recovery_seal=_bytes_or_null(obj, "recovery_seal"),
            pin=None if obj.get("pin") is None else read_pin(read_object(obj, "pin")),
            statements=[b64decode(one) for one in read_list(obj, "statements")],
            made=[b64decode(one, KEY_SIZE) for one in read_list(obj, "made")],
            linking=None if linking is None else _read_linking(read_object(obj, "linking")),
            genesis=None if obj.get("genesis") is None else read_object(obj, "genesis"),
            waits=bool(read_integer(obj, "waits")),
            pins_day=read_integer(obj, "pins_day"),
            # A file that was written before there were any.
            people=People.read(read_object(obj, "people")) if "people" in obj else People(),
            storage=_bytes_or_null(obj, "storage", KEY_SIZE),
            conversations=read_object(obj, "conversations") if "conversations" in obj else {},
            synced_at=read_integer(obj, "synced_at") if "synced_at" in obj else 0,
            pinned=_bytes_or_null(obj, "pinned", KEY_SIZE),
            histories={b64decode(of, ID_SIZE): read_promise(one) for of, one in histories.items()},
            history=None if obj.get("history") is None else read_awaited(obj["history"]),
        )


def _or_null(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value)


def _bytes_or_null(obj: Json, key: str, length: int | None = None) -> bytes | None:
    return None if obj.get(key) is None else read_bytes(obj, key, length)


def _read_session(obj: Json) -> Session:
    return Session(
        sid=read_text(obj, "sid"),
        access_token=read_text(obj, "access_token"),
        refresh_token=read_text(obj, "refresh_token"),
        until=read_integer(obj, "until"),
        device=bool(read_integer(obj, "device")),
    )


def _read_sealing(value: object) -> SealingSecret:
    if not isinstance(value, dict):
        raise Refusal("malformed")
    return SealingSecret(
        number=read_integer(value, "number"),
        day=read_integer(value, "day"),
        seed=read_bytes(value, "seed", KEY_SIZE),
        published_at=read_integer(value, "published_at"),
        replaced_at=read_integer(value, "replaced_at"),
    )


def _read_linking(obj: Json) -> Linking:
    return Linking(read_bytes(obj, "root", KEY_SIZE), read_integer(obj, "expires_at"))
