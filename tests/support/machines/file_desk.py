"""The services of files over a real database and a directory of objects, without HTTP."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from support.machines.account_services import Machine, Person
from support.machines.conversation_desk import ConversationDesk, Talk, seat

from ephemeral.files.rules.limits import Limits
from ephemeral.files.service.addresses import Address
from ephemeral.files.service.file_services import FileServices
from ephemeral.files.service.uploads import Landing, Made, NewFile
from ephemeral.protocol.files.layout import Layout
from ephemeral.settings import Settings
from ephemeral.store.objects.deployed import Objects, open_objects
from ephemeral.store.objects.purger import Purger

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

MIB, GIB = 2**20, 2**30
LIMITS = Limits(4 * GIB, 20 * GIB, 50 * GIB, 100 * GIB, 900)
#: What an upload of nothing waits for, and how long after the last address it counts.
IDLE, TTL, URL, MARGIN = 2 * 86_400_000, 604_800, 900_000, 90_000
#: Bytes of a small file with padding, which is one segment.
SMALL = 65_536


def new_file(talk: Talk, **other: object) -> NewFile:
    """A file that nobody has made yet."""
    info = b"\1" + os.urandom(1023)
    return NewFile(os.urandom(16), SMALL, info, talk.id, TTL)._replace(**other)


class FileDesk:
    """One worker's services of files, beside those of conversations."""

    def __init__(self, talks: ConversationDesk, objects: Objects, limits: Limits) -> None:
        self.talks, self.pool, self.objects = talks, talks.pool, objects
        self.clock = talks.desk.clock
        faults = talks.desk.faults.append
        self.services = FileServices.of(
            self.pool, objects, talks.doors, talks.talk_doors, limits, os.urandom, faults
        )
        self.purger = Purger(self.pool, objects, 1.0, faults)

    # --- requests ---------------------------------------------------------------------------------

    async def make(self, person: Person, new: NewFile, machine: Machine | None = None) -> Made:
        return await self.services.uploads.make(seat(person, machine), new)

    async def landed(self, person: Person, id_: bytes, segments: Sequence[int]) -> Landing:
        return await self.services.uploads.landed(seat(person), id_, segments)

    async def to_put(self, person: Person, id_: bytes, *segments: int) -> Sequence[Address]:
        return (await self.services.addresses.to_put(seat(person), id_, segments)).addresses

    async def to_get(self, person: Person, id_: bytes, *segments: int) -> Sequence[Address]:
        return (await self.services.addresses.to_get(seat(person), id_, segments)).addresses

    async def delete(self, person: Person, id_: bytes) -> None:
        await self.services.ending.delete(seat(person), id_)

    async def upload(self, person: Person, new: NewFile) -> Made:
        """All of a file, as fast as it may be."""
        made = await self.make(person, new)
        count = Layout(new.padded).count
        for start in range(0, count, 64):
            some = range(start, min(start + 64, count))
            for one in await self.to_put(person, new.id, *some):
                await self.store(one)
            await self.clock.advance(2_000)
            await self.landed(person, new.id, some)
        return made

    async def store(self, address: Address, length: int | None = None) -> None:
        """What a client does with an address, whatever has become of its file."""
        right = self.objects.addresses.read(address.signed.url.rpartition("/")[2])
        size = right.length if length is None else length
        await self.objects.store.put(right.key, os.urandom(min(size, right.length)))

    # --- what is there ----------------------------------------------------------------------------

    async def sweep(self) -> None:
        """What is due happens; the clock was advanced by time that has passed."""
        passed = self.clock.ahead / 1000
        await self.services.sweeper.sweep(asyncio.get_running_loop().time() + passed)

    async def passes(self, milliseconds: int) -> None:
        """Time, in which what is due happens."""
        await self.clock.advance(milliseconds)
        await self.sweep()
        await self.purger.purge()

    async def held(self) -> list[str]:
        """Keys of all objects of this deployment."""
        return [one.key async for one in self.objects.store.held(self.objects.own)]

    async def reserved(self) -> int:
        """What counts for all, which is what counts for each and what files there are."""
        row = await self.pool.fetchrow(
            """
            SELECT (SELECT bytes FROM accounts.file_stock),
                   (SELECT coalesce(sum(padded), 0) FROM accounts.files),
                   (SELECT count(*) FROM accounts.file_quotas q WHERE (q.bytes, q.files) <> (
                      SELECT coalesce(sum(f.padded), 0), count(*) FROM accounts.files f
                      WHERE f.account = q.account))
            """
        )
        assert row[0] == row[1]
        assert row[2] == 0
        return int(row[0])


@asynccontextmanager
async def file_desk(
    pool: "Pool", folder: Path, limits: Limits = LIMITS, **settings: str
) -> AsyncIterator[FileDesk]:
    """A fault, a row that nothing leads to, or a wrong count fails the test."""
    talks = await ConversationDesk.open(pool, folder / "keyring")
    read = Settings.parse({"DATA_DIR": str(folder), **settings})
    async with open_objects(read, pool, bytes(16), bytes(32), os.urandom) as objects:
        desk = FileDesk(talks, objects, limits)
        yield desk
        await desk.reserved()
    await talks.close()
