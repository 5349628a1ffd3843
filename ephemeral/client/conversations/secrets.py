"""The secret of an epoch as this device comes by it: from its own draft, or from its box."""

from typing import NamedTuple

from ephemeral.client.accounts.kept import Kept
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.accounts.hpke import PrivateKey
from ephemeral.protocol.conversations.epochs import open_box
from ephemeral.protocol.conversations.records import SignedRecord
from ephemeral.protocol.errors import Refusal

__all__ = ["Opening", "opened"]


class Opening(NamedTuple):
    """The seed; or why there is none, or neither where this device isn't listed.

    `box_hash` is the server's fault; `box_broken` and `seed_commitment` are the author's.
    """

    seed: bytes | None
    code: str | None


def opened(kept: Kept, store: Store, signed: SignedRecord, box: bytes | None) -> Opening:
    """What this device can know of an epoch."""
    device = kept.device
    row = store.one(
        "SELECT seed FROM drafts WHERE conversation = ? AND record = ?",
        signed.record.conversation, signed.hash,
    )  # fmt: skip
    if row is not None:
        return Opening(store.unseal("drafts", signed.record.conversation, row[0]), None)
    listed = next((one for one in signed.record.devices if one.device == device), None)
    if device is None or listed is None:
        return Opening(None, None)
    secret = next((one for one in kept.sealing if one.number == listed.number), None)
    if box is None or secret is None:
        return Opening(None, "box_broken")
    try:
        return Opening(open_box(PrivateKey(secret.seed), signed, device, box), None)
    except Refusal as refusal:
        return Opening(None, refusal.code)
