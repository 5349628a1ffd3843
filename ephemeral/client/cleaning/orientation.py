"""How a picture is turned: all that is kept of what a camera writes beside it."""

__all__ = ["orientation_of", "written_orientation"]

_TAG = 0x0112
_ENTRIES_MAX = 512


def orientation_of(tiff: bytes) -> int:
    """1 to 8 as Exif counts them; 1, which is upright, where it isn't told."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(tiff[:4])
    if order is None:
        return 1

    def number(at: int, count: int) -> int:
        piece = tiff[at : at + count]
        return int.from_bytes(piece, "little" if order == "little" else "big")

    start = number(4, 4)
    for entry in range(min(number(start, 2), _ENTRIES_MAX)):
        at = start + 2 + 12 * entry
        if at + 12 > len(tiff):
            return 1
        if number(at, 2) == _TAG:
            value = number(at + 8, 2)
            known = number(at + 2, 2) == 3 and number(at + 4, 4) == 1 and 1 <= value <= 8
            return value if known else 1
    return 1


def written_orientation(orientation: int) -> bytes:
    """TIFF that says this and nothing else."""
    return bytes.fromhex("4d4d002a000000080001011200030000000100") + bytes([orientation]) + bytes(6)
