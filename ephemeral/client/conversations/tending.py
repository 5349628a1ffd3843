"""What a device does for all its conversations by itself: where it was linked lately, where a
device was removed, and what its other devices can't know (docs/conversations.md, 3.2, 10.6)."""

from ephemeral.client.conversations import following
from ephemeral.client.conversations.epochs import Epochs
from ephemeral.client.conversations.following import Following, Standing
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.registers import Registers
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import Json

__all__ = ["Tending"]

# Reasons to follow a conversation that other own devices don't have.
_ONLY_HERE = {"invitation", "agreed", "continues"}
_FATAL = {"session_ended", "device_copied", "device_revoked"}


class Tending:
    """Tends conversations."""

    def __init__(self, store: Store, people: People, epochs: Epochs, registers: Registers) -> None:
        self._store = store
        self._people = people
        self._epochs = epochs
        self._registers = registers

    async def join_in(self) -> None:
        """A device that was linked lately begins the epochs that list it, the newest first; not
        where nobody has told it from where on (`not_compared`)."""
        for each in sorted(self._followed(), key=lambda one: -one.record_s):
            if each.listed:
                continue
            one = self._of(each)
            if self._epochs.due(one) == "devices" and await self._renewed(one) == "too_many":
                return

    def owes_registers(self, own: bytes) -> bool:
        """Whether devices have come to the account's own conversation that have read nothing of
        what was said there, and it is for this one to say it again."""
        stands = following.standing(self._store).get(own)
        return stands is not None and stands.state == following.FOLLOWING and stands.owed

    def told(self, own: bytes) -> None:
        """They are told, or will be by what waits."""
        one = following.load(self._store, own)
        if one is not None and one.owed:
            one.owed = False
            with self._store.writing("told own"):
                following.save(self._store, one)

    def untold(self) -> list[tuple[str, str, object]]:
        """What own devices are to be told, that wouldn't follow a conversation by themselves, as
        register, key and value."""
        if len(self._people.own.last.devices) == 1:
            return []
        told = self._registers.of("conversation")
        found: list[tuple[str, str, object]] = []
        for each in self._followed():
            name = b64encode(each.conversation)
            if each.why not in _ONLY_HERE or name in told:
                continue
            one = self._of(each)
            value = {
                "R": b64encode(one.signed.hash),
                "sequence": one.record.seen,
                "log": b64encode(one.record.log),
            }
            found.append(("conversation", name, value))
        return found

    def owed(self) -> list[tuple[bytes, Json]]:
        """The cards that this device is to send again, to devices that have come."""
        found = [self._of(each) for each in self._followed() if each.owed]
        return [(one.conversation, one.card) for one in found if one.card is not None]

    async def renew(self) -> int:
        """Begin epochs wherever chains ask for one, as after the removal of a device; how many are
        left for later. One that can't be given another key now holds up no other."""
        left = 0
        stopped = False
        for each in self._followed():
            one = self._of(each)
            if self._epochs.due(one) is None:
                continue
            code = "too_many" if stopped else await self._renewed(one)
            stopped = code == "too_many"
            left += code is not None
        return left

    async def _renewed(self, one: Following) -> str | None:
        """Begin an epoch in one; the code, if that can't be done now."""
        try:
            await self._epochs.begin(one)
        except Refusal as refusal:
            if refusal.code in _FATAL:
                raise
            return refusal.code
        return None

    def _followed(self) -> list[Standing]:
        stand = following.standing(self._store).values()
        return [one for one in stand if one.state == following.FOLLOWING]

    def _of(self, stands: Standing) -> Following:
        one = following.load(self._store, stands.conversation)
        assert one is not None, "it stands there"
        return one
