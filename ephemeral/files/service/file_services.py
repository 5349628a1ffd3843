"""The services of files, made together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.doors import ConversationDoors
from ephemeral.files.rows import file_rows
from ephemeral.files.rules.limits import Limits
from ephemeral.files.service.access import Access
from ephemeral.files.service.addresses import Addresses
from ephemeral.files.service.ending import Ending
from ephemeral.files.service.reading import Reading
from ephemeral.files.service.sweeper import Sweeper
from ephemeral.files.service.uploads import Uploads
from ephemeral.files.service.watching import Watching
from ephemeral.sealing.seals import Random

if TYPE_CHECKING:
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Pool

__all__ = ["FileServices"]


@dataclass(frozen=True, slots=True)
class FileServices:
    """All of them; they listen to what happens to accounts and to conversations."""

    uploads: Uploads
    addresses: Addresses
    reading: Reading
    ending: Ending
    sweeper: Sweeper

    @classmethod
    def of(
        cls,
        pool: Pool,
        objects: Objects,
        doors: Doors,
        conversations: ConversationDoors,
        limits: Limits,
        random: Random,
        fault: Callable[[BaseException], None],
    ) -> FileServices:
        """On these."""
        access = Access(conversations)
        addresses = Addresses(pool, objects, access, limits)
        ending = Ending(doors, conversations, limits)
        watching = Watching(pool, objects, doors, conversations, ending)
        objects.register("f", file_rows.living)
        doors.hooks.subscribe(ending)
        conversations.ending.subscribe(ending)
        return cls(
            uploads=Uploads(pool, objects, doors, conversations, access, addresses, limits, random),
            addresses=addresses,
            reading=Reading(pool, doors, conversations, access),
            ending=ending,
            sweeper=Sweeper(pool, doors.watches, ending, watching, fault),
        )
