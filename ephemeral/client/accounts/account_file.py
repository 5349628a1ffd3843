"""The file of one account: who may read it, one command at a time, whole or not at all.

Its keys open what the device may open, so it has mode 0600. With a keyring what it holds is sealed
by a key that lies there and nowhere else.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.client.accounts import keyring_key
from ephemeral.client.accounts.kept import VERSION, Kept
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.protocol.encoding import b64encode, dump_json, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import NONCE_SIZE
from ephemeral.protocol.objects import read_bytes, read_text

__all__ = ["AccountFile", "accounts_folder", "kept_accounts", "opened"]

_LARGEST = 4 * 1024 * 1024
_LABEL = b"ephemeral/v1/account/file\0"
# A command waits so long for another that uses the same account.
_PATIENCE = 30.0
_AGAIN_SECONDS = 0.05

Random = Callable[[int], bytes]


def accounts_folder(environment: Mapping[str, str]) -> Path:
    """Where accounts are kept: of XDG_STATE_HOME, as its specification has it."""
    home = environment.get("XDG_STATE_HOME", "")
    base = Path(home) if home.startswith("/") else _home(environment) / ".local" / "state"
    return base / "ephemeral" / "accounts"


def _home(environment: Mapping[str, str]) -> Path:
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        raise usage("There is no place for accounts: set XDG_STATE_HOME or HOME.")
    return Path(home)


def _name(server: str, address: str) -> str:
    return hashlib.sha256(f"{server}\0{address}".encode()).hexdigest()[:32]


def kept_accounts(folder: Path) -> list[tuple[str, str]]:
    """Server and address of each account that is kept; what can't be read is passed over."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, Refusal):
            value = parse_json(path.read_bytes())
            if isinstance(value, dict):
                found.append((read_text(value, "server"), read_text(value, "address")))
    return found


class AccountFile:
    """One account's file, while this command has its lock."""

    def __init__(self, path: Path, random: Random, *, keyring: bool) -> None:
        self.path = path
        self._random = random
        self._wanted = keyring
        self._key: bytes | None = None

    def load(self) -> Kept | None:
        """What is kept, or None if nothing is."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.path, error) from None
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
                raise usage(f"{self.path} must be a file that only you may read (chmod 600).")
            data = file.read(_LARGEST)
        try:
            return self._read(parse_json(data))
        except (Refusal, InvalidTag):
            raise usage(f"{self.path} is no account of this program.") from None

    def _read(self, value: object) -> Kept:
        if not isinstance(value, dict) or value.get("version") != VERSION:
            raise Refusal("malformed")
        server, address = read_text(value, "server"), read_text(value, "address")
        if "sealed" not in value:
            return Kept.read(value)
        self._key = keyring_key.found(self.path.stem)
        sealed = read_bytes(value, "sealed")
        nonce, box = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
        opened = parse_json(AESGCM(self._key).decrypt(nonce, box, _bound(server, address)))
        if not isinstance(opened, dict):
            raise Refusal("malformed")
        return Kept.read(opened)

    def save(self, kept: Kept) -> None:
        """Replace the file; it is on the disk when this returns."""
        if self._wanted and self._key is None:
            self._key = keyring_key.made(self.path.stem, self._random)
        fields: dict[str, object] = kept.fields()
        if self._key is not None:
            nonce = self._random(NONCE_SIZE)
            bound = _bound(kept.server, kept.address)
            box = AESGCM(self._key).encrypt(nonce, dump_json(fields), bound)
            fields = {
                "server": kept.server,
                "address": kept.address,
                "sealed": b64encode(nonce + box),
            }
        self._replace(dump_json({"version": VERSION, **fields}))

    def _replace(self, content: bytes) -> None:
        draft = self.path.with_name(f".{self.path.name}.{b64encode(self._random(6))}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(draft, flags, 0o600)
            try:
                data = memoryview(content)
                while data:
                    data = data[os.write(descriptor, data) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            draft.replace(self.path)
            _keep_folder(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise _unusable(self.path, error) from None

    def remove(self) -> None:
        """Nothing is kept any more. What a drafted file left behind goes too."""
        for path in (self.path, *self.path.parent.glob(f".{self.path.name}.*")):
            path.unlink(missing_ok=True)
        self.remove_conversations()
        _keep_folder(self.path.parent)
        if self._key is not None:
            keyring_key.remove(self.path.stem)

    def remove_conversations(self) -> None:
        """Nothing of conversations is kept any more."""
        for path in self.path.parent.glob(f"{self.path.stem}.conversations*"):
            path.unlink(missing_ok=True)


def _bound(server: str, address: str) -> bytes:
    return _LABEL + f"{server}\0{address}".encode()


def _keep_folder(folder: Path) -> None:
    """Have a name that was changed in a folder be so after a loss of power too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@asynccontextmanager
async def opened(
    folder: Path, server: str, address: str, random: Random, *, keyring: bool
) -> AsyncIterator[AccountFile]:
    """The file of an account, locked against other commands, for which this one waits."""
    _make_folder(folder)
    path = folder / f"{_name(server, address)}.json"
    # A file of its own: the other is replaced by each command. It stays when the account goes, so
    # that all commands agree on which file is the lock.
    lock = path.with_suffix(".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unusable(lock, error) from None
    try:
        await _locked(descriptor)
        yield AccountFile(path, random, keyring=keyring)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from None


async def _locked(descriptor: int) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise ClientError(
                    Exit.USAGE, "account_busy", "Another command is using this account."
                ) from None
        else:
            return
        await asyncio.sleep(_AGAIN_SECONDS)


def _unusable(path: Path, error: OSError) -> ClientError:
    return usage(f"{path} can't be used: {error.strerror or 'unknown reason'}.")
