"""Which kind a file is of by its first bytes, and what is left of it."""

from collections.abc import Callable

from ephemeral.client.cleaning.film import film_patches, overlay
from ephemeral.client.cleaning.gif import cleaned_gif
from ephemeral.client.cleaning.jpeg import cleaned_jpeg
from ephemeral.client.cleaning.png import cleaned_png
from ephemeral.client.cleaning.reading import not_cleaned
from ephemeral.client.cleaning.webp import cleaned_webp

__all__ = ["CLEANER", "FILM", "cleaned", "kind_of"]

#: What `made_by` of a file says that went through here.
CLEANER = "clean-1"
FILM = "film"

_CLEANED: dict[str, Callable[[bytes], bytes]] = {
    "jpeg": cleaned_jpeg,
    "png": cleaned_png,
    "webp": cleaned_webp,
    "gif": cleaned_gif,
    FILM: lambda data: overlay(data, 0, film_patches(len(data), lambda a, b: data[a:b])),
}
# Pictures in the form of films.
_STILL = frozenset(
    (
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1",
        b"mif2", b"avif", b"avis", b"avio", b"crx ", b"jp2 ", b"jpx ", b"jxl ", b"miaf",
    )
)  # fmt: skip


def kind_of(head: bytes) -> str | None:
    """The kind that 16 first bytes tell; None: there is no list of what may stay."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return "gif"
    film = head[4:8] in {b"moov", b"wide"} or (head[4:8] == b"ftyp" and head[8:12] not in _STILL)
    return FILM if film else None


def cleaned(data: bytes) -> bytes:
    """The file with nothing in it but what showing it needs; refuses `not_cleaned`."""
    kind = kind_of(data[:16])
    if kind is None:
        not_cleaned("kind")
    return _CLEANED[kind](data)
