"""JPEG: segments that may stay are those that decoding needs."""

from collections.abc import Callable

from ephemeral.client.cleaning.icc import PROFILE_MAX, cleaned_profile
from ephemeral.client.cleaning.orientation import orientation_of, written_orientation
from ephemeral.client.cleaning.reading import Reader, not_cleaned

__all__ = ["cleaned_jpeg"]

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_SOS, _DQT, _DHT, _DAC, _DRI = 0xDA, 0xDB, 0xC4, 0xCC, 0xDD
_FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB))
# What would change how the rest is decoded, and no browser knows; or has no place between segments.
_UNKNOWN = frozenset((0x00, 0x01, 0xC5, 0xC6, 0xC7, 0xC8, 0xCD, 0xCE, 0xCF, *range(0xD0, 0xD9)))
_UNKNOWN |= {0xDC, 0xDE, 0xDF}
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_JFIF, _EXIF, _ICC, _ADOBE = b"JFIF\0", b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe"
#: Of a profile in one segment.
_PIECE = 65_533 - len(_ICC) - 2


def cleaned_jpeg(data: bytes) -> bytes:
    """The picture alone, turned as it was; nothing of what follows its first end."""
    reader = Reader(data)
    if reader.bytes(2) != _SOI:
        not_cleaned("form")
    told = _Told()
    body: list[bytes] = []
    frames = scans = 0
    while (marker := _marker(reader)) != 0xD9:
        if marker in _UNKNOWN:
            not_cleaned("form")
        payload = reader.bytes(reader.number(2) - 2)
        if marker == _SOS:
            _insist(frames == 1 and len(payload) > 0 and len(payload) == 4 + 2 * payload[0])
            scans += 1
            body += (_segment(marker, payload), _scan(reader))
        elif marker in _FRAMES:
            _insist(len(payload) > 5 and len(payload) == 6 + 3 * payload[5])
            _insist(any(payload[1:3]))
            frames += 1
            body.append(_segment(marker, payload))
        elif marker in _TABLES:
            _insist(_TABLES[marker](payload))
            body.append(_segment(marker, payload))
        else:
            told.take(marker, payload)
    _insist(scans > 0)
    return b"".join((_SOI, *told.segments(), *body, _EOI))


def _insist(right: bool) -> None:
    if not right:
        not_cleaned("form")


def _marker(reader: Reader) -> int:
    reader.part()
    _insist(reader.bytes(1) == b"\xff")
    marker = 0xFF
    while marker == 0xFF:
        marker = reader.number(1)
    return marker


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


def _scan(reader: Reader) -> bytes:
    """What is coded, to the next marker that isn't a restart."""
    at = reader.at
    while True:
        at = reader.data.find(b"\xff", at)
        if at < 0 or at + 1 >= reader.end:
            not_cleaned("form")
        if reader.data[at + 1] != 0 and not 0xD0 <= reader.data[at + 1] <= 0xD7:
            return reader.bytes(at - reader.at)
        at += 2


def _quantization(payload: bytes) -> bool:
    at = 0
    while at < len(payload):
        at += 129 if payload[at] >> 4 else 65
    return at == len(payload)


def _codes(payload: bytes) -> bool:
    at = 0
    while at < len(payload):
        at += 17 + sum(payload[at + 1 : at + 17])
    return at == len(payload)


_TABLES: dict[int, Callable[[bytes], bool]] = {
    _DQT: _quantization,
    _DHT: _codes,
    _DAC: lambda payload: len(payload) % 2 == 0,
    _DRI: lambda payload: len(payload) == 2,
}


class _Told:
    """What stands beside the picture, as far as it is needed to show it."""

    def __init__(self) -> None:
        self._jfif = b""
        self._adobe = b""
        self._orientation = 0
        self._profile: dict[int, bytes] = {}
        self._pieces: set[int] = set()

    def take(self, marker: int, payload: bytes) -> None:
        if marker == _APP0 and payload.startswith(_JFIF) and len(payload) >= 14:
            # Without the small picture that may follow.
            self._jfif = self._jfif or payload[:12] + b"\0\0"
        elif marker == _APP1 and payload.startswith(_EXIF):
            self._orientation = self._orientation or orientation_of(payload[len(_EXIF) :])
        elif marker == _APP2 and payload.startswith(_ICC) and len(payload) > len(_ICC) + 2:
            at, count = payload[len(_ICC)], payload[len(_ICC) + 1]
            self._pieces |= {count, -1} if at in self._profile else {count}
            self._profile[at] = payload[len(_ICC) + 2 :]
        elif marker == _APP14 and payload.startswith(_ADOBE) and len(payload) >= 12:
            self._adobe = self._adobe or payload[:12]

    def segments(self) -> list[bytes]:
        made = []
        if self._jfif:
            made.append(_segment(_APP0, self._jfif))
        if self._orientation > 1:
            made.append(_segment(_APP1, _EXIF + written_orientation(self._orientation)))
        profile = self._whole_profile()
        pieces = [profile[at : at + _PIECE] for at in range(0, len(profile), _PIECE)]
        made += [
            _segment(_APP2, _ICC + bytes((at, len(pieces))) + piece)
            for at, piece in enumerate(pieces, 1)
        ]
        if self._adobe:
            made.append(_segment(_APP14, self._adobe))
        return made

    def _whole_profile(self) -> bytes:
        """Nothing unless each of its pieces is there once."""
        count = len(self._profile)
        if self._pieces != {count} or set(self._profile) != set(range(1, count + 1)):
            return b""
        whole = b"".join(self._profile[at] for at in range(1, count + 1))
        return (cleaned_profile(whole) if len(whole) <= PROFILE_MAX else None) or b""
