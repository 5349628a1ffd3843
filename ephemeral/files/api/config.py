"""What files say of themselves in `GET /config`."""

from typing import Annotated

from msgspec import Meta, Struct

from ephemeral.files.rules import limits
from ephemeral.files.rules.limits import Limits

__all__ = ["FilesConfig", "files_config"]


class FilesObject(Struct):
    """What this deployment takes of files, in bytes and seconds."""

    size: Annotated[int, Meta(description="The largest file, with padding")]
    bytes: Annotated[int, Meta(description="What all files of an account may have together")]
    count: Annotated[int, Meta(description="How many an account may have")]
    uploads: Annotated[int, Meta(description="How many of them unfinished")]
    ttl_min: int
    ttl: Annotated[int, Meta(description="How long a file usually lives from its completion on")]
    ttl_max: int
    read_bytes: Annotated[
        int,
        Meta(description="For how much an account is given addresses on a day; 0: no limit"),
    ]
    url_seconds: Annotated[int, Meta(description="How long an address is good")]
    store: Annotated[
        str | None,
        Meta(description="The origin that bytes travel to and from; null: this server itself"),
    ]


class FilesConfig(Struct):
    """What files add to the configuration."""

    files: FilesObject


def files_config(taken: Limits, store: str | None) -> FilesConfig:
    """The part of files."""
    return FilesConfig(
        FilesObject(
            size=taken.size,
            bytes=taken.account_bytes,
            count=limits.FILES_MAX,
            uploads=limits.UPLOADS_MAX,
            ttl_min=limits.TTL_MIN,
            ttl=limits.TTL,
            ttl_max=limits.TTL_MAX,
            read_bytes=taken.read_bytes,
            url_seconds=taken.url_seconds,
            store=store,
        )
    )
