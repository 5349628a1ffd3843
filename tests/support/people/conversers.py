"""People who talk over HTTP as any client would, but for the encryption: nobody reads here.

Everything that the server looks at is true. What it can't look into is random.
"""

import os
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import httpx
from support.people.account_client import AccountClient

from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.conversations import epochs, making
from ephemeral.protocol.conversations.leaves import sign_leave
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.messages import AD_SIZE, ENTRY_SIZES, Ad
from ephemeral.protocol.conversations.records import ADMIN, BOX_SIZE, MEMBER, SignedRecord
from ephemeral.protocol.encoding import b64decode, b64encode

__all__ = ["Conversation", "befriend", "refusal"]

Json = dict[str, Any]
NOTHING = Change()


def refusal(answer: httpx.Response) -> Any:
    """The error of an answer that must have one."""
    assert answer.status_code >= 400, answer.text
    return answer.json()["error"]


async def befriend(one: AccountClient, other: AccountClient) -> None:
    """Contacts, by an invitation."""
    id_ = b64encode(os.urandom(16))
    sealed = {"sealed": b64encode(os.urandom(99))}
    made = await one.call("POST", "/contacts/invitations", json={"id": id_, **sealed})
    assert made.status_code == 201, made.text
    redeemed = await other.call("POST", f"/contacts/invitations/{id_}/redeem", json=sealed)
    assert redeemed.status_code == 200, redeemed.text


async def line(client: AccountClient, chain: str) -> Line:
    answer = await client.call("GET", f"/chains/{chain}")
    assert answer.status_code == 200, answer.text
    return Line.of(Signed.decode(b64decode(one)) for one in answer.json()["statements"])


class Conversation:
    """A conversation by its id, for whoever asks about it."""

    def __init__(self, id_: bytes | None = None) -> None:
        self.id = id_ or os.urandom(16)
        self.path = f"/chatrooms/{b64encode(self.id)}"
        self.signed: SignedRecord
        self.s = 0
        self.log = b""

    @property
    def name(self) -> str:
        return b64encode(self.id)

    # --- records ----------------------------------------------------------------------------------

    async def founding(self, author: AccountClient, others: Sequence[AccountClient] = ()) -> Json:
        """The body by which it is founded."""
        lines = {one.chain.id: await line(author, b64encode(one.chain.id)) for one in others}
        lines[author.chain.id] = await line(author, b64encode(author.chain.id))
        keys = await self._own_keys(author)
        for other in others:
            path = f"/contacts/{other.tokens['account']}/devices"
            keys |= _keys((await author.call("GET", path)).json()["devices"])
        people = dict.fromkeys(lines, MEMBER) | {author.chain.id: ADMIN}
        by = b64decode(author.device, 16)
        record = making.founding(self.id, people, lines, keys, by, os.urandom(32))
        return self._signed(author, record.encode(), [one.number for one in record.devices])

    async def found(
        self, author: AccountClient, others: Sequence[AccountClient] = ()
    ) -> httpx.Response:
        body = await self.founding(author, others)
        return self.taken(body, await author.call("POST", "/chatrooms", json=body))

    async def renewal(
        self,
        author: AccountClient,
        change: Change = NOTHING,
        others: Sequence[AccountClient] = (),
    ) -> Json:
        """The body by which its next epoch begins."""
        seen = (await author.call("GET", f"{self.path}/devices")).json()
        chains = [one["chain"] for one in seen["people"]]
        lines = {b64decode(one): await line(author, one) for one in chains}
        keys = {}
        for one in [*seen["people"], *seen["joins"]]:
            keys |= _keys(one["devices"])
        for other in others:
            lines[other.chain.id] = await line(author, b64encode(other.chain.id))
            path = f"/contacts/{other.tokens['account']}/devices"
            keys |= _keys((await author.call("GET", path)).json()["devices"])
        by = b64decode(author.device, 16)
        record = making.renewal(
            self.signed.record, lines, keys, self.s, self.log, by, os.urandom(32), change
        )
        return self._signed(author, record.encode(), [one.number for one in record.devices])

    async def renew(
        self,
        author: AccountClient,
        change: Change = NOTHING,
        others: Sequence[AccountClient] = (),
    ) -> httpx.Response:
        body = await self.renewal(author, change, others)
        return self.taken(body, await author.call("POST", f"{self.path}/epochs", json=body))

    def taken(self, body: Json, answer: httpx.Response) -> httpx.Response:
        """Go on from what was answered."""
        if answer.status_code == 201:
            boxes = [b64decode(one) for one in body["boxes"]]
            self.signed = SignedRecord.of(
                b64decode(body["record"]), b64decode(body["signature"]), boxes
            )
            self.s, self.log = answer.json()["s"], b64decode(answer.json()["hash"])
        return answer

    def _signed(self, author: AccountClient, record: bytes, numbers: Sequence[int]) -> Json:
        boxes = [os.urandom(BOX_SIZE) if number else b"" for number in numbers]
        signed = epochs.sign_record(author.key, record, boxes)
        return {
            "record": b64encode(record),
            "signature": b64encode(signed.signature),
            "boxes": [b64encode(one) for one in boxes],
        }

    async def _own_keys(self, author: AccountClient) -> dict[bytes, SealingKey]:
        return _keys((await author.call("GET", "/devices")).json()["devices"])

    # --- messages ---------------------------------------------------------------------------------

    def entry(self, author: AccountClient, size: int = ENTRY_SIZES[0]) -> str:
        """A message, which only its head tells from any other."""
        by = b64decode(author.device, 16)
        ad = Ad(1, self.id, self.signed.hash, by, os.urandom(16), self.s, self.log)
        return b64encode(ad.encode() + os.urandom(size - AD_SIZE))

    def shown(self, author: AccountClient, content: bytes, **other: Any) -> Json:
        """A message of somebody as whoever has read it shows it to others."""
        by = b64decode(author.device, 16)
        ad = Ad(1, self.id, self.signed.hash, by, os.urandom(16), self.s, self.log)
        head = ad._replace(**other).encode()
        signature = author.key.sign("content", head + sha256(content).digest())
        return {
            "ad": b64encode(head),
            "content": b64encode(content),
            "signature": b64encode(signature),
        }

    async def post(self, author: AccountClient, *entries: str) -> httpx.Response:
        body = {"entries": list(entries) or [self.entry(author)]}
        answer = await author.call("POST", f"{self.path}/message", json=body)
        if answer.status_code == 201:
            last = max(answer.json()["stored"], key=lambda one: one["s"])
            if last["s"] > self.s:
                self.s, self.log = last["s"], b64decode(last["hash"])
        return answer

    async def read(self, reader: AccountClient, query: str = "") -> Json:
        answer = await reader.api.get(f"{self.path}/messages{query}", headers=reader.bearer)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def ack(self, reader: AccountClient, cursor: int | None = None) -> httpx.Response:
        where = self.s if cursor is None else cursor
        return await reader.call("POST", f"{self.path}/ack", json={"cursor": where})

    # --- leaving ----------------------------------------------------------------------------------

    def leave(self, leaver: AccountClient) -> Json:
        named = self.signed.record.person(leaver.chain.id)
        assert named is not None
        leave = sign_leave(leaver.key, self.id, leaver.chain.id, named.since)
        return {
            "leave": {
                "chain": b64encode(leave.chain),
                "since": leave.since,
                "device": b64encode(leave.device),
                "signature": b64encode(leave.signature),
            }
        }


def _keys(devices: Sequence[Json]) -> dict[bytes, SealingKey]:
    return {
        b64decode(one.get("device") or one["id"], 16): SealingKey(
            one["sealing"]["number"], one["sealing"]["day"], b64decode(one["sealing"]["key"])
        )
        for one in devices
        if "sealing" in one
    }
