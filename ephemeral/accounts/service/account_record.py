"""What the server knows of an account: everything that is held about it, for its owner.

Whoever has stolen a session must not get from it what opens more than that session: a column is
shown whole only if it is listed here as harmless, or can be nothing else (`store/held.py`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ephemeral.store import held
from ephemeral.store.clock import clock
from ephemeral.store.held import Elsewhere, Holdings, TableRecord
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["HOLDINGS", "AccountRecords"]

_NAME = (
    "A keyed hash: it can't be turned back without the server's key. Whoever knew it "
    "could find these rows in a stolen copy of the database."
)
_SLOW_HASH = (
    "A slow hash of what your devices make of your password. Whoever had it could try passwords "
    "against it."
)
_KEY = "It opens a stored payload for whoever also has the server's epoch key."
_OF_ANOTHER = "It would tell what became of another account."
_UNLISTED = "Nobody has made sure yet that it harms nobody if it is shown."
_UNEXPLAINED = "Nobody has said yet which of its rows are about your account: ask the operator."
_OF_ROOMS = "Of rooms, which know no accounts: nothing in it leads to you."
_OF_SERVER = "About the server itself; it says nothing about any account."
_OF_OPERATORS = "About those who run this server; it says nothing about any account."

_HIDDEN = {
    ("accounts.accounts", "address"): _NAME,
    ("accounts.accounts", "password"): _SLOW_HASH,
    ("accounts.identities", "identity"): _NAME,
    ("accounts.links", "locator"): _NAME,
    ("accounts.links", "digest"): _NAME,
    ("accounts.contact_requests", "request"): _NAME,
    ("accounts.contact_requests", "address"): _NAME,
    ("accounts.contact_invitations", "invitation"): _NAME,
    ("accounts.reports", "report"): _NAME,
    ("accounts.reports", "decision"): _OF_ANOTHER,
    ("accounts.reports", "decided_by"): _OF_ANOTHER,
    ("payload_keys", "wrapped"): _KEY,
}
_SEALED = "Sealed bytes: their length and the first eight bytes of their SHA-256."
_DIGESTS = {
    ("payloads", "body"): _SEALED,
    ("accounts.entries", "sealed"): _SEALED,
    ("accounts.boxes", "sealed"): _SEALED,
}
# Ids that the owner's devices are told anyway or that only link rows, public keys, and signatures.
_WHOLE = {
    ("accounts.sessions", "sid"),
    ("accounts.sessions", "device"),
    ("accounts.chains", "chain"),
    ("accounts.chains", "state"),
    ("accounts.chains", "head"),
    ("accounts.chains", "recovery"),
    ("accounts.chain_statements", "chain"),
    ("accounts.chain_statements", "signed"),
    ("accounts.devices", "device"),
    ("accounts.devices", "key"),
    ("accounts.sealing_keys", "device"),
    ("accounts.shares", "device"),
    ("accounts.history_chunks", "device"),
    ("accounts.push_subscriptions", "device"),
    ("accounts.push_subscriptions", "sid"),
    ("accounts.push_subscriptions", "told_in"),
    ("accounts.pins", "chain"),
    ("accounts.pins", "device"),
    ("accounts.links", "sid"),
    ("accounts.links", "device"),
    ("accounts.contacts", "other"),
    ("accounts.contacts", "state"),
    ("accounts.contacts", "chain"),
    ("accounts.contacts", "request"),
    ("accounts.contact_invitations", "conversation"),
    ("accounts.contact_invitations", "redeemer"),
    ("accounts.conversations", "conversation"),
    ("accounts.conversations", "record"),
    ("accounts.conversations", "log"),
    ("accounts.conversations", "due"),
    ("accounts.conversations", "told_device"),
    ("accounts.conversations", "segment"),
    ("accounts.conversation_people", "chain"),
    ("accounts.conversation_people", "added_by"),
    ("accounts.conversation_devices", "conversation"),
    ("accounts.conversation_chains", "conversation"),
    ("accounts.conversation_chains", "chain"),
    ("accounts.log_places", "conversation"),
    ("accounts.log_places", "device"),
    ("accounts.log_places", "id"),
    ("accounts.log_places", "digest"),
    ("accounts.log_places", "hash"),
    ("accounts.entries", "conversation"),
    ("accounts.entries", "segment"),
    ("accounts.segments", "conversation"),
    ("accounts.records", "conversation"),
    ("accounts.records", "record"),
    ("accounts.records", "log"),
    ("accounts.boxes", "conversation"),
    ("accounts.boxes", "device"),
    ("accounts.leaves", "conversation"),
    ("accounts.leaves", "chain"),
    ("accounts.leaves", "device"),
    ("accounts.leaves", "signature"),
    ("accounts.joins", "conversation"),
    ("accounts.reports", "accused"),
    ("accounts.reports", "reason"),
    ("accounts.departures", "conversation"),
    ("accounts.files", "file"),
    ("accounts.files", "conversation"),
    ("accounts.files", "prefix"),
    ("accounts.files", "landed"),
    ("accounts.pending", "kind"),
    ("accounts.pending", "device"),
    ("accounts.pending", "signed"),
    ("accounts.pending", "sid"),
    ("payloads", "id"),
    ("payload_keys", "payload"),
    ("epochs", "fingerprint"),
    ("epochs", "state"),
}
_PAYLOAD = (("payloads", "id"), ("payload_keys", "payload"))
_NAMES = {
    ("accounts.chains", "chain"): (
        ("accounts.chain_statements", "chain"),
        ("accounts.conversation_chains", "chain"),
        ("accounts.leaves", "chain"),
    ),
    ("accounts.sessions", "secret"): _PAYLOAD,
    ("accounts.devices", "name"): _PAYLOAD,
    ("accounts.sealing_keys", "payload"): _PAYLOAD,
    ("accounts.shares", "payload"): _PAYLOAD,
    ("accounts.history_chunks", "payload"): _PAYLOAD,
    ("accounts.push_subscriptions", "payload"): _PAYLOAD,
    ("accounts.pins", "payload"): _PAYLOAD,
    ("accounts.links", "request"): _PAYLOAD,
    ("accounts.links", "answer"): _PAYLOAD,
    ("accounts.pending", "sealing"): _PAYLOAD,
    ("accounts.contact_requests", "own"): _PAYLOAD,
    ("accounts.contact_invitations", "payload"): _PAYLOAD,
    ("accounts.contact_invitations", "redemption"): _PAYLOAD,
    ("accounts.conversation_people", "conversation"): (
        ("accounts.conversations", "conversation"),
        ("accounts.records", "conversation"),
        ("accounts.log_places", "conversation"),
        ("accounts.entries", "conversation"),
        ("accounts.segments", "conversation"),
    ),
    # The boxes of others are theirs.
    ("accounts.conversation_devices", "device"): (("accounts.boxes", "device"),),
    ("accounts.records", "payload"): _PAYLOAD,
    ("accounts.records", "boxes"): _PAYLOAD,
    ("accounts.segments", "segment"): _PAYLOAD,
    ("accounts.joins", "payload"): _PAYLOAD,
    ("accounts.reports", "payload"): _PAYLOAD,
    ("accounts.files", "payload"): _PAYLOAD,
    ("payload_keys", "epoch"): (("epochs", "id"),),
}
_APART = {
    "accounts.ended_sessions": "Names of sessions for minutes; whose they were stands nowhere.",
    "accounts.file_stock": _OF_SERVER,
    "accounts.invitations": "Invitations that nobody has used yet; they lead to no account.",
    "accounts.signing_keys": _OF_SERVER,
    "accounts.used_nonces": "What was used once to sign in by an identity; whose stands nowhere.",
    "deployment": _OF_SERVER,
    "keyring": _OF_SERVER,
    "object_store": _OF_SERVER,
    "purges": "What is being deleted, by random bytes; whose it was stands nowhere any more.",
    "schema_migrations": _OF_SERVER,
    "workers": _OF_SERVER,
    **dict.fromkeys(
        ("rooms", "seats", "messages", "audience", "tombstones", "attachments"), _OF_ROOMS
    ),
    **dict.fromkeys(
        ("operators.operators", "operators.operator_sessions", "operators.audit"), _OF_OPERATORS
    ),
}

HOLDINGS = Holdings(
    owner="account",
    why_owner=None,
    hidden=_HIDDEN,
    digests=_DIGESTS,
    whole=_WHOLE,
    names=_NAMES,
    apart=_APART,
    unexplained=_UNEXPLAINED,
    unlisted=_UNLISTED,
    everywhere=True,
)


class AccountRecords:
    """Shows owners what is held of them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        # As with rooms: whoever is curious waits for those who were so before.
        self._turn = asyncio.Lock()

    async def of(self, account: bytes) -> held.Record:
        """Everything that is held about an account at one moment."""

        async def work(connection: Connection) -> held.Record:
            found = await HOLDINGS.of(connection, account)
            return held.Record(await clock(connection), tuple(found), _elsewhere(found))

        async with self._turn:
            return await transaction(self._pool, work, read_only=True)


def _elsewhere(found: list[TableRecord]) -> tuple[Elsewhere, ...]:
    epochs = next((len(one.rows) + one.rest for one in found if one.name == "epochs"), 0)
    return (
        Elsewhere(
            "memory",
            "requests",
            None,
            "What is being asked and answered at this moment, with the address that it comes "
            "from, and devices that wait to be linked, as long as their request does.",
        ),
        Elsewhere(
            "memory",
            "chains",
            None,
            "The lists of devices that were looked at last, as they stand in the tables, until "
            "others take their place or the server stops; also of an account that was deleted.",
        ),
        Elsewhere(
            "memory",
            "sessions",
            None,
            "Names of sessions that have ended, for as long as a token of theirs could be shown.",
        ),
        Elsewhere(
            "memory",
            "limits",
            None,
            "How often was asked, counted under keyed hashes of address and account. They can't be "
            "turned back or listed, and their key is replaced every day.",
        ),
        Elsewhere(
            "files",
            "epoch keys",
            epochs,
            "Small files with the keys that the wrapped keys of this account need; the table "
            "epochs says which. The server also holds them in memory.",
        ),
        Elsewhere(
            "tables",
            "statements of closed chains",
            None,
            "If you delete the account, what its devices have signed about devices stays for 30 "
            "days, and as long as a kept record of a conversation names it, bound to no account, "
            "for those who have seen it.",
        ),
        Elsewhere(
            "tables",
            "contacts of others",
            None,
            "Who has you among their contacts has a row that says so, and who has asked for your "
            "address one with a keyed hash of it. Those are theirs, as these here are yours: "
            "nobody is told by whom they are blocked.",
        ),
        Elsewhere(
            "tables",
            "reports of others",
            None,
            "What others have reported of you, for 90 days at most. It is shown to nobody but the "
            "operators, lest you learn who it was.",
        ),
        Elsewhere(
            "tables",
            "conversations that were left",
            None,
            "What your devices wrote into a conversation that you have left stays in its log, by "
            "their names, as long as it does; records name you for 30 days after the next one.",
        ),
        Elsewhere(
            "objects",
            "files",
            None,
            "The bytes of the files that you have uploaded, encrypted by your devices, where large "
            "objects lie: under the prefix that the table files names.",
        ),
        Elsewhere(
            "memory",
            "sockets",
            None,
            "Open connections of your devices, which conversations they are told of, and for a "
            "second that somebody is writing.",
        ),
        Elsewhere(
            "memory",
            "conversations that have gone on",
            None,
            "Which conversations were written in within the last minute, to see whose devices have "
            "to be told by a push.",
        ),
        Elsewhere(
            "memory",
            "what was read last",
            None,
            "The newest encrypted messages of conversations that are in use, for a while.",
        ),
        Elsewhere(
            "disk",
            "remains",
            None,
            "Rows that were deleted stay readable for a while in the database's files, log and "
            "backups. Sealed bytes among them open no more once their epoch key is destroyed: two "
            "epochs later at most.",
        ),
    )
