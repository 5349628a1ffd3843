"""How the samples of a film are coded: names of programs and of profiles go, sizes stay."""

from ephemeral.client.cleaning.icc import cleaned_profile
from ephemeral.client.cleaning.reading import not_cleaned

__all__ = ["cleaned_entry"]

# By format, where the boxes inside begin. Of sound that depends on its version.
_PICTURE_HEAD = 86
_SOUND_HEADS = {0: 36, 1: 52, 2: 72}
_PICTURES = frozenset(
    (
        b"avc1", b"avc2", b"avc3", b"avc4", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"av01", b"vp08",
        b"vp09", b"mp4v", b"s263", b"h263", b"jpeg", b"mjpa", b"mjpb", b"apch", b"apcn", b"apcs",
        b"apco", b"ap4h", b"ap4x",
    )
)  # fmt: skip
_SOUNDS = frozenset(
    (
        b"mp4a", b"alac", b"Opus", b"ac-3", b"ec-3", b"ac-4", b"samr", b"sawb", b"sowt", b"twos",
        b"lpcm", b"in24", b"in32", b"fl32", b"fl64", b"ipcm", b"fpcm", b"ulaw", b"alaw", b".mp3",
        b"raw ",
    )
)  # fmt: skip
_KEPT = frozenset(
    (
        b"avcC", b"hvcC", b"lhvC", b"av1C", b"vpcC", b"dvcC", b"dvvC", b"dvwC", b"esds", b"d263",
        b"damr", b"pasp", b"clap", b"gama", b"fiel", b"btrt", b"mdcv", b"clli", b"chan", b"chnl",
        b"srat", b"alac", b"dOps", b"dac3", b"dec3", b"dac4", b"pcmC", b"frma", b"enda", b"mp4a",
        bytes(4),
    )
)  # fmt: skip


def cleaned_entry(entry: bytes, version: int) -> bytes:
    """One of a sample description of that version, as long as it was; refuses `not_cleaned`.

    A kind of coding that isn't known here may have anything in it.
    """
    made = bytearray(entry)
    kind = entry[4:8]
    if kind in _PICTURES:
        head = _PICTURE_HEAD
        made[50:82] = bytes(len(made[50:82]))
    elif kind in _SOUNDS:
        # What version 1 of a sample description calls version 1 is not QuickTime's.
        known = int.from_bytes(entry[16:18], "big")
        head = _SOUND_HEADS[0] if version == 1 else _SOUND_HEADS.get(known, 0)
    else:
        not_cleaned("form")
    if head == 0 or len(entry) < head:
        not_cleaned("form")
    made[20:24] = bytes(4)
    _clean_inside(made, head, len(made), b"wave")
    return bytes(made)


def _clean_inside(made: bytearray, start: int, end: int, holder: bytes | None) -> None:
    """What lies behind the head. `holder`: the kind of box that holds others like these."""
    while end - start >= 8:
        length = int.from_bytes(made[start : start + 4], "big")
        if length == 0 and not any(made[start:end]):
            return
        if not 8 <= length <= end - start:
            not_cleaned("form")
        kind = bytes(made[start + 4 : start + 8])
        until = start + length
        if kind == holder:
            _clean_inside(made, start + 8, until, None)
        elif kind == b"colr":
            _clean_colour(made, start, until)
        elif kind not in _KEPT:
            _free(made, start, until)
        start = until
    made[start:end] = bytes(end - start)


def _clean_colour(made: bytearray, start: int, until: int) -> None:
    kind = bytes(made[start + 8 : min(start + 12, until)])
    if kind in {b"nclx", b"nclc"}:
        return
    profile = None
    if kind in {b"prof", b"rICC"}:
        profile = cleaned_profile(bytes(made[start + 12 : until]))
    if profile is None:
        _free(made, start, until)
    else:
        made[start + 12 : until] = profile


def _free(made: bytearray, start: int, until: int) -> None:
    made[start + 4 : start + 8] = b"free"
    made[start + 8 : until] = bytes(until - start - 8)
