"""Who has been in a conversation: by the records that are kept here, and what these name before
them."""

from ephemeral.client.conversations.service import Service
from ephemeral.client.conversations.store import Store
from ephemeral.protocol.conversations.records import SignedRecord

__all__ = ["was_in"]


async def was_in(
    store: Store, service: Service, conversation: bytes, chain: bytes, epoch: int
) -> bool | None:
    """Whether somebody has been in it in an epoch or since; None: nobody can tell.

    Of what this device hasn't read, the oldest record that it has names the one before by its hash.
    """
    rows = store.all(
        # Beyond the newest may stand records of a log that the server has lost.
        "SELECT r.epoch, r.entry FROM records r JOIN conversations c USING (conversation) "
        "WHERE conversation = ? AND r.epoch BETWEEN ? AND c.epoch",
        conversation, epoch,
    )  # fmt: skip
    entries = {at: bytes(entry) for at, entry in rows}
    newest, first = max(entries, default=0), max(epoch, 1)
    if any(at not in entries for at in range(first, newest)):
        served = await service.epochs(conversation, first - 1)
        entries = {one.epoch: one.entry for one in served} | entries
    previous: bytes | None = None
    for at in range(newest, first - 1, -1):
        signed = SignedRecord.read(entries[at]) if at in entries else None
        if signed is None or previous not in {None, signed.hash}:
            return None
        if signed.record.person(chain) is not None:
            return True
        previous = signed.record.previous
    return False
