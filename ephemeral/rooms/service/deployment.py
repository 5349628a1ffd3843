"""What all hosts of a deployment share: the key derivation that its clients use, and its salt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.rooms.rows import deployment_rows
from ephemeral.sealing.seals import Random
from ephemeral.store.postgres import transaction
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Deployment", "DeploymentRefused"]


class DeploymentRefused(StartError):
    """The settings don't fit the database; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """`suite` and `salt` as `GET /config` publishes them."""

    suite: int
    salt: bytes

    @classmethod
    async def open(cls, pool: Pool, suite: int, random: Random) -> Deployment:
        """Read the deployment's row, making it at the first start.

        Raises DeploymentRefused if rooms live which were made under another key derivation: their
        members could not come back.
        """

        async def work(connection: Connection) -> Deployment:
            await deployment_rows.lock(connection)
            row = await deployment_rows.read(connection)
            if row is None:
                salt = random(32)
                await deployment_rows.insert(connection, suite, salt)
                return cls(suite, salt)
            if row[0] == suite:
                return cls(*row)
            if await deployment_rows.any_room_lives(connection):
                raise DeploymentRefused(
                    "KDF differs from the one under which living rooms were made. Set it back, or "
                    "wait until they have ended."
                )
            await deployment_rows.set_suite(connection, suite)
            return cls(suite, row[1])

        return await transaction(pool, work)
