"""Files as they are asked about: call the service, answer."""

from ephemeral.accounts.doors import Asker as Caller
from ephemeral.conversations.doors import Asker
from ephemeral.edge.operations import NOTHING, Created
from ephemeral.files.api import objects
from ephemeral.files.api.bodies import Wanted
from ephemeral.files.service.file_services import FileServices
from ephemeral.files.service.uploads import NewFile

__all__ = ["FileHandlers"]


class FileHandlers:
    """The handlers of files."""

    def __init__(self, services: FileServices) -> None:
        self._services = services

    async def make(self, caller: Caller, new: NewFile) -> bytes:
        """Make one."""
        made = await self._services.uploads.make(_asker(caller), new)
        answer = objects.made(made, caller.account)
        return Created(answer) if made.is_new else answer

    async def addresses(self, caller: Caller, asked: tuple[bool, Wanted]) -> bytes:
        """Give addresses of segments."""
        to_put, wanted = asked
        addresses = self._services.addresses
        give = addresses.to_put if to_put else addresses.to_get
        return objects.given(await give(_asker(caller), *wanted))

    async def landed(self, caller: Caller, wanted: Wanted) -> bytes:
        """See what has landed."""
        return objects.landed(await self._services.uploads.landed(_asker(caller), *wanted))

    async def one(self, caller: Caller, id_: bytes) -> bytes:
        """Look at one."""
        told, now = await self._services.reading.one(_asker(caller), id_)
        return objects.file_answer(told, caller.account, now)

    async def listed(self, caller: Caller, after: bytes) -> bytes:
        """List them."""
        page = await self._services.reading.listed(_asker(caller), after)
        return objects.files(page, caller.account)

    async def delete(self, caller: Caller, id_: bytes) -> bytes:
        """Delete one."""
        await self._services.ending.delete(_asker(caller), id_)
        return NOTHING


def _asker(caller: Caller) -> Asker:
    session = caller.proved
    assert session.device is not None, "only a device asks"
    return Asker(session.account, session.device)
