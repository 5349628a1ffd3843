"""The settings: every variable once, with its type, default, meaning, and whether it is secret.

``Settings`` is read once, at the root, and passed down; nothing else reads the environment. A
variable that is absent or empty has its default. What is set in the environment wins over what
stands in ``.env``. Names that are not in the table are somebody else's and ignored.

A wrong value is refused in one sentence that names the variable; the value of a secret is in no
sentence and in no representation.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import quote, urlsplit

from ephemeral.protocol.limits import ATTACHMENT_MAX, ENVELOPE_MAX

__all__ = [
    "VARIABLES",
    "Declared",
    "Often",
    "Settings",
    "SettingsError",
    "Trusted",
    "process_environment",
]

_DOTENV_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_DOTENV_COMMENT = re.compile(r"(?:^|\s)#.*")
_HIDDEN = "***"
_DAY = 86_400
# As in the range of DATABASE_POOL_SIZE.
_EMBEDDED_MOST = 90

#: How many at once, and in how many seconds as many again; None where there is no limit.
Often = tuple[int, int] | None
#: Networks of proxies; "unix" is whoever connects through a unix socket.
Trusted = tuple[IPv4Network | IPv6Network | Literal["unix"], ...]

# Whoever reads these reads everything that the second layer protects.
_KEYS = {"ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS"}


def process_environment() -> Mapping[str, str]:
    """The environment as it stands, for the client's commands, which have no settings."""
    return os.environ


class SettingsError(Exception):
    """A setting is wrong; the message is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a field of Settings says about its variable.

    ``parse`` raises ValueError with what the text "must" be. ``default`` is text as it would be
    written, "" where there is none; then ``empty`` is the value.
    """

    parse: Callable[[str], object]
    default: str
    sentence: str
    secret: bool = False
    empty: object = None


def _text(text: str) -> str:
    return text


def _path(text: str) -> Path:
    try:
        if "\0" not in text:
            return Path(text).expanduser()
    except RuntimeError:
        pass
    raise ValueError("must be a path")


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if re.fullmatch(r"[0-9]{1,18}", text) and lowest <= int(text) <= highest:
            return int(text)
        raise ValueError(f"must be a whole number from {lowest} to {highest}")

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text in choices:
            return text
        raise ValueError(f"must be one of {', '.join(choices)}")

    return parse


def _boolean(text: str) -> bool:
    if text in {"true", "false"}:
        return text == "true"
    raise ValueError("must be one of true, false")


def _key(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError("must be 64 hexadecimal digits (`openssl rand -hex 32` makes them)")
    return text


def _url(*schemes: str) -> Callable[[str], str]:
    wanted = " or ".join(f"{scheme}://..." for scheme in schemes)

    def parse(text: str) -> str:
        try:
            if urlsplit(text).scheme in schemes and "://" in text:
                return text
        except ValueError:
            pass
        # Without its cause, which may quote the address.
        raise ValueError(f"must be an address of the form {wanted}") from None

    return parse


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        # The port is looked at only when it is asked for.
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if good and re.fullmatch(r"[!#-;=?-~]{1,2000}", text):
        return text
    raise ValueError("must be an address of the form https://... or http://..., in ASCII")


def _issuer(text: str) -> str:
    try:
        parts = urlsplit(text)
        by_tls = parts.scheme == "https"
        here = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
        good = (by_tls or here) and parts.hostname and parts.port != 0
        plain = not (parts.query or parts.fragment or parts.username or parts.password)
    except ValueError:
        good = plain = False
    if good and plain and re.fullmatch(r"[!-~]{1,500}", text):
        return text
    raise ValueError("must be an address of the form https://...")


def _origin(text: str) -> str:
    if _issuer(text).count("/") == 2 and text == text.lower():
        return text
    raise ValueError("must be an address of the form https://push.example, with nothing behind it")


def _contact(text: str) -> str:
    if re.fullmatch(r"(?:mailto:[!-~]+@[!-~]+|https://[!-~]+)", text) and len(text) <= 300:
        return text
    raise ValueError("must be an address of the form mailto:... or https://...")


def _bucket(text: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text):
        return text
    raise ValueError("must be a bucket's name: 3 to 63 small letters, digits, dots and hyphens")


def _region(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        return text
    raise ValueError("must be a name of letters, digits and hyphens")


def _line(most: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) <= most and text.isprintable():
            return text
        raise ValueError(f"must be one line of at most {most} characters")

    return parse


def _networks(text: str) -> Trusted:
    try:
        parts = [part.strip() for part in text.split(",")]
        return tuple("unix" if part == "unix" else ip_network(part) for part in parts)
    except ValueError:
        raise ValueError("must be addresses, networks or unix, separated by commas") from None


def _often(text: str) -> Often:
    if text == "off":
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,4})", text)
    if match is None or int(match[2]) > _DAY:
        raise ValueError(f"must be COUNT/SECONDS such as 300/3600 (at most {_DAY} s), or off")
    return int(match[1]), int(match[2])


def _bytes_often(text: str) -> Often:
    if text == "off":
        return None
    match = re.fullmatch(r"([1-9][0-9]{4,12})/([1-9][0-9]{0,4})", text)
    if match is None or int(match[1]) < ENVELOPE_MAX or int(match[2]) > _DAY:
        raise ValueError(
            f"must be BYTES/SECONDS such as 67108864/600 (at least {ENVELOPE_MAX} bytes, at most "
            f"{_DAY} s), or off"
        )
    return int(match[1]), int(match[2])


def _attachments_often(text: str) -> Often:
    found = _bytes_often(text)
    if found is not None and found[0] < ATTACHMENT_MAX:
        raise ValueError(f"must be at least {ATTACHMENT_MAX} bytes, the longest attachment")
    return found


def _base_path(text: str) -> str:
    if text == "/":
        return ""
    if re.fullmatch(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", text):
        return text
    raise ValueError("must be a path such as /chat, without a slash at its end")


def _token(text: str) -> str:
    if not re.fullmatch(r"[!-~]{16,256}", text):
        raise ValueError("must be 16 to 256 visible ASCII characters")
    return text


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """All settings, parsed. Made by ``Settings.parse`` or ``Settings.from_environment``."""

    host: Annotated[str, Declared(_text, "127.0.0.1", "Address to listen on.")]
    port: Annotated[
        int, Declared(_whole(0, 65535), "3000", "Port to listen on; 0 takes any free one.")
    ]
    base_path: Annotated[
        str,
        Declared(
            _base_path,
            "",
            "Sub-path under which a proxy shows the service, such as /chat.",
            empty="",
        ),
    ]
    operator_name: Annotated[
        str, Declared(_line(100), "", "Who runs this instance, as its page shows it.", empty="")
    ]
    operator_url: Annotated[
        str | None, Declared(_web_address, "", "Where more is to be read of who runs it.")
    ]
    source_url: Annotated[
        str | None,
        Declared(_web_address, "", "Where the sources and documents of this program are."),
    ]
    trusted_proxies: Annotated[
        Trusted,
        Declared(
            _networks,
            "",
            "Proxies that are believed when they tell a client's address: networks, by commas.",
            empty=(),
        ),
    ]
    hsts_seconds: Annotated[
        int,
        Declared(
            _whole(0, 2 * 365 * _DAY),
            "604800",
            "How long browsers that came by https come by nothing else; 0 has them forget it.",
        ),
    ]
    log_level: Annotated[
        str,
        Declared(
            _one_of("debug", "info", "warning", "error"),
            "info",
            "How much is logged; at no level anything about a room or its members.",
        ),
    ]
    log_format: Annotated[
        str,
        Declared(
            _one_of("text", "json"),
            "text",
            "What a line of the log is: a sentence, or a JSON object.",
        ),
    ]
    drain_seconds: Annotated[
        int,
        Declared(
            _whole(0, 600),
            "0",
            "Over how long a stopping server, unready meanwhile, closes its sockets one by one.",
        ),
    ]
    stop_seconds: Annotated[
        int,
        Declared(
            _whole(1, 600), "10", "How long what was begun may take after that, when it stops."
        ),
    ]

    data_dir: Annotated[
        Path, Declared(_path, "./data", "Directory of the embedded database and of the keys.")
    ]
    database_url: Annotated[
        str | None,
        Declared(
            _url("postgresql", "postgres"),
            "",
            "A PostgreSQL of yours (15 and up), or several hosts; else an embedded one starts.",
            secret=True,
        ),
    ]
    pghost: Annotated[
        str | None,
        Declared(
            _text, "", "Where DATABASE_URL is empty: host or socket directory of your PostgreSQL."
        ),
    ]
    pgport: Annotated[int, Declared(_whole(1, 65535), "5432", "Port, together with PGHOST.")]
    pgdatabase: Annotated[
        str | None,
        Declared(
            _text, "", "Name of the database, together with PGHOST; the user's name if empty."
        ),
    ]
    pguser: Annotated[
        str | None,
        Declared(_text, "", "Database user, together with PGHOST; the system's user if empty."),
    ]
    pgpassword: Annotated[
        str | None, Declared(_text, "", "Password of that user, together with PGHOST.", secret=True)
    ]
    database_pool_size: Annotated[
        int, Declared(_whole(2, 90), "8", "How many connections to the database are held at most.")
    ]
    database_wait_seconds: Annotated[
        int,
        Declared(_whole(0, 600), "30", "How long a database that is still starting is waited for."),
    ]

    encryption_key: Annotated[
        str | None,
        Declared(
            _key,
            "",
            "Wraps the keys that seal stored payloads; required with a database of your own.",
            secret=True,
        ),
    ]
    encryption_key_previous: Annotated[
        str | None,
        Declared(
            _key, "", "The key before, still accepted while keys are being rotated.", secret=True
        ),
    ]
    encryption_key_file: Annotated[
        Path | None,
        Declared(
            _path,
            "",
            "A file of mode 0600 (or root's, 0440) that holds the key, in place of ENCRYPTION_KEY.",
        ),
    ]
    keyring_dir: Annotated[
        Path, Declared(_path, "", "Directory of the wrapped keys; DATA_DIR/keyring if empty.")
    ]
    s3_bucket: Annotated[
        str | None,
        Declared(
            _bucket, "", "A bucket of S3 for large objects; else they lie in DATA_DIR/objects."
        ),
    ]
    s3_endpoint: Annotated[
        str | None,
        Declared(_web_address, "", "Where the bucket is, such as https://s3.example."),
    ]
    s3_public_endpoint: Annotated[
        str | None,
        Declared(_web_address, "", "Where browsers find it, if that is another address."),
    ]
    s3_region: Annotated[str, Declared(_region, "us-east-1", "The region of the bucket.")]
    s3_access_key_file: Annotated[
        Path | None, Declared(_path, "", "A file that holds the id of the bucket's access key.")
    ]
    s3_secret_key_file: Annotated[
        Path | None, Declared(_path, "", "A file that holds the secret of that key.")
    ]
    s3_url_seconds: Annotated[
        int,
        Declared(_whole(60, 3600), "900", "How long a signed address of an object may be used."),
    ]
    files_through_app: Annotated[
        bool,
        Declared(
            _boolean,
            "",
            "Whether files go through this server: true without a bucket, else false. With false, "
            "recipients' addresses are seen by the storage provider.",
        ),
    ]
    files: Annotated[
        bool,
        Declared(_boolean, "true", "Whether account holders may share files by this server."),
    ]
    file_bytes: Annotated[
        int,
        Declared(
            _whole(2**20, 2**34), "4294967296", "The largest file, with padding; at most 16 GiB."
        ),
    ]
    files_bytes: Annotated[
        int,
        Declared(
            _whole(0, 2**50),
            "53687091200",
            "The most bytes that all files together may have; 0: no limit but the store's.",
        ),
    ]
    account_files_bytes: Annotated[
        int,
        Declared(
            _whole(2**20, 2**50), "21474836480", "The most bytes that files of an account may have."
        ),
    ]
    account_read_bytes: Annotated[
        int,
        Declared(
            _whole(0, 2**50),
            "107374182400",
            "The most bytes of files that an account is given addresses for in a day; 0: no limit.",
        ),
    ]
    epoch_seconds: Annotated[
        int,
        Declared(
            _whole(1, 86400),
            "900",
            "How long an epoch key is used; after two of them what is destroyed is past recovery.",
        ),
    ]
    kdf: Annotated[
        str,
        Declared(
            _one_of("argon2id", "pbkdf2"),
            "argon2id",
            "Key derivation of all rooms; can't be changed while a room lives.",
        ),
    ]
    metrics_token: Annotated[
        str | None,
        Declared(
            _token, "", "Bearer token that opens /metrics; without it there is none.", secret=True
        ),
    ]
    metrics_port: Annotated[
        int | None,
        Declared(_whole(0, 65535), "", "A port of HOST that shows the metrics to all comers."),
    ]

    accounts: Annotated[
        str,
        Declared(
            _one_of("true", "false", "invited"),
            "true",
            "Whether people may have accounts, or only those whom you invite.",
        ),
    ]

    oidc_issuer: Annotated[
        str | None,
        Declared(
            _issuer,
            "",
            "OpenID Connect: whose ID tokens open accounts, such as https://accounts.google.com.",
        ),
    ]
    oidc_client_id: Annotated[
        str | None,
        Declared(_line(255), "", "What this deployment is called there; needed with OIDC_ISSUER."),
    ]

    push: Annotated[
        str,
        Declared(
            _one_of("true", "false"),
            "true",
            "Whether devices may be told by their browsers' push services that something is new.",
        ),
    ]
    push_contact: Annotated[
        str | None,
        Declared(
            _contact,
            "",
            "Where push services find you: mailto:you@example.org or https://... Apple's asks it.",
        ),
    ]
    push_service: Annotated[
        str | None,
        Declared(
            _origin,
            "",
            "A push service in your own network, which pushes may go to besides those of the "
            "internet.",
        ),
    ]

    workers: Annotated[
        int, Declared(_whole(1, 64), "1", "Server processes; more than one need REDIS_URL.")
    ]
    redis_url: Annotated[
        str | None,
        Declared(
            _url("redis", "rediss", "unix"),
            "",
            "Redis that several processes or hosts need to hear of each other; it keeps nothing.",
            secret=True,
        ),
    ]

    message_ttl_seconds: Annotated[
        int,
        Declared(
            _whole(60, 604800), "86400", "How long a message waits unless its room says otherwise."
        ),
    ]
    message_ttl_max_seconds: Annotated[
        int,
        Declared(
            _whole(60, 604800), "604800", "The longest that a room may let its messages wait."
        ),
    ]
    room_ttl_seconds: Annotated[
        int,
        Declared(
            _whole(300, 2592000),
            "604800",
            "How long a room outlives its last use unless it says so.",
        ),
    ]
    room_ttl_max_seconds: Annotated[
        int,
        Declared(
            _whole(300, 2592000), "2592000", "The longest that a room may outlive its last use."
        ),
    ]
    log_ttl_seconds: Annotated[
        int,
        Declared(
            _whole(3600, 2592000),
            "2592000",
            "The longest that a message waits in a conversation of accounts.",
        ),
    ]
    seats_default: Annotated[
        int, Declared(_whole(2, 50), "2", "Seats of a room unless its creator chooses.")
    ]
    seats_max: Annotated[int, Declared(_whole(2, 50), "50", "The most seats that a room may have.")]
    waiting_messages_max: Annotated[
        int, Declared(_whole(1, 500), "500", "The most messages that may wait in a room.")
    ]
    waiting_bytes_max: Annotated[
        int,
        Declared(_whole(65536, 16777216), "16777216", "The most bytes that may wait in a room."),
    ]
    storage_bytes: Annotated[
        int,
        Declared(
            _whole(0, 2**50),
            "8589934592",
            "The most bytes that may wait in all rooms, and in all conversations; 0: no limit.",
        ),
    ]
    attachments: Annotated[
        bool, Declared(_boolean, "true", "Whether messages in rooms may have attachments.")
    ]
    attachment_bytes: Annotated[
        int,
        Declared(
            _whole(ATTACHMENT_MAX, 2**50),
            "2147483648",
            "The most bytes of attachments in all rooms; above three quarters of it only those of "
            "up to 1 MiB are taken.",
        ),
    ]
    lease_seconds: Annotated[
        int,
        Declared(_whole(1, 3600), "120", "How long one member alone may read an opened message."),
    ]
    seat_grace_seconds: Annotated[
        int,
        Declared(_whole(1, 3600), "60", "How long a seat is kept after its member was last seen."),
    ]
    resume_seconds: Annotated[
        int,
        Declared(
            _whole(1, 86400), "1800", "How long a reloaded tab can come back without the code."
        ),
    ]
    tombstone_seconds: Annotated[
        int,
        Declared(
            _whole(1, 604800), "86400", "How long the fate of a destroyed message is remembered."
        ),
    ]
    sweep_seconds: Annotated[
        int, Declared(_whole(1, 60), "1", "How often what has expired is destroyed.")
    ]
    hello_seconds: Annotated[
        int,
        Declared(_whole(1, 60), "5", "How long a new socket may stay silent before it is closed."),
    ]
    ping_seconds: Annotated[
        int,
        Declared(
            _whole(1, 3600),
            "20",
            "How often a socket is pinged. One that says or takes nothing till then is cut off.",
        ),
    ]
    request_seconds: Annotated[
        int,
        Declared(
            _whole(1, 3600),
            "30",
            "How long a request may take to come, or its answer to be taken, before it is cut off.",
        ),
    ]
    keep_alive_seconds: Annotated[
        int,
        Declared(
            _whole(1, 3600),
            "150",
            "How long a connection is kept for its next request; longer than a proxy keeps it.",
        ),
    ]
    frames_per_second: Annotated[
        int,
        Declared(
            _whole(1, 100000),
            "50",
            "Frames of any kind that one socket may send each second, for long.",
        ),
    ]
    frames_burst: Annotated[
        int, Declared(_whole(1, 100000), "200", "Frames that one socket may send at once.")
    ]
    connections_max: Annotated[
        int, Declared(_whole(1, 1000000), "20000", "The most sockets that are open at once.")
    ]
    creates_per_address: Annotated[
        Often,
        Declared(
            _often,
            "300/3600",
            "Rooms that an address may make: so many at once, as many again in so many seconds.",
        ),
    ]
    joins_per_address: Annotated[
        Often, Declared(_often, "600/600", "How often an address may take a seat.")
    ]
    joins_per_room: Annotated[
        Often, Declared(_often, "100/60", "How often a seat may be taken in a room.")
    ]
    misses_per_address: Annotated[
        Often,
        Declared(_often, "1000/1000", "How often an address may ask for rooms that aren't there."),
    ]
    connects_per_address: Annotated[
        Often, Declared(_often, "600/60", "How often an address may open a socket.")
    ]
    connects_per_room: Annotated[
        Often, Declared(_often, "300/60", "How often sockets may come into a room.")
    ]
    posts_per_address: Annotated[
        Often, Declared(_often, "3000/60", "How often an address may post.")
    ]
    post_bytes_per_address: Annotated[
        Often, Declared(_bytes_often, "67108864/600", "How many bytes an address may post.")
    ]
    attachment_bytes_per_address: Annotated[
        Often,
        Declared(
            _attachments_often,
            "209715200/86400",
            "How many bytes of attachments an address may announce.",
        ),
    ]
    chunk_bytes_per_address: Annotated[
        Often,
        Declared(
            _attachments_often,
            "134217728/60",
            "How many bytes of attachments an address may send and fetch.",
        ),
    ]
    posts_per_room: Annotated[
        Often, Declared(_often, "1200/120", "How often may be posted in a room.")
    ]
    posts_per_seat: Annotated[Often, Declared(_often, "600/120", "How often a member may post.")]
    opens_per_address: Annotated[
        Often,
        Declared(_often, "30000/60", "How often an address may open, acknowledge or release."),
    ]
    opens_per_room: Annotated[
        Often,
        Declared(
            _often, "15000/60", "How often may be opened, acknowledged or released in a room."
        ),
    ]
    opens_per_seat: Annotated[
        Often, Declared(_often, "1200/60", "How often a member may open, acknowledge or release.")
    ]
    states_per_address: Annotated[
        Often,
        Declared(
            _often, "12000/60", "How often an address may say or ask anything else, as who types."
        ),
    ]
    states_per_room: Annotated[
        Often,
        Declared(_often, "3000/60", "How often may be said or asked anything else in a room."),
    ]
    states_per_seat: Annotated[
        Often, Declared(_often, "600/60", "How often a member may say or ask anything else.")
    ]
    registrations_per_address: Annotated[
        Often, Declared(_often, "5/3600", "Accounts that an address may make.")
    ]
    logins_per_address: Annotated[
        Often, Declared(_often, "120/600", "How often an address may sign in, or recover.")
    ]
    account_requests_per_address: Annotated[
        Often,
        Declared(_often, "6000/60", "How often an address may ask anything else of accounts."),
    ]
    account_requests_per_account: Annotated[
        Often,
        Declared(_often, "600/60", "How often an account may ask anything else."),
    ]
    object_requests_per_address: Annotated[
        Often,
        Declared(
            _often,
            "60000/60",
            "How often an address may send or fetch parts of files; 64 KiB are one, a request 8.",
        ),
    ]
    connections_per_address: Annotated[
        int,
        Declared(
            _whole(1, 1000000), "1000", "The most sockets of one address that are open at once."
        ),
    ]
    connections_per_room: Annotated[
        int,
        Declared(_whole(1, 1000000), "100", "The most sockets in one room that are open at once."),
    ]

    @classmethod
    def parse(cls, environment: Mapping[str, str], dotenv: str = "") -> "Settings":
        """Settings from a mapping and from the text of a ``.env`` file; raises SettingsError."""
        given = _parse_dotenv(dotenv)
        # An empty variable says nothing, so it doesn't hide what the file says.
        given.update({name: text for name, text in environment.items() if text.strip()})
        values: dict[str, Any] = {
            name.lower(): _value(name, declared, given.get(name, ""))
            for name, declared in VARIABLES.items()
        }
        if values["keyring_dir"] is None:
            values["keyring_dir"] = values["data_dir"] / "keyring"
        if values["files_through_app"] is None:
            values["files_through_app"] = values["s3_bucket"] is None
        settings = cls(**values)
        settings._check_together()
        return settings

    @classmethod
    def from_environment(cls, directory: Path) -> "Settings":
        """Settings from this process's environment and ``directory/.env``, if that exists."""
        path = directory / ".env"
        try:
            dotenv = path.read_text(encoding="utf-8")
            others_can_read = path.stat().st_mode & 0o077
        except FileNotFoundError:
            return cls.parse(os.environ)
        except OSError as error:
            raise SettingsError(f"{path} can't be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise SettingsError(f"{path} isn't UTF-8 text.") from None
        if others_can_read and any(_parse_dotenv(dotenv).get(name) for name in _KEYS):
            raise SettingsError(
                f"{path} holds an encryption key and is open to others than its owner: "
                f"run `chmod 600 {path}`, and make a new key if others may have read it."
            )
        return cls.parse(os.environ, dotenv)

    @property
    def store_origin(self) -> str | None:
        """Where browsers send and fetch files by themselves; None: through this server."""
        address = self.s3_public_endpoint or self.s3_endpoint
        if self.files_through_app or address is None:
            return None
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def database_dsn(self) -> str | None:
        """Where the operator's database is, as a secret address; None: start the embedded one."""
        if self.database_url is not None:
            return self.database_url
        if self.pghost is None:
            return None
        user = quote(self.pguser or "", safe="")
        if self.pgpassword is not None:
            user += f":{quote(self.pgpassword, safe='')}"
        at = "@" if user else ""
        database = f"/{quote(self.pgdatabase, safe='')}" if self.pgdatabase else ""
        numeric = ":" in self.pghost and not self.pghost.startswith("/")
        host = quote(f"[{self.pghost}]" if numeric else self.pghost, safe="")
        return f"postgresql://{user}{at}{database}?host={host}&port={self.pgport}"

    def _check_together(self) -> None:
        for small, large in (
            ("message_ttl_seconds", "message_ttl_max_seconds"),
            ("room_ttl_seconds", "room_ttl_max_seconds"),
            ("seats_default", "seats_max"),
        ):
            if getattr(self, small) > getattr(self, large):
                raise SettingsError(f"{small.upper()} must not be more than {large.upper()}.")
        if self.encryption_key is not None and self.encryption_key_file is not None:
            raise SettingsError("ENCRYPTION_KEY and ENCRYPTION_KEY_FILE can't both be set.")
        if self.s3_bucket is None and not self.files_through_app:
            raise SettingsError("FILES_THROUGH_APP=false needs S3_BUCKET.")
        if self.s3_bucket is not None:
            for name in ("s3_endpoint", "s3_access_key_file", "s3_secret_key_file"):
                if getattr(self, name) is None:
                    raise SettingsError(f"S3_BUCKET needs {name.upper()}.")
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise SettingsError("OIDC_ISSUER and OIDC_CLIENT_ID need each other.")
        if self.workers > 1 and self.redis_url is None:
            raise SettingsError(
                f"WORKERS={self.workers} needs REDIS_URL, a Redis by which the processes hear of "
                "each other's messages: set it, or set WORKERS=1."
            )
        if self.database_dsn is None and self.workers * self.database_pool_size > _EMBEDDED_MOST:
            raise SettingsError(
                "WORKERS times DATABASE_POOL_SIZE must not be more than "
                f"{_EMBEDDED_MOST}, which the embedded database can take."
            )

    def __repr__(self) -> str:
        values = {name.lower(): getattr(self, name.lower()) for name in VARIABLES}
        for name, declared in VARIABLES.items():
            if declared.secret and values[name.lower()] is not None:
                values[name.lower()] = _HIDDEN
        shown = ", ".join(f"{name}={value!r}" for name, value in values.items())
        return f"Settings({shown})"


#: Name -> what is declared of it, in the order of ``.env.example``.
VARIABLES: Mapping[str, Declared] = {
    name.upper(): hint.__metadata__[0]
    for name, hint in get_type_hints(Settings, include_extras=True).items()
}


def _value(name: str, declared: Declared, given: str) -> object:
    # A password may begin or end with a space, and where it came from a file that has a line end.
    text = given.rstrip("\r\n") if declared.secret else given.strip()
    if not text.strip():
        text = declared.default
    if not text:
        return declared.empty
    try:
        return declared.parse(text)
    except ValueError as error:
        shown = "" if declared.secret else f", not {text[:80]!r}"
        raise SettingsError(f"{name} {error}{shown}.") from None


def _parse_dotenv(text: str) -> dict[str, str]:
    """Lines of NAME=value; ``#`` begins a comment, quotes of either kind keep a value whole."""
    found: dict[str, str] = {}
    # Some editors begin a file with a byte order mark.
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _DOTENV_LINE.fullmatch(stripped)
        if match is None:
            raise SettingsError(f".env: line {number} is not of the form NAME=value.")
        name, value = match.groups()
        if value[:1] in {"'", '"'}:
            end = value.find(value[0], 1)
            if end < 0 or _DOTENV_COMMENT.sub("", value[end + 1 :]).strip():
                raise SettingsError(f".env: the quotes of {name} in line {number} don't match.")
            found[name] = value[1:end]
        else:
            found[name] = _DOTENV_COMMENT.sub("", value).strip()
    return found
