"""Files of others, under names that do no harm, never over what is there."""

import contextlib
import os
import unicodedata
from pathlib import Path

from ephemeral.client.exits import ClientError, Exit, usage

__all__ = ["checked_folder", "place_draft", "safe_name", "save"]

_LENGTH_MAX = 120
_EXTENSION_MAX = 20
_OTHERS_MAX = 1_000
# What separates folders, or means something to a shell or to another system's files.
_RESERVED = frozenset('/\\:*?"<>|\0')
_DEVICES = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{kind}{at}" for kind in ("COM", "LPT") for at in range(1, 10)))
)


def safe_name(name: str) -> str:
    """A name of 1 to 120 bytes for a file: what can't be seen, or leads elsewhere, is replaced."""
    shown = "".join(map(_harmless, name)).strip(" .")
    shown = f"_{shown[1:]}" if shown.startswith("-") else shown
    if shown.partition(".")[0].strip().upper() in _DEVICES:
        shown = f"_{shown}"
    stem, dot, extension = shown.rpartition(".")
    if not stem or len(extension.encode()) > _EXTENSION_MAX:
        stem, dot, extension = shown, "", ""
    rest = _LENGTH_MAX - len((dot + extension).encode())
    cut = stem.encode()[:rest].decode("utf-8", "ignore").rstrip(" .")
    return f"{cut or 'file'}{dot}{extension}"


def _harmless(character: str) -> str:
    # Controls, marks that turn the direction of text, lone surrogates, what isn't assigned.
    kind = unicodedata.category(character)
    if kind == "Zs":
        return " "
    hidden = kind in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return "_" if hidden or character in _RESERVED else character


def checked_folder(path: Path) -> Path:
    """The folder, if files can be written into it; asked before anything is opened."""
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        raise usage(f"{path} is no folder that can be written to.")
    return path


def save(folder: Path, name: str, data: bytes) -> Path:
    """Write a file that only its owner can read; it is on the disk when this returns.

    Where there is one of that name, this one gets a number.
    """
    draft = folder / f".{os.urandom(8).hex()}.part"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
            path = _placed(draft, folder, safe_name(name))
        finally:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                draft.unlink()
        _fsync_folder(folder)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        message = f"The file could not be saved: {reason}."
        raise ClientError(Exit.OUTPUT, "output", message) from None
    return path


def place_draft(draft: Path, folder: Path, name: str, *, exactly: bool = False) -> Path:
    """Give a whole draft its name, never over what is there. `exactly`: this one or none."""
    try:
        if exactly:
            path = folder / name
            _give(draft, path)
        else:
            path = _placed(draft, folder, safe_name(name))
        draft.unlink(missing_ok=True)
        _fsync_folder(folder)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        message = f"The file could not be saved: {reason}. It lies in {draft}."
        raise ClientError(Exit.OUTPUT, "output", message) from None
    return path


def _placed(draft: Path, folder: Path, name: str) -> Path:
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    for number in range(1, _OTHERS_MAX):
        path = folder / (name if number == 1 else f"{stem} ({number}){dot}{extension}")
        try:
            _give(draft, path)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(0, "there are a thousand of that name")


def _give(draft: Path, path: Path) -> None:
    """The draft's one name from now on, or a second one; FileExistsError where it is taken."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems have no second names: an empty file keeps the place.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            draft.replace(path)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
