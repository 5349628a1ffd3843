"""The table of files: one statement for each operation (docs/files.md)."""

from ephemeral.accounts.doors import Doors
from ephemeral.edge.operations import Operation
from ephemeral.files.api import bodies, objects
from ephemeral.files.api.actions import FileActions
from ephemeral.files.api.handlers import FileHandlers

__all__ = ["file_operations"]

_LINKED = ("unauthorized", "session_ended", "device_revoked", "suspended", "device_required")
_PROVEN = (*_LINKED, "proof_wrong")


def file_operations(
    handlers: FileHandlers, doors: Doors, actions: FileActions
) -> tuple[Operation, ...]:
    """The operations, with who performs them, who may ask for them, and what they count as."""
    linked, proven = doors.callers.linked, doors.callers.proven
    return (
        Operation(
            method="POST",
            path="/files/upload",
            name="makeFile",
            summary="Reserve a file, and get addresses to store its first segments; the same again "
            "changes nothing",
            handler=handlers.make,
            caller=proven,
            body=bodies.UploadBody,
            answers={201: objects.MadeAnswer, 200: objects.MadeAnswer},
            refusals=(
                *_PROVEN,
                "not_found",
                "file_size",
                "file_layout",
                "file_conflict",
                "quota_full",
                "store_full",
            ),
            action=actions.make,
        ),
        Operation(
            method="POST",
            path="/files/{id}/urls",
            name="addressSegments",
            summary="Get addresses to store or fetch segments, each good for some minutes",
            handler=handlers.addresses,
            caller=proven,
            body=bodies.AddressesBody,
            answers={200: objects.AddressesAnswer},
            refusals=(*_PROVEN, "file_unknown", "file_layout"),
            action=actions.request,
        ),
        Operation(
            method="POST",
            path="/files/{id}/landed",
            name="landSegments",
            summary="Have the server look which segments are stored, and tell the conversation",
            handler=handlers.landed,
            caller=proven,
            body=bodies.LandedBody,
            answers={200: objects.LandedAnswer},
            refusals=(*_PROVEN, "file_unknown", "file_layout"),
            action=actions.request,
        ),
        Operation(
            method="GET",
            path="/files/{id}",
            name="readFile",
            summary="See how a file stands, and what its sender has sealed of it",
            handler=handlers.one,
            caller=linked,
            body=bodies.FileBody,
            answers={200: objects.FileAnswer},
            refusals=(*_LINKED, "file_unknown"),
            action=actions.request,
        ),
        Operation(
            method="GET",
            path="/files",
            name="listFiles",
            summary="See the account's files, and those of its conversations",
            handler=handlers.listed,
            caller=linked,
            body=bodies.FilesQuery,
            query=("after",),
            answers={200: objects.FilesAnswer},
            refusals=_LINKED,
            action=actions.request,
            large=actions.request,
        ),
        Operation(
            method="DELETE",
            path="/files/{id}",
            name="deleteFile",
            summary="Destroy a file for everybody, as who has uploaded it",
            handler=handlers.delete,
            caller=proven,
            body=bodies.FileBody,
            answers={204: None},
            refusals=(*_PROVEN, "file_unknown"),
            action=actions.request,
        ),
    )
