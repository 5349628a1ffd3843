"""Films and sounds for players, of any length and weight, made of a few bytes."""

import base64
import struct
from itertools import cycle, islice

__all__ = ["film", "sound"]

# Key frames of VP8, 160 by 90 pixels, each of one colour.
_PICTURES = [
    base64.b64decode(one)
    for one in (
        "0AYAnQEqoABaAD9xuNhltK8rpyCIApAuCWkA12SvsA7ovEFRliIhVVJdgFVURJCVVREQuDCqqIiM6IVVREQAAP7cUfoPjK7/6idiOMukN4DCBHSjaqafUY1eIuwgAAAA",
        "MAYAnQEqoABaAD9xuNhlNK8rpyCIApAuCWlu4XSQAE9tiLxBUc9sReIKjntiLxBUc9sReIKjntiLYAD+9lH7m8HK7/qrS2bImJplCAAAAAA=",
        "8AYAnQEqoABaAD9xuNhltK8rpyCIApAuCWkA1nSvsA7ovEFRloooiFW7hVVEQuRHERDVRtXVUTHEkwwVgTq6oAD+34A/1Kwh3AH3cn4tqO3WXQKhaSPalVqARCbwuSJiXz0EAAAA",
        "0AYAnQEqoABaAD9xuNhltK8rpyCIApAuCWkA1YSvsA7ovEFRliIhVVJdVREKq0DCwqsryaAVVRERnRCqqIiAAP7e1j/oV3Z52+POx749BJSM4Dws/xmuFbDq+CACheh63tnXq2sHoG5AAA==",
        "cAYAnQEqoABaAD9xuNhltK8rpyCIApAuCWlu4XSg1AAd0XiCo57Yi9F7Ly/PbEXiCo57Yi8QWv5YI12AAP78dz8q9XoytUUNa5+oOnyFQOn/fjMYFrJEj/ID5O5YxWIpMcYkgAAA",
    )
]
_WIDTH, _HEIGHT = 160, 90
_A_SECOND = 10


def film(seconds: int, *, weight: int = 0, index_last: bool = False) -> bytes:
    """A WebM of so many seconds, each of at least `weight` bytes, that shows another colour each.

    What tells where each second lies stands in front, or behind all of it.
    """
    clusters = [
        _cluster(second, picture, weight)
        for second, picture in enumerate(islice(cycle(_PICTURES), seconds))
    ]
    info = _element(
        "1549A966",
        _element("2AD7B1", _number(1_000_000))
        + _element("4489", struct.pack(">d", seconds * 1000.0))
        + _text("4D80", "t")
        + _text("5741", "t"),
    )
    track = b"".join((
        _element("D7", _number(1)), _element("73C5", _number(1)), _element("83", _number(1)),
        _text("86", "V_VP8"),
        _element("E0", _element("B0", _number(_WIDTH)) + _element("BA", _number(_HEIGHT))),
    ))  # fmt: skip
    tracks = _element("1654AE6B", _element("AE", track))

    # Where the index lies, and each second from the beginning of all of it; numbers of one length.
    def cues(first: int) -> bytes:
        at, points = first, []
        for second, cluster in enumerate(clusters):
            place = _element("F7", _number(1)) + _element("F1", _number(at))
            points.append(
                _element("BB", _element("B3", _number(second * 1000)) + _element("B7", place))
            )
            at += len(cluster)
        return _element("1C53BB6B", b"".join(points))

    def seek(place: int) -> bytes:
        return _element(
            "114D9B74",
            _element(
                "4DBB",
                _element("53AB", bytes.fromhex("1C53BB6B")) + _element("53AC", _number(place)),
            ),
        )

    head = len(seek(0)) + len(info) + len(tracks)
    first = head + (0 if index_last else len(cues(0)))
    weighs = sum(map(len, clusters))
    index = cues(first)
    parts = [*clusters, index] if index_last else [index, *clusters]
    body = b"".join((seek(first + weighs if index_last else head), info, tracks, *parts))
    kind = b"".join((
        _element("4286", _number(1)), _element("42F7", _number(1)), _element("42F2", _number(4)),
        _element("42F3", _number(8)), _text("4282", "webm"),
        _element("4287", _number(4)), _element("4285", _number(2)),
    ))  # fmt: skip
    return _element("1A45DFA3", kind) + _element("18538067", body)


def _cluster(second: int, picture: bytes, weight: int) -> bytes:
    blocks = (
        _element("A3", b"\x81" + struct.pack(">hB", frame * 1000 // _A_SECOND, 0x80) + picture)
        for frame in range(_A_SECOND)
    )
    body = _element("E7", _number(second * 1000)) + b"".join(blocks)
    return _element("1F43B675", body + _element("EC", bytes(max(0, weight - len(body)))))


def _element(name: str, body: bytes) -> bytes:
    return bytes.fromhex(name) + (1 << 56 | len(body)).to_bytes(8) + body


def _number(value: int) -> bytes:
    return value.to_bytes(8)


def _text(name: str, value: str) -> bytes:
    return _element(name, value.encode())


def sound(seconds: int, *, rate: int = 48_000) -> bytes:
    """A WAV of so many seconds, in which nothing is heard."""
    body = bytes(seconds * rate * 2)
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    parts = (
        b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body))
    )
    return b"RIFF" + struct.pack("<I", len(parts) + len(body)) + parts + body
