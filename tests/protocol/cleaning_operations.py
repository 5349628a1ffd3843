"""The operation of the vectors of cleaning: docs/cleaning.md."""

from ephemeral.client.cleaning import film
from ephemeral.client.cleaning.clean import cleaned, kind_of

__all__ = ["CLEANING"]


def clean(data):
    left = cleaned(data)
    kind = kind_of(data[:16])
    if kind == "film":
        patches = film.film_patches(len(data), lambda start, end: data[start:end])
        for step in (7, 64):
            pieces = [
                film.overlay(data[at : at + step], at, patches) for at in range(0, len(data), step)
            ]
            assert b"".join(pieces) == left
    return {"kind": kind, "data": left}


CLEANING = {"clean": clean}
