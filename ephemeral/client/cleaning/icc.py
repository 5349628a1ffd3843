"""Colour profiles: those of screens have serial numbers and dates in them."""

__all__ = ["PROFILE_MAX", "cleaned_profile"]

#: Bytes of a profile that is looked at.
PROFILE_MAX = 4 * 2**20

_HEADER, _ENTRY = 128, 12
_TAGS_MAX = 100
# What colours are computed from.
_TAGS = frozenset(
    (
        b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"wtpt", b"bkpt", b"chad",
        b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"gamt", b"lumi", b"cicp",
    )
)  # fmt: skip
_TYPES = frozenset(
    (b"XYZ ", b"curv", b"para", b"sf32", b"mft1", b"mft2", b"mAB ", b"mBA ", b"cicp")
)
# Of the header: whose program is preferred, date, platform, manufacturer and model, who made it,
# its hash, and what is reserved.
_UNTOLD = ((4, 8), (24, 36), (40, 44), (48, 56), (80, 128))


def cleaned_profile(profile: bytes) -> bytes | None:
    """As long as it was, with nothing but what colours need; None for what is no profile."""
    size = int.from_bytes(profile[:4], "big")
    if not _HEADER + 4 <= size <= min(len(profile), PROFILE_MAX) or profile[36:40] != b"acsp":
        return None
    count = int.from_bytes(profile[_HEADER : _HEADER + 4], "big")
    behind = _HEADER + 4 + _ENTRY * count
    if count > _TAGS_MAX or behind > size:
        return None
    made = bytearray(len(profile))
    made[:_HEADER] = profile[:_HEADER]
    for start, end in _UNTOLD:
        made[start:end] = bytes(end - start)
    kept = 0
    for entry in range(count):
        at = _HEADER + 4 + _ENTRY * entry
        tag = profile[at : at + 4]
        start = int.from_bytes(profile[at + 4 : at + 8], "big")
        length = int.from_bytes(profile[at + 8 : at + 12], "big")
        if tag not in _TAGS or start < behind or length < 8 or start + length > size:
            continue
        if profile[start : start + 4] not in _TYPES:
            continue
        to = _HEADER + 4 + _ENTRY * kept
        made[to : to + _ENTRY] = profile[at : at + _ENTRY]
        made[start : start + length] = profile[start : start + length]
        kept += 1
    made[_HEADER : _HEADER + 4] = kept.to_bytes(4, "big")
    return bytes(made) if kept else None
