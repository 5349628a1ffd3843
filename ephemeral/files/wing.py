"""The wing of files: its services, opened on the ground, and what they add."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.doors import ConversationDoors
from ephemeral.edge.wing import Figure, Ground, Wing
from ephemeral.files.api.actions import FileActions
from ephemeral.files.api.config import files_config
from ephemeral.files.api.handlers import FileHandlers
from ephemeral.files.api.operations import file_operations
from ephemeral.files.doors import FileDoors
from ephemeral.files.rules.limits import Limits
from ephemeral.files.service.counts import counts
from ephemeral.files.service.file_services import FileServices

__all__ = ["files_wing"]


@asynccontextmanager
async def files_wing(
    ground: Ground, doors: Doors, conversations: ConversationDoors
) -> AsyncIterator[tuple[Wing, FileDoors]]:
    """Open the files; the doors are those of accounts and of conversations, opened before.

    Gives with the wing what operators may use of it. Where files are switched off those that there
    are still go when they are to go.
    """
    settings = ground.settings
    limits = Limits(
        size=settings.file_bytes,
        account_bytes=settings.account_files_bytes,
        stock=settings.files_bytes,
        read_bytes=settings.account_read_bytes,
        url_seconds=settings.s3_url_seconds,
    )
    services = FileServices.of(
        ground.pool, ground.objects, doors, conversations, limits, ground.random, ground.fault
    )

    async def figures() -> list[Figure]:
        found = await counts(ground.pool)
        return [
            Figure("Files", found.files),
            Figure("Files that are being uploaded", found.uploading),
            Figure("Bytes reserved for files", found.size),
        ]

    operations = file_operations(FileHandlers(services), doors, FileActions.of(settings))
    wing = Wing(
        operations=operations if settings.files else (),
        background={"files": services.sweeper.run},
        config=files_config(limits, settings.store_origin) if settings.files else None,
        figures=figures,
    )
    yield wing, FileDoors(services.ending)
