"""The one shape of every error, as it is encoded and as the contract documents it."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = ["ErrorBody", "ErrorObject"]

Fate = Annotated[
    str,
    Meta(
        description="Of `message_gone` and `message_done`",
        extra_json_schema={
            "enum": ["viewed", "acknowledged", "unconfirmed", "expired", "withdrawn"]
        },
    ),
]


class ErrorObject(Struct, gc=False):
    """Why not. `code` is stable, `message` is for people."""

    code: str
    message: str
    retry_after: int | None
    state: Fate | UnsetType = UNSET
    now: Annotated[int, Meta(description="Of proofs and tokens: the server's time")] | UnsetType = (
        UNSET
    )
    details: (
        Annotated[
            dict[str, int | str],
            Meta(description="Of conversations: what else a client needs to go on"),
        ]
        | UnsetType
    ) = UNSET


class ErrorBody(Struct, gc=False):
    """The one shape of every error."""

    error: ErrorObject
