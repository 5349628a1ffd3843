"""`recover`: the ten words, a new password, and this machine as the only device."""

import hashlib
from contextlib import suppress
from copy import copy

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import (
    NEW_PASSWORD,
    config_with_accounts,
    key_of,
    new_account_here,
)
from ephemeral.client.accounts.device_keys import first_sealing, sealing_object
from ephemeral.client.accounts.first_device import (
    can_confirm,
    confirmed_words,
    derived_keys,
    finish_device,
)
from ephemeral.client.accounts.prompts import asked_words, new_secret
from ephemeral.client.accounts.sign_in_commands import WORDS, sign_in, told_state
from ephemeral.client.context import Context
from ephemeral.client.exits import ClientError, Exit
from ephemeral.protocol.accounts.addresses import read_address
from ephemeral.protocol.accounts.chain import Chain, read_chain
from ephemeral.protocol.accounts.chain import recover as recovered
from ephemeral.protocol.accounts.passwords import normalized
from ephemeral.protocol.accounts.pins import Pins, open_pins
from ephemeral.protocol.accounts.proofs import audience
from ephemeral.protocol.accounts.recovery import RecoveryKeys, read_recovery_words
from ephemeral.protocol.accounts.statements import consent
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE
from ephemeral.protocol.objects import Json, read_bytes, read_id, read_list, read_object

__all__ = ["recover"]

_BEGIN = "/auth/recover/begin"
# A thief may have left pins with twenty devices, two megabytes: that stops nobody on a slow line.
_PATIENCE = 60.0


async def recover(context: Context) -> Exit:
    """Take the account back: every other device, session and waiting deletion ends."""
    address = read_address(context.args.given)
    if context.args.new_words:
        can_confirm(context)
    config = await config_with_accounts(context)
    prompt = "The ten words (not shown): "
    words = await asked_words(context, WORDS, prompt, read_recovery_words)
    chosen = f"New password of {address} (at least 10 characters, not shown): "
    secret = await new_secret(context, NEW_PASSWORD, chosen, normalized)
    async with new_account_here(context, address, config) as account:
        keys = await derived_keys(words, config.salt)
        auth_key = await key_of(secret, config.salt, address)
        found = await _begun(account, keys)
        chain = read_chain([b64decode(one) for one in read_list(found, "chain")])
        if chain.recovery != keys.signing.public:
            raise ClientError(Exit.REFUSED, "chain_recovery", "The server answers for other words.")
        account.kept.account = read_bytes(found, "account", ID_SIZE)
        if chain.hashes and account.kept.made and chain.head == account.kept.made[-1]:
            # It was done by a command that didn't live to see it.
            await sign_in(account, auth_key)
        else:
            following = keys
            if context.args.new_words:
                following = await derived_keys(await confirmed_words(account), config.salt)
            await _recover(account, chain, keys, following, auth_key, found)
        await finish_device(account)
        return await told_state(account)


async def _begun(account: Account, keys: RecoveryKeys) -> Json:
    """The chain and the pins, for whoever has the ten words' key."""
    address = account.kept.address

    def body() -> dict[str, object]:
        signed = "\0".join((audience(account.kept.salt), "POST", account.path(_BEGIN), ""))
        hashed = hashlib.sha256(address.encode()).digest()
        time = account.now
        return {
            "address": address,
            "recovery_key": b64encode(keys.signing.public),
            "time": time,
            "signature": b64encode(
                keys.signing.sign("proof", signed.encode() + hashed + time.to_bytes(8, "big"))
            ),
        }

    try:
        return await account.ask_with("POST", _BEGIN, body=body, seconds=_PATIENCE)
    except Refusal as refusal:
        if refusal.code != "not_found":
            raise
        raise ClientError(
            Exit.REFUSED,
            "not_found",
            "No account has this address and these ten words. Look at both again.",
        ) from None


async def _recover(
    account: Account,
    chain: Chain,
    keys: RecoveryKeys,
    following: RecoveryKeys,
    auth_key: str,
    found: Json,
) -> None:
    kept, context = account.kept, account.context
    before = copy(kept)
    kept.forget_device()
    kept.session = None
    kept.seed = context.random(KEY_SIZE)
    names_key, pinned = _pinned(keys, chain, found)
    kept.names_key = names_key or context.random(KEY_SIZE)
    kept.conversations = read_object(pinned, "conversations") if "conversations" in pinned else {}
    kept.people.adopt(pinned)
    kept.recovery_seal = following.seal_public
    kept.sealing = [first_sealing(context.random, account.now)]
    key = kept.key
    assert key is not None
    signed = recovered(
        chain,
        keys.signing,
        key.public,
        consent(key, chain.id),
        (following.signing.public, following.seal_hash),
    )
    after = chain.extend(signed)
    kept.made = [signed.statement.hash]
    account.save()
    body = {
        "address": kept.address,
        "statement": b64encode(signed.encode()),
        "auth_key": auth_key,
        "sealing": sealing_object(kept, chain.id, kept.sealing[0]),
    }
    try:
        answer = await account.ask_with("POST", "/auth/recover", body=body)
    except Refusal as refusal:
        if refusal.status < 500 and refusal.retry_after is None:
            # Nothing happened: what this machine was, it still is.
            account.kept = before
            account.save()
        raise
    kept.pin = after.pin
    kept.sealing[0].published_at = account.now
    account.take_tokens(answer)


def _pinned(keys: RecoveryKeys, chain: Chain, found: Json) -> tuple[bytes | None, Json]:
    """The key of names, of the oldest device's pins that can be read, and all registers in them.

    A thief's device may have written pins as well; the oldest is the one that the owner trusted
    first.
    """
    written: list[tuple[int, Pins]] = []
    order = [one.id for one in sorted((*chain.removed, *chain.devices), key=lambda one: one.since)]
    for one in read_list(found, "pins") if found.get("pins") is not None else []:
        if not isinstance(one, dict):
            continue
        with suppress(Refusal, ValueError):
            device = read_id(one, "device")
            sealed, signature = read_bytes(one, "pins"), read_bytes(one, "signature")
            pins = open_pins(keys.sealing, chain, device, sealed, signature)
            written.append((order.index(device), pins))
    for _, pins in sorted(written, key=lambda each: each[0]):
        with suppress(Refusal):
            names_key = read_bytes(pins.registers, "names_key", KEY_SIZE)
            return names_key, pins.registers
    return None, {}
