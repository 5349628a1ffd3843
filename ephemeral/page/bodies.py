"""A body that is served again and again, and its compressed forms, made ahead of time."""

import gzip
from collections.abc import Iterable, Mapping

import brotli  # type: ignore[import-untyped]

from ephemeral.page.preferences import weighted

__all__ = ["Body"]

# The best first: among those that a client likes equally.
_CODINGS = ("br", "gzip")
# A form that saves less than this does not pay for naming it.
_WORTH = 64


class Body:
    """Bytes and their forms.

    gzip is there at once. Brotli at its best takes some tenths of a second for everything, so it
    is made by `pack`, in a thread, while the server runs already.
    """

    __slots__ = ("_forms", "plain")

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self._forms: dict[str, bytes] = {}
        self._keep("gzip", gzip.compress(plain, 9, mtime=0))

    def pack(self) -> None:
        """Make the Brotli form, once."""
        if "br" not in self._forms:
            self._keep("br", brotli.compress(self.plain))

    def form(self, accepted: Iterable[bytes]) -> tuple[str | None, bytes]:
        """The coding to name (None: as it is) and the bytes, by the values of Accept-Encoding."""
        coding = _chosen(accepted, self._forms)
        return (None, self.plain) if coding is None else (coding, self._forms[coding])

    def _keep(self, coding: str, packed: bytes) -> None:
        if len(packed) + _WORTH <= len(self.plain):
            self._forms[coding] = packed


def _chosen(accepted: Iterable[bytes], forms: Mapping[str, bytes]) -> str | None:
    """The form that is liked best (RFC 9110, 12.5.3); None for the bytes as they are."""
    likes = dict(weighted(accepted))
    if not likes:
        return None
    others = likes.get("*", 0)
    found = [(likes.get(coding, others), coding) for coding in _CODINGS if coding in forms]
    # Whoever names no weight for bytes as they are takes them if there is nothing better.
    plain = likes.get("identity", 0)
    weight, coding = max(found, key=lambda one: one[0], default=(0, None))
    return coding if weight > 0 and weight >= plain else None
