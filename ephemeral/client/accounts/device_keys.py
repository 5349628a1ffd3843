"""The keys of this device that change: its sealing keys, daily; and its pins: weekly, daily where
there are conversations, and whenever there are others.

A private sealing key is destroyed 48 hours after its successor was published, once a list of
devices has been read since then.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.kept import Kept, SealingSecret
from ephemeral.client.accounts.kept_people import pin_fields
from ephemeral.client.exits import ClientError
from ephemeral.protocol.accounts.hpke import PrivateKey
from ephemeral.protocol.accounts.pins import Pins, seal_pins
from ephemeral.protocol.accounts.sealing_keys import SealingKey, sign_sealing
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import KEY_SIZE

__all__ = ["daily", "first_sealing", "registers", "sealing_object"]

DAY_MILLISECONDS = 86_400_000
_KEPT_MILLISECONDS = 2 * DAY_MILLISECONDS
_PINS_DAYS = 7
# With all that may stand beside them, a file holds so many.
_PINNED_CONTACTS = 100
_PEOPLE_BYTES = 4_000


def first_sealing(random: Callable[[int], bytes], now: int) -> SealingSecret:
    """The first sealing key of a device."""
    return SealingSecret(1, now // DAY_MILLISECONDS, random(KEY_SIZE))


def sealing_object(kept: Kept, chain: bytes, secret: SealingSecret) -> dict[str, object]:
    """A sealing key as the server is told of it, signed by this device."""
    key, device = kept.key, kept.device
    assert key is not None
    assert device is not None
    public = SealingKey(secret.number, secret.day, PrivateKey(secret.seed).public)
    return {
        "number": secret.number,
        "day": secret.day,
        "key": b64encode(public.public),
        "signature": b64encode(sign_sealing(key, chain, device, public)),
    }


def registers(kept: Kept) -> dict[str, object]:
    """What all devices of an account have in common."""
    names_key, recovery_seal = kept.names_key, kept.recovery_seal
    assert names_key is not None
    shared: dict[str, object] = {"names_key": b64encode(names_key)}
    if recovery_seal is not None:
        shared["recovery_seal"] = b64encode(recovery_seal)
    if kept.conversations:
        shared["conversations"] = dict(kept.conversations)
    return shared | kept.people.registers(_PEOPLE_BYTES)


async def daily(account: Account) -> None:
    """Do what is due. It is tried again by the next command, so nothing here fails one."""
    kept = account.kept
    if kept.pin is None or kept.names_key is None:
        return
    with suppress(Refusal, ClientError):
        await _renew_sealing(account, kept.pin.chain)
        await _write_pins(account)


async def _renew_sealing(account: Account, chain: bytes) -> None:
    kept, today = account.kept, account.now // DAY_MILLISECONDS
    lasting = [
        one
        for one in kept.sealing
        if not one.replaced_at
        or account.now - one.replaced_at < _KEPT_MILLISECONDS
        # What was sealed to it is opened first, by whoever has conversations.
        or (kept.storage is not None and kept.synced_at <= one.replaced_at)
    ]
    if lasting != kept.sealing:
        kept.sealing = lasting
        account.save()
    newest = max(kept.sealing, key=lambda one: one.number)
    if newest.published_at and (newest.day < today or account.sealing_lost):
        newest = SealingSecret(newest.number + 1, today, account.context.random(KEY_SIZE))
        kept.sealing.append(newest)
        account.save()
    if newest.published_at:
        return
    await account.ask("PUT", "/devices/me/sealing-key", sealing_object(kept, chain, newest))
    newest.published_at = account.now
    account.sealing_lost = False
    for one in kept.sealing:
        if one is not newest and not one.replaced_at:
            one.replaced_at = account.now
    account.save()


async def _write_pins(account: Account) -> None:
    kept, today = account.kept, account.now // DAY_MILLISECONDS
    every = 1 if kept.conversations else _PINS_DAYS
    known = hashlib.sha256("".join(sorted(kept.conversations)).encode()).digest()
    changed = bool(kept.conversations) and kept.pinned != known
    if kept.recovery_seal is None or (today - kept.pins_day < every and not changed):
        return
    assert kept.pin is not None
    assert kept.key is not None
    people = [pin_fields(one.pin) for one in kept.people.persons if one.pin is not None]
    pins = Pins(kept.pin, tuple(people[:_PINNED_CONTACTS]), registers(kept))
    sealed, signature = seal_pins(kept.key, kept.recovery_seal, pins)
    body = {"pins": b64encode(sealed), "signature": b64encode(signature)}
    await account.ask("PUT", "/devices/me/pins", body)
    kept.pins_day, kept.pinned = today, known
    account.save()
