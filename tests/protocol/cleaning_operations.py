"""The operation of the vectors of cleaning: docs/cleaning.md."""

from ephemeral.client.cleaning import film
from ephemeral.client.cleaning.clean import cleaned, kind_of

__all__ = ["CLEANING"]


def clean(data):
    left = cleaned(data)
    kind = kind_of(data[:16])
    if kind == "film":
        patches = film.film_patches(len(data), lambda start, end: data[start:end])
        # Whoever puts a film together of pieces takes them one after the other.
        ends = [0]
        for patch in patches:
            assert ends[-1] <= patch.at < patch.at + patch.length <= len(data)
            ends.append(patch.at + patch.length)
        for step in (7, 64):
            pieces = [
                film.overlay(data[at : at + step], at, patches) for at in range(0, len(data), step)
            ]
            assert b"".join(pieces) == left
    return {"kind": kind, "data": left}


CLEANING = {"clean": clean}
