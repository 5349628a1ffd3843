"""The own account's chain, as the server serves it: judged, and held against what was read before.

A server that goes back, or shows somebody else another chain, is not followed. A device that finds
a statement or a key of its own that it didn't make has been copied, and says so.
"""

from typing import NamedTuple

from ephemeral.client.accounts.account import Account
from ephemeral.client.exits import ClientError, Exit
from ephemeral.protocol.accounts.chain import Chain, read_chain
from ephemeral.protocol.accounts.device_names import open_device_name
from ephemeral.protocol.accounts.statements import Signed, StatementType
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import (
    Json,
    read_id,
    read_integer,
    read_list,
    read_object,
    read_text,
)

__all__ = ["Listed", "Own", "Waiting", "accepted_chain", "read_own", "read_waiting"]


class Listed(NamedTuple):
    """What the server says of a device; the name is None where it can't be read."""

    id: bytes
    name: str | None
    seen_day: int


class Waiting(NamedTuple):
    """A CLOSE or GENESIS that waits for its three days, and that any device may refuse."""

    kind: str
    due: int


class Own(NamedTuple):
    """The own account: its chain, what the server says of its devices, and what waits."""

    chain: Chain
    listed: list[Listed]
    waiting: Waiting | None


async def read_own(account: Account) -> Own:
    """The chain and the devices, now; needs a session of a device."""
    answer = await account.ask("GET", "/devices")
    statements = _statements(answer)
    if await _gave_back(account, statements):
        answer = await account.ask("GET", "/devices")
        statements = _statements(answer)
    chain = accepted_chain(account, statements)
    listed = {}
    for value in read_list(answer, "devices"):
        if not isinstance(value, dict):
            raise Refusal("malformed")
        one = _read_listed(account, value)
        listed[one.id] = one
        if one.id == account.kept.device:
            # A server that was restored has lost it: the next is due at once, or nobody can seal.
            account.sealing_lost = value.get("sealing") is None
            if not account.sealing_lost:
                _check_own_sealing(account, read_object(value, "sealing"))
    return Own(
        chain,
        [listed.get(one.id, Listed(one.id, None, 0)) for one in chain.devices],
        read_waiting(answer),
    )


def _statements(answer: Json) -> list[bytes]:
    return [b64decode(one) for one in read_list(answer, "statements")]


async def _gave_back(account: Account, served: list[bytes]) -> bool:
    """Whether a server that was set back took again what it had lost of the chain."""
    kept, known = account.kept, account.kept.statements
    if kept.pin is None or len(served) >= len(known) or known[: len(served)] != served:
        return False
    body = {"statements": [b64encode(one) for one in known[len(served) :]]}
    try:
        await account.ask("POST", f"/chains/{b64encode(kept.pin.chain)}", body)
    except Refusal:
        return False
    account.context.say(
        "The server had an older list of devices, as after the restoring of a backup. It was given "
        "what it had lost."
    )
    return True


def read_waiting(answer: Json) -> Waiting | None:
    """What waits, of an answer that may tell it."""
    if answer.get("pending") is None:
        return None
    pending = read_object(answer, "pending")
    kind = read_text(pending, "kind")
    if kind not in {"close", "genesis"}:
        raise Refusal("malformed")
    return Waiting(kind, read_integer(pending, "due"))


def accepted_chain(account: Account, statements: list[bytes]) -> Chain:
    """The chain that these make, if it extends what was read before; that is kept."""
    kept = account.kept
    try:
        chain = read_chain(statements, kept.pin)
    except Refusal as refusal:
        sentence = _DISTRUSTED.get(refusal.code, _BROKEN)
        raise ClientError(Exit.REFUSED, refusal.code, sentence) from None
    read = -1 if kept.pin is None else kept.pin.sequence
    own = kept.device
    for data in statements[read + 1 :]:
        made = Signed.decode(data).statement
        if made.signer == own and made.hash not in kept.made:
            raise _copied()
        if read >= 0 and made.hash not in kept.made:
            account.context.say(_NEWS[made.type].format(device=b64encode(made.device)))
    if kept.pin != chain.pin or kept.statements != statements:
        kept.pin, kept.statements = chain.pin, statements
        account.save()
    if own is not None and chain.key_of(own) is None and chain.key_ever_of(own) is not None:
        raise ClientError(
            Exit.REFUSED,
            "device_revoked",
            "This device was removed from the account. `ephemeral account logout --forget` "
            "destroys what is kept here.",
        )
    return chain


def _read_listed(account: Account, value: Json) -> Listed:
    device, name, key = read_id(value), None, account.kept.names_key
    if key is not None and value.get("name") is not None:
        try:
            name = open_device_name(key, device, b64decode(value["name"]))
        except Refusal:
            # Sealed before a recovery that had no pins, or nonsense.
            name = None
    return Listed(device, name, read_integer(value, "seen_day"))


def _check_own_sealing(account: Account, sealing: Json) -> None:
    known = max((one.number for one in account.kept.sealing), default=0)
    if read_integer(sealing, "number") > known:
        raise _copied()


def _copied() -> ClientError:
    return ClientError(
        Exit.REFUSED,
        "device_copied",
        "This device was copied: something was done in its name that was not done here. Remove it "
        "on another device (`ephemeral account revoke`), and link this one anew.",
    )


_BROKEN = "The server shows a list of devices that breaks its own rules. It is not believed."
_DISTRUSTED = {
    "chain_back": (
        "The server went back: it shows an older list of devices than before, as after the "
        "restoring of a backup. It is not believed."
    ),
    "chain_fork": (
        "The server shows another list of devices than the one that was read here before. It is "
        "not believed. Look at the account on another device, or recover it with its ten words."
    ),
}
_NEWS = {
    StatementType.GENESIS: "The account has begun anew with the device {device}.",
    StatementType.ADD: "A device was added: {device}. If that wasn't you, remove it.",
    StatementType.REMOVE: "A device was removed: {device}.",
    StatementType.RECOVER: "The account was recovered with its ten words, by {device}.",
    StatementType.CLOSE: "The account was closed.",
}
