"""What a client asks of conversations: docs/conversations.md."""

from collections.abc import Iterable, Mapping

from ephemeral.client.accounts.account import Account
from ephemeral.client.conversations.served import (
    Begun,
    Contact,
    Joining,
    LogPage,
    Members,
    PersonNow,
    Posted,
    ServedEpoch,
    SignedKey,
    Stored,
    Summary,
    as_object,
    read_begun,
    read_epoch,
    read_item,
    read_key,
    read_leave,
    read_person,
    read_summary,
)
from ephemeral.client.conversations.store import Crash
from ephemeral.protocol.accounts.statements import HASH_SIZE
from ephemeral.protocol.conversations.records import Leave, SignedRecord
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import (
    Json,
    read_boolean,
    read_bytes,
    read_id,
    read_integer,
    read_list,
)

__all__ = ["Service"]


class Service:
    """Conversations at the server. `crash` is called around each request that changes something."""

    def __init__(self, account: Account, crash: Crash) -> None:
        self._account = account
        self._crash = crash

    async def listed(self) -> list[Summary]:
        """All conversations of the account."""
        found: list[Summary] = []
        while True:
            after = f"?after={b64encode(found[-1].conversation)}" if found else ""
            answer = await self._account.ask("GET", f"/chatrooms{after}")
            page = [read_summary(as_object(one)) for one in read_list(answer, "conversations")]
            if any(one.conversation <= found[-1].conversation for one in page if found):
                raise Refusal("malformed")
            found += page
            if not read_boolean(answer, "more") or not page:
                return found

    async def summary(self, conversation: bytes) -> Summary:
        """One of them; refuses `not_found`."""
        return read_summary(await self._account.ask("GET", _path(conversation)))

    async def epochs(self, conversation: bytes, after: int) -> list[ServedEpoch]:
        """All records after an epoch that are kept, with the own boxes."""
        found: list[ServedEpoch] = []
        while True:
            last = found[-1].epoch if found else after
            path = f"{_path(conversation)}/epochs?after={last}"
            answer = await self._account.ask("GET", path)
            page = [read_epoch(as_object(one)) for one in read_list(answer, "epochs")]
            if any(one.epoch <= last for one in page):
                raise Refusal("malformed")
            found += page
            if not read_boolean(answer, "more") or not page:
                return found

    async def log(self, conversation: bytes, after: int) -> LogPage:
        """What stands after a place; refuses `behind`, `not_found`."""
        path = f"{_path(conversation)}/messages?after={after}"
        answer = await self._account.ask("GET", path)
        items = [read_item(as_object(one)) for one in read_list(answer, "entries")]
        if [one.s for one in items] != list(range(after + 1, after + 1 + len(items))):
            raise Refusal("malformed")
        return LogPage(
            items,
            read_integer(answer, "s"),
            read_bytes(answer, "hash", HASH_SIZE),
            read_integer(answer, "epoch"),
            read_bytes(answer, "record", HASH_SIZE),
            read_boolean(answer, "more") and bool(items),
        )

    async def members(self, conversation: bytes) -> Members:
        """Newest chains and keys of all people; who left, and who waits."""
        answer = await self._account.ask("GET", f"{_path(conversation)}/devices")
        return Members(
            [read_person(as_object(one)) for one in read_list(answer, "people")],
            [read_leave(as_object(one)) for one in read_list(answer, "leaves")],
            [
                Joining(
                    read_person(as_object(one)),
                    read_bytes(as_object(one), "invitation"),
                    read_bytes(as_object(one), "sealed"),
                )
                for one in read_list(answer, "joins")
            ],
        )

    async def found(self, signed: SignedRecord, boxes: Iterable[bytes]) -> Begun:
        """Begin a conversation."""
        return read_begun(
            await self._change("found", "POST", "/chatrooms", _posted_record(signed, boxes))
        )

    async def begin(
        self, conversation: bytes, signed: SignedRecord, boxes: Iterable[bytes]
    ) -> Begun:
        """Begin the next epoch."""
        path = f"{_path(conversation)}/epochs"
        return read_begun(await self._change("epoch", "POST", path, _posted_record(signed, boxes)))

    async def post(self, conversation: bytes, entries: list[bytes]) -> Posted:
        """Write messages; all or none."""
        body = {"entries": [b64encode(one) for one in entries]}
        answer = await self._change("post", "POST", f"{_path(conversation)}/message", body)
        stored = [
            Stored(
                read_integer(one, "s"), read_bytes(one, "hash", HASH_SIZE), read_integer(one, "at")
            )
            for one in map(as_object, read_list(answer, "stored"))
        ]
        if len(stored) != len(entries):
            raise Refusal("malformed")
        return Posted(stored, read_boolean(answer, "renew"))

    async def acknowledge(self, conversation: bytes, cursor: int) -> int:
        """Say up to where this device needs the log no more; where its cursor stands then."""
        path = f"{_path(conversation)}/ack"
        return read_integer(await self._change("ack", "POST", path, {"cursor": cursor}), "cursor")

    async def destroy_message(self, conversation: bytes, message: bytes) -> None:
        """Destroy a message of one's own that waits."""
        path = f"{_path(conversation)}/messages/{b64encode(message)}"
        await self._change("destroy", "DELETE", path)

    async def leave(self, conversation: bytes, leave: Leave) -> None:
        """Leave a conversation."""
        body = {
            "leave": {
                "chain": b64encode(leave.chain),
                "since": leave.since,
                "device": b64encode(leave.device),
                "signature": b64encode(leave.signature),
            }
        }
        await self._change("leave", "DELETE", f"{_path(conversation)}/members/me", body)

    async def end(self, conversation: bytes) -> None:
        """Destroy a conversation for all."""
        await self._change("end", "DELETE", _path(conversation))

    async def join(self, conversation: bytes, invitation: bytes, sealed: bytes) -> None:
        """Wait to be added."""
        body = {"invitation": b64encode(invitation), "sealed": b64encode(sealed)}
        await self._change("join", "POST", f"{_path(conversation)}/join", body)

    async def statements(self, chain: bytes, after: int) -> list[bytes]:
        """What a chain says after a sequence; -1: all of it. Refuses `not_found`."""
        query = "" if after < 0 else f"?after={after}"
        answer = await self._account.ask("GET", f"/chains/{b64encode(chain)}{query}")
        return [b64decode(one) for one in read_list(answer, "statements")]

    async def contacts(self) -> list[Contact]:
        """Who is accepted, as long as that is the chain in force."""
        answer = await self._account.ask("GET", "/contacts")
        return [
            Contact(read_id(one, "account"), read_bytes(one, "chain", HASH_SIZE))
            for one in map(as_object, read_list(answer, "contacts"))
            if one.get("state") == "accepted" and one.get("chain") is not None
        ]

    async def contact(self, account: bytes) -> PersonNow:
        """A contact's newest chain and keys; refuses `not_found`."""
        return read_person(
            await self._account.ask("GET", f"/contacts/{b64encode(account)}/devices")
        )

    async def own_keys(self) -> dict[bytes, SignedKey | None]:
        """What the account's own devices have published."""
        answer = await self._account.ask("GET", "/devices")
        return {read_id(one): read_key(one) for one in map(as_object, read_list(answer, "devices"))}

    async def _change(
        self, what: str, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Json:
        self._crash(f"ask:{what}")
        answer = await self._account.ask(method, path, body)
        self._crash(f"asked:{what}")
        return answer


def _path(conversation: bytes) -> str:
    return f"/chatrooms/{b64encode(conversation)}"


def _posted_record(signed: SignedRecord, boxes: Iterable[bytes]) -> dict[str, object]:
    return {
        "record": b64encode(signed.record_bytes),
        "signature": b64encode(signed.signature),
        "boxes": [b64encode(one) for one in boxes],
    }
