"""Conversations of an account on this device: docs/conversations.md, as a library.

    with opened(account) as talk:
        await talk.sync()
        for one in talk.news(): ...
        await talk.taken(...)

The account's file is locked while this is open, and nothing is in memory alone: whoever dies goes
on from the file. What is refused is a `Refusal`, what can't be reached a `ClientError`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.device_keys import daily
from ephemeral.client.accounts.own_chain import read_own
from ephemeral.client.conversations import following
from ephemeral.client.conversations.beginning import Beginning
from ephemeral.client.conversations.epochs import Epochs
from ephemeral.client.conversations.fetching import Fetching
from ephemeral.client.conversations.following import Following
from ephemeral.client.conversations.founding import Founding
from ephemeral.client.conversations.handing_over import HandingOver
from ephemeral.client.conversations.keeping_up import FOR_ALL, OVER, KeepingUp
from ephemeral.client.conversations.news import News
from ephemeral.client.conversations.past import was_in
from ephemeral.client.conversations.people import People
from ephemeral.client.conversations.reading import Reading
from ephemeral.client.conversations.registers import Registers
from ephemeral.client.conversations.sending import Noted, Sending, Sent
from ephemeral.client.conversations.served import Joining
from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.speaking import Speaking
from ephemeral.client.conversations.store import Crash, Store, ignore
from ephemeral.client.conversations.tending import Tending
from ephemeral.protocol.conversations import contents
from ephemeral.protocol.conversations.leaves import sign_leave
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.records import MEMBER, Continues, Person
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import KEY_SIZE

__all__ = ["Conversations", "Known", "opened"]


class Known(NamedTuple):
    """A conversation as it is known here. `state` is one of following's, `why` the reason for it.

    `name` is that of its card. `direct`: whom it is with, if it is with one person.
    """

    id: bytes
    state: str
    why: str
    role: str | None
    epoch: int
    people: tuple[Person, ...]
    name: str | None
    direct: bytes | None


@contextmanager
def opened(account: Account, crash: Crash = ignore) -> Iterator["Conversations"]:
    """The conversations of an account whose file is locked, and that has this device."""
    kept = account.kept
    if kept.device is None or kept.pin is None:
        raise Refusal("device_required")
    if kept.storage is None:
        kept.storage = account.context.random(KEY_SIZE)
        account.save()
    store = Store(account.storage, kept.device, kept.storage, account.context.random, crash)
    try:
        yield Conversations(account, store, crash)
    finally:
        store.close()


class Conversations(Speaking):
    """All conversations of an account."""

    def __init__(self, account: Account, store: Store, crash: Crash = ignore) -> None:
        self._account = account
        self._store = self.store = store
        self.service = Service(account, crash)
        self.people = People(account, store, self.service)
        self._registers = Registers(store)
        parts = (account, store, self.service, self.people)
        beginning = Beginning(*parts)
        self._reading = reading = Reading(*parts, beginning, self._registers.take)
        self._up = KeepingUp(*parts, beginning, reading, self._registers)
        ways = (self._up.read_on, self._up.look_again)
        self._epochs = Epochs(*parts, *ways)
        self._tending = Tending(store, self.people, self._epochs, self._registers)
        self._founding = Founding(account, self.service, self.people, self._epochs)
        self._sending = Sending(*parts, self._epochs, *ways, self._registers.take)
        tell = (self._registers, self.set_register, crash)
        self._handing_over = HandingOver(account, store, self.people, *tell)
        self._fetching = Fetching(account, store, *tell)

    # --- reading ----------------------------------------------------------------------------------

    async def sync(self) -> dict[bytes, str]:
        """Read all that is new, in all conversations; send what waits; renew own keys.

        The codes of what couldn't be read now, by conversation.
        """
        await read_own(self._account)
        failed = await self._up.all()
        failed |= await self.flush()
        await self._tending.join_in()
        with suppress(Refusal):
            for conversation, card in self._tending.owed():
                await self.send(conversation, "card", card)
            await self._tell_own()
        await self._handing_over.all()
        await self._fetching.all()
        await self._up.acknowledge()
        await daily(self._account)
        return failed

    async def renew(self) -> int:
        """Begin epochs wherever chains ask for one, as after the removal of a device; how many are
        left for later."""
        return await self._tending.renew()

    async def read(self, conversation: bytes) -> None:
        """Read what is new in one."""
        await self._up.one(conversation)

    async def agree(self, conversation: bytes) -> None:
        """Follow what asks to be followed, since the person says so (3.2)."""
        await self._up.one(conversation, agreed=True)

    def news(self, conversation: bytes | None = None) -> list[News]:
        """What was read and not yet taken, in order."""
        return following.waiting_news(self._store, conversation)

    async def taken(self, news: Sequence[News]) -> None:
        """These lines were shown: they are forgotten here, and the server is told."""
        await self._up.taken(news)

    # --- what is known ----------------------------------------------------------------------------

    def known(self) -> list[Known]:
        """All conversations that are known here, but for the account's own."""
        return [self._known(one) for one in following.all_of(self._store) if one.why != "self"]

    def _known(self, one: Following) -> Known:
        own = self.people.own.id
        me = one.record.person(own)
        others = [each.chain for each in one.record.people if each.chain != own]
        return Known(
            one.conversation, one.state, one.why, me and me.role, one.record.epoch,
            one.record.people, one.name, others[0] if len(others) == 1 else None,
        )  # fmt: skip

    def direct(self, chain: bytes) -> bytes | None:
        """The conversation with one person alone, if there is one without a name."""
        found = [
            one.id
            for one in self.known()
            if one.state == following.FOLLOWING and one.direct == chain and one.name is None
        ]
        return found[0] if found else None

    # --- changing ---------------------------------------------------------------------------------

    async def found(
        self,
        people: Iterable[bytes] | Mapping[bytes, str],
        *,
        name: str | None = None,
        timer: int = 0,
        joining: bytes | None = None,
    ) -> bytes:
        """Begin a conversation with contacts, by their chains (and roles, if they are given)."""
        roles = people if isinstance(people, Mapping) else dict.fromkeys(people, MEMBER)
        await read_own(self._account)
        conversation = await self._founding.found(roles, timer=timer, joining=joining)
        await self.read(conversation)
        if name is not None:
            await self.send(conversation, "card", {"name": name, "picture": None})
        return conversation

    async def add(self, conversation: bytes, chains: Iterable[bytes]) -> None:
        """Add contacts, or who waits to be added; refuses `not_admin`, `contact_needed`."""
        await self.change(conversation, Change(add=dict.fromkeys(chains, MEMBER)))

    async def remove(self, conversation: bytes, chains: Iterable[bytes]) -> None:
        """Remove people; refuses `not_admin`."""
        await self.change(conversation, Change(remove=frozenset(chains)))

    async def role(self, conversation: bytes, chain: bytes, role: str) -> None:
        """Make somebody an admin, or a member again."""
        await self.change(conversation, Change(roles={chain: role}))

    async def timer(self, conversation: bytes, seconds: int) -> None:
        """Have messages disappear so long after they were read; 0: never."""
        await self.change(conversation, Change(timer=seconds))

    async def joining(self, conversation: bytes, joining: bytes | None) -> None:
        """Let a link be used more than once, or no longer."""
        await self.change(conversation, Change(joining=joining))

    async def change(self, conversation: bytes, wish: Change) -> None:
        """Fulfil a wish by another epoch, unless all is so already."""
        one = await self._current(conversation)
        await self._epochs.begin(one, wish)
        if one.owed and one.card is not None:
            await self.send(conversation, "card", one.card)

    async def leave(self, conversation: bytes) -> None:
        """Leave; the others learn of it by their next epoch."""
        one = await self._current(conversation)
        try:
            await self._sign_out(one)
        except Refusal as refusal:
            if refusal.code != "record_leave":
                raise
            # This device has come after the point at which the record names its person.
            await self._epochs.begin(one)
            await self._sign_out(one)
        self._end(one, following.LEFT)

    async def _sign_out(self, one: Following) -> None:
        me = one.record.person(self.people.own.id)
        key = self._account.kept.key
        assert key is not None, "conversations have devices"
        if me is not None:
            leave = sign_leave(key, one.conversation, me.chain, me.since)
            try:
                await self.service.leave(one.conversation, leave)
            except Refusal as refusal:
                if refusal.code != "not_found":
                    raise

    async def end(self, conversation: bytes) -> None:
        """Destroy it for all; refuses `not_admin`."""
        one = await self._current(conversation)
        try:
            await self.service.end(conversation)
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
        self._end(one, following.GONE)

    def _end(self, one: Following, state: str) -> None:
        one.state, one.why = state, state
        with self._store.writing("end"):
            following.save(self._store, one)
            following.destroy_secrets(self._store, one.conversation)

    async def join(self, conversation: bytes, invitation: bytes, sealed: bytes) -> None:
        """Wait to be added, by an invitation's id or a link's `joining`."""
        await self.service.join(conversation, invitation, sealed)

    async def joins(self, conversation: bytes) -> list[Joining]:
        """Who waits to be added."""
        return (await self.service.members(conversation)).joins

    async def was_in(self, conversation: bytes, chain: bytes, epoch: int) -> bool | None:
        """Whether somebody has been in it in an epoch or since; None: nobody can tell."""
        return await was_in(self._store, self.service, conversation, chain, epoch)

    async def repair(self, conversation: bytes) -> bytes:
        """Begin again with the same people, where a conversation can't be followed any more; the
        new one's id. Refuses `not_admin` (8.4)."""
        one = self._of(conversation)
        own = self.people.own.id
        refuse(own not in one.record.admins, "not_admin")
        await read_own(self._account)
        try:
            known = (await self.service.members(conversation)).people
        except Refusal as refusal:
            if refusal.code not in {"broken", "not_found"}:
                raise
            known = []
        roles = {each.chain: each.role for each in one.record.people if each.chain != own}
        new = await self._founding.found(
            roles,
            timer=one.record.timer,
            continues=Continues(conversation, one.signed.hash),
            known=known,
        )
        await self.read(new)
        return new

    # --- sending ----------------------------------------------------------------------------------

    async def send(
        self, conversation: bytes, kind: str, body: Mapping[str, object], noted: Noted | None = None
    ) -> Sent:
        """Send a content (6.2); it waits here, and is sent later, if this raises `ClientError`."""
        if following.load(self._store, conversation) is None:
            await self.read(conversation)
        one = self._of(conversation)
        content = contents.encode(kind, self._account.now, body)
        message = self._sending.put(conversation, content, noted)
        try:
            sent = await self._sending.flush(one)
        except Refusal as refusal:
            if refusal.status < _UNSURE:
                # It was refused, and whoever asked is told so: it isn't sent later all the same.
                self._sending.drop(conversation, message)
            raise
        found = next((each for each in sent if each.id == message), None)
        if found is None:
            return self._found_in_log(one, message)
        return found

    def _found_in_log(self, one: Following, message: bytes) -> Sent:
        row = self._store.one(
            "SELECT s, at FROM ids WHERE conversation = ? AND device = ? AND id = ?",
            one.conversation, self._account.kept.device, message,
        )  # fmt: skip
        if row is None:
            raise Refusal("conflict")
        return Sent(message, row[0], row[1])

    def count(self, conversation: bytes) -> int:
        """How many people are in it."""
        return len(self._of(conversation).record.people)

    async def history(self, conversation: bytes) -> list[News]:
        """What the server still has of the present epoch, opened again."""
        one = await self._current(conversation)
        return await self._reading.again(one)

    async def flush(self, conversation: bytes | None = None) -> dict[bytes, str]:
        """Send what waits since a crash or a lost line; the codes of what can't be sent now."""
        failed: dict[bytes, str] = {}
        for one in self._sending.waits_in():
            if conversation in {None, one}:
                try:
                    await self._sending.flush(self._of(one))
                except Refusal as refusal:
                    if refusal.code in FOR_ALL:
                        raise
                    failed[one] = refusal.code
        return failed

    def _of(self, conversation: bytes) -> Following:
        one = following.load(self._store, conversation)
        if one is None:
            raise Refusal("conversation_unknown")
        return one

    async def _current(self, conversation: bytes) -> Following:
        await self.read(conversation)
        one = self._of(conversation)
        refuse(one.state in OVER, "not_member")
        refuse(one.state != following.FOLLOWING, one.why)
        return one

    # --- registers --------------------------------------------------------------------------------

    def register(self, name: str) -> dict[str, object]:
        """A register's values by key, as they were read here (9.2)."""
        return self._registers.of(name)

    async def set_register(self, name: str, key: str, value: object) -> None:
        """Tell all devices of the account; None takes it away."""
        own = await self._own()
        body = {"register": name, "key": key, "value": value}
        await self.send(own, "sync", body)

    async def _tell_own(self) -> None:
        """What other own devices can't know: all together, as many in one request as it takes."""
        told = self._tending.untold()
        is_owed = self._tending.owes_registers(self._up.self_id)
        if is_owed:
            told += self._registers.every()
        if not told and not is_owed:
            return
        own = await self._own()
        for register, key, value in told:
            body = {"register": register, "key": key, "value": value}
            self._sending.put(own, contents.encode("sync", self._account.now, body))
        self._tending.told(own)
        await self._sending.flush(self._of(own))

    async def _own(self) -> bytes:
        """The account's own conversation, begun if there is none."""
        own = self._up.self_id
        if following.load(self._store, own) is None:
            try:
                await self._founding.found({}, conversation=own)
            except Refusal as refusal:
                if refusal.code != "conflict":
                    raise
            await self.read(own)
        return own


# From this status on nobody knows whether it was done.
_UNSURE = 500
