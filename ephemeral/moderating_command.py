"""What a report shows of files, opened on the operator's machine: `ephemeral moderate`."""

import argparse
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ephemeral.commands import until_done
from ephemeral.settings import Settings

if TYPE_CHECKING:
    from ephemeral.files.service.moderating import Moderating, Named

__all__ = ["moderate"]

_NO_REPORT = "There is no such report, or it was decided on: what it showed is destroyed."
_NO_FILES = "This report shows no file."


def moderate(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write the files of a report into a folder; a server may run."""
    try:
        arguments.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        return _said(f"{arguments.out}: {error.strerror}.")
    return until_done(_moderate(arguments.report, arguments.out, settings), settings)


async def _moderate(report: str, folder: Path, settings: Settings) -> int:
    from app import key_source, migrated_pool  # noqa: PLC0415
    from ephemeral.accounts.service.sealed_values import SealedValues  # noqa: PLC0415
    from ephemeral.files.service.moderating import Moderating, named  # noqa: PLC0415
    from ephemeral.operators.service.reports import Reports  # noqa: PLC0415
    from ephemeral.protocol.encoding import b64decode  # noqa: PLC0415
    from ephemeral.protocol.errors import Refusal  # noqa: PLC0415
    from ephemeral.sealing.fingerprints import object_address_key, objects_name  # noqa: PLC0415
    from ephemeral.sealing.keyring import Keyring  # noqa: PLC0415
    from ephemeral.sealing.keyring_files import KeyringDirectory  # noqa: PLC0415
    from ephemeral.sealing.vault import Vault  # noqa: PLC0415
    from ephemeral.store.objects.deployed import open_objects  # noqa: PLC0415
    from ephemeral.store.postgres import connection  # noqa: PLC0415

    random = secrets.token_bytes
    async with migrated_pool(settings, join_running=True) as pool:
        async with connection(pool) as one:
            directory = KeyringDirectory(settings.keyring_dir)
            keyring = await Keyring.open(one, directory, key_source(settings), random)
        index_key = keyring.index_key
        reports = Reports(pool, Vault(keyring, random), index_key, None)
        try:
            _, evidence = await reports.read(b64decode(report, 16))
        except Refusal:
            evidence = None
        if evidence is None:
            return _said(_NO_REPORT)
        files = named(evidence.contents)
        if not files:
            return _said(_NO_FILES)
        name, secret = objects_name(index_key), object_address_key(index_key)
        async with open_objects(settings, pool, name, secret, random) as objects:
            moderating = Moderating(pool, objects, SealedValues(keyring, random))
            return max([await _written(moderating, one, folder) for one in files])


async def _written(moderating: "Moderating", one: "Named", folder: Path) -> int:
    """One file under its id: what its sender calls it is no name for a file here."""
    from ephemeral.protocol.encoding import b64encode  # noqa: PLC0415
    from ephemeral.protocol.errors import Refusal  # noqa: PLC0415
    from ephemeral.store.objects.interface import StoreTrouble  # noqa: PLC0415

    name = b64encode(one.reference.file.id)
    path = folder / name
    try:
        out = _opened(path)
    except OSError as error:
        return _said(f"{path}: {error.strerror}.")
    try:
        with out:
            info = await moderating.open(one, out.write)
    except (Refusal, StoreTrouble, OSError) as error:
        # Nobody shall take a part of it for all.
        path.unlink()
        return _said(f"{name}: {_why(error)}")
    word = "its digest is the sender's" if one.digest else "no digest of its sender was shown"
    print(f"{name}: {info.size:,} bytes, {info.type}, called {info.name!a}; {word}.")
    return 0


def _why(error: Exception) -> str:
    from ephemeral.protocol.errors import Refusal  # noqa: PLC0415

    if isinstance(error, Refusal):
        return error.message
    return f"{error.strerror}." if isinstance(error, OSError) else "Some of it can't be read."


def _opened(path: Path) -> BinaryIO:
    """A new file that nobody else reads."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def _said(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
