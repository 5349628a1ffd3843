"""What the wing of files opens to operators, and all that these may use of it."""

from __future__ import annotations

from dataclasses import dataclass

from ephemeral.files.service.ending import Ending

__all__ = ["FileDoors"]


@dataclass(frozen=True, slots=True)
class FileDoors:
    """The doors. `ending`: takes files down, inside a transaction."""

    ending: Ending
