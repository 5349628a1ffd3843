"""Beginning a conversation: its first record, sealed to contacts and to the own devices."""

from collections.abc import Mapping, Sequence

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations.epochs import ATTEMPTS, RENEW, Epochs
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.served import PersonNow
from ephemeral.client.conversations.service import Service
from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.conversations.epochs import SEED_SIZE
from ephemeral.protocol.conversations.making import founding
from ephemeral.protocol.conversations.records import ADMIN, CONVERSATION_SIZE, Continues
from ephemeral.protocol.errors import Refusal

__all__ = ["Founding"]


class Founding:
    """Founds conversations."""

    def __init__(self, account: Account, service: Service, people: People, epochs: Epochs) -> None:
        self._account = account
        self._service = service
        self._people = people
        self._epochs = epochs

    async def found(
        self,
        roles: Mapping[bytes, str],
        *,
        conversation: bytes | None = None,
        timer: int = 0,
        joining: bytes | None = None,
        continues: Continues | None = None,
        known: Sequence[PersonNow] = (),
    ) -> bytes:
        """Begin one with these people, the own account being its admin; its id.

        `known`: people who need not be contacts (8.4). Refuses `contact_needed`,
        `conversations_full`, what the judge does, `conflict` where others come first.
        """
        random = self._account.context.random
        name = conversation or random(CONVERSATION_SIZE)
        device = self._account.kept.device
        assert device is not None, "conversations have devices"
        for _ in range(ATTEMPTS):
            keys = await self._keys(roles, known)
            seed = random(SEED_SIZE)
            everybody = {**roles, self._people.own.id: ADMIN}
            record = founding(
                name, everybody, self._people, keys, device, seed,
                timer=timer, joining=joining, continues=continues,
            )  # fmt: skip
            draft = self._epochs.drafted(record, keys, seed, RENEW)
            try:
                await self._service.found(draft.signed, draft.boxes)
            except Refusal as refusal:
                # A chain or a key has gone on since; or the name is taken, which only that of the
                # own conversation can be.
                if refusal.code != "conflict" or conversation is not None:
                    raise
            else:
                return name
        raise Refusal("conflict")

    async def _keys(
        self, roles: Mapping[bytes, str], known: Sequence[PersonNow]
    ) -> dict[bytes, SealingKey]:
        own = self._people.own.id
        keys = self._people.usable_keys(own, await self._service.own_keys())
        return keys | await self._people.keys_of_new([one for one in roles if one != own], known)
