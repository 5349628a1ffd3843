"""Devices as they are asked: call the service, answer. Each gets `(caller, body)` as its operation
says; `asker` has account, sid and device of its session."""

from ephemeral.accounts.api import device_objects as objects
from ephemeral.accounts.api.callers import Asker
from ephemeral.accounts.api.device_bodies import AddRequest, ChainQuery, GenesisRequest
from ephemeral.accounts.rules.nouns import Sealing
from ephemeral.accounts.service.device_services import DeviceServices
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.edge.operations import NOTHING, Created
from ephemeral.edge.record_objects import record_answer
from ephemeral.protocol.accounts.statements import Signed

__all__ = ["DeviceHandlers"]


class DeviceHandlers:
    """The handlers of devices, of what is kept for them, and of chains."""

    def __init__(self, services: DeviceServices, passwords: Passwords) -> None:
        self._devices = services.devices
        self._links = services.links
        self._sealing_keys = services.sealing_keys
        self._shares = services.shares
        self._pins = services.pins
        self._histories = services.histories
        self._records = services.records
        self._passwords = passwords

    async def listed(self, asker: Asker, _body: None) -> bytes:
        """All devices of the account, with their chain."""
        return objects.devices(await self._devices.listed(asker.account))

    async def post(self, asker: Asker, asked: GenesisRequest | AddRequest) -> bytes:
        """Begin a chain, or add a device to it."""
        if isinstance(asked, GenesisRequest):
            posted = await self._devices.first(asker.session, asked.signed, asked.sealing)
        else:
            await self._passwords.check(asked.auth_key, asker.account)
            posted = await self._devices.add(
                asker.proved, asked.signed, asked.sealing, asked.locator, asked.answer
            )
        return Created(objects.posted(posted))

    async def revoke(self, asker: Asker, asked: tuple[bytes, Signed, bytes]) -> bytes:
        """Remove a device from the chain."""
        device, signed, auth_key = asked
        await self._passwords.check(auth_key, asker.account)
        return objects.posted(await self._devices.remove(asker.session, device, signed))

    async def rename(self, asker: Asker, asked: tuple[bytes, bytes]) -> bytes:
        """Keep what the owner calls a device."""
        await self._devices.rename(asker.session, *asked)
        return NOTHING

    async def refuse_pending(self, asker: Asker, _body: None) -> bytes:
        """Refuse what waits."""
        await self._devices.refuse_waiting(asker.session)
        return NOTHING

    async def deposit(self, asker: Asker, asked: tuple[bytes, bytes]) -> bytes:
        """Let a new device wait."""
        return Created(objects.deposited(*await self._links.deposit(asker.session, *asked)))

    async def put_sealing_key(self, asker: Asker, sealing: Sealing) -> bytes:
        """Take the device's next sealing key."""
        await self._sealing_keys.put(asker.session, sealing)
        return NOTHING

    async def get_shares(self, asker: Asker, _body: None) -> bytes:
        """Serve the device's shares."""
        return objects.shares(*await self._shares.get(asker.session))

    async def turn_share(self, asker: Asker, asked: tuple[bool, int]) -> bytes:
        """Make the next share, or destroy those before one."""
        rotate, n = asked
        turn = self._shares.rotate if rotate else self._shares.confirm
        return objects.shares(*await turn(asker.session, n))

    async def put_pins(self, asker: Asker, asked: tuple[bytes, bytes]) -> bytes:
        """Keep the device's pins."""
        await self._pins.put(asker.session, *asked)
        return NOTHING

    async def get_pins(self, asker: Asker, _body: None) -> bytes:
        """Serve the device's pins."""
        return objects.pins(*await self._pins.get(asker.session))

    async def put_chunk(self, asker: Asker, asked: tuple[bytes, int, bytes]) -> bytes:
        """Let a chunk of history wait for a new device."""
        await self._histories.put(asker.session, *asked)
        return NOTHING

    async def get_chunk(self, asker: Asker, asked: tuple[bytes, int]) -> bytes:
        """Serve a chunk of history to the device that it is for."""
        return objects.chunk(*await self._histories.get(asker.session, *asked))

    async def forget_chunk(self, asker: Asker, asked: tuple[bytes, int]) -> bytes:
        """Destroy a chunk of history that was stored."""
        await self._histories.forget(asker.session, *asked)
        return NOTHING

    async def chain(self, asker: Asker, query: ChainQuery) -> bytes:
        """Serve a chain of the account."""
        return objects.statements(
            *await self._devices.statements(asker.account, query.chain, query.after)
        )

    async def offer(self, asker: Asker, asked: tuple[bytes, list[Signed]]) -> bytes:
        """Take statements that a restored server lacks."""
        return objects.posted(await self._devices.offer(asker.session, *asked))

    async def record(self, asker: Asker, _body: None) -> bytes:
        """Show everything that is held about the account."""
        return record_answer(await self._records.of(asker.account))
