"""The chains of the people in conversations, as this device has read and judged them.

What is kept of a chain is a pin: what the server shows later extends it, or isn't believed.
"""

from collections.abc import Iterable, Iterator, Mapping

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.own_chain import read_own
from ephemeral.client.conversations.served import PersonNow, SignedKey
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.accounts.chain import Signed
from ephemeral.protocol.accounts.sealing_keys import SealingKey, verify_sealing
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["People"]


class People(Mapping[bytes, Line]):
    """Lines by their chains; those that were read only. `reach` reads on."""

    def __init__(self, account: Account, store: Store, service: Service) -> None:
        self._account = account
        self._store = store
        self._service = service
        self._lines: dict[bytes, Line] = {}

    @property
    def own(self) -> Line:
        """The account's own line, as it was read last."""
        pin = self._account.kept.pin
        assert pin is not None, "conversations have devices"
        return self[pin.chain]

    def __getitem__(self, chain: bytes) -> Line:
        found = self._found(chain)
        if found is None:
            raise KeyError(chain)
        return found

    def __iter__(self) -> Iterator[bytes]:
        return iter([one for (one,) in self._store.all("SELECT DISTINCT chain FROM statements")])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _found(self, chain: bytes) -> Line | None:
        kept = self._account.kept
        if kept.pin is not None and chain == kept.pin.chain:
            known = self._lines.get(chain)
            if known is None or known.last.sequence + 1 != len(kept.statements):
                known = Line.of(map(Signed.decode, kept.statements))
                self._lines[chain] = known
            return known
        if chain not in self._lines:
            rows = self._store.all(
                "SELECT statement FROM statements WHERE chain = ? ORDER BY sequence", chain
            )
            if not rows:
                return None
            self._lines[chain] = Line.of(Signed.decode(one) for (one,) in rows)
        return self._lines[chain]

    async def reach(self, chains: Iterable[bytes]) -> None:
        """Read on in these chains, as far as the server goes. What it doesn't show stays away.

        Refuses what a chain is refused for, and `chain_fork`.
        """
        for chain in sorted(set(chains)):
            if chain == self.own.id:
                await read_own(self._account)
            else:
                await self._read_on(chain)

    async def _read_on(self, chain: bytes) -> None:
        line = self._found(chain)
        last = -1 if line is None else line.last.sequence
        try:
            served = await self._service.statements(chain, last)
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
            return
        if not served:
            return
        read = [Signed.decode(one) for one in served]
        if line is None:
            line, rest = Line.of(read[:1]), read[1:]
        else:
            rest = read
        for signed in rest:
            line = line.extend(signed)
        refuse(line.id != chain, "chain_fork")
        self._check_pin(line)
        with self._store.writing("chain"):
            self._store.do_many(
                "INSERT OR IGNORE INTO statements VALUES (?, ?, ?)",
                [
                    (chain, signed.statement.sequence, data)
                    for signed, data in zip(read, served, strict=True)
                ],
            )
        self._lines[chain] = line

    def _check_pin(self, line: Line) -> None:
        """What an invitation has named, or a contact was known by, is extended."""
        person = self._account.kept.people.by_chain(line.id)
        if person is not None and person.pin is not None:
            line.last.check_pin(person.pin)

    async def newest(self, people: Iterable[PersonNow]) -> None:
        """Read all of these chains to where the server says that they end, at least."""
        behind = [
            one.chain
            for one in people
            if (line := self._found(one.chain)) is None or line.last.sequence < one.sequence
        ]
        await self.reach(behind)
        for one in people:
            line = self._found(one.chain)
            if line is None:
                raise Refusal("waiting")
            at = line.at(one.sequence)
            refuse(at is None or at.head != one.head, "chain_fork")

    def usable_keys(
        self, chain: bytes, published: Mapping[bytes, SignedKey | None]
    ) -> dict[bytes, SealingKey]:
        """Of what a person's devices have published, what they have signed; by chain and device,
        as making.Keys says."""
        last = self[chain].last
        found = {}
        for device, signed in published.items():
            key = last.key_of(device)
            if signed is None or key is None:
                continue
            if verify_sealing(key, chain, device, signed.key, signed.signature):
                found[chain + device] = signed.key
        return found

    async def keys_of_new(
        self, chains: Iterable[bytes], known: Iterable[PersonNow]
    ) -> dict[bytes, SealingKey]:
        """Keys of who is to come, whose chains are read on: contacts, or somebody who is known
        otherwise. Refuses `contact_needed`."""
        there = {one.chain: one for one in known}
        wanted = list(chains)
        accounts: dict[bytes, bytes] = {}
        if any(chain not in there for chain in wanted):
            accounts = {one.chain: one.account for one in await self._service.contacts()}
        keys: dict[bytes, SealingKey] = {}
        for chain in wanted:
            person = there.get(chain)
            if person is None:
                refuse(chain not in accounts, "contact_needed")
                person = await self._service.contact(accounts[chain])
                refuse(person.chain != chain, "contact_needed")
            await self.newest([person])
            keys |= self.usable_keys(chain, person.keys)
        return keys
