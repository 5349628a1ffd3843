"""The first device of an account: ten words that are shown once, and GENESIS.

The words are shown before anything is posted: whoever doesn't get to write them down has lost
nothing, and whoever has an account with a device has seen them.
"""

import asyncio
import platform

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.device_keys import daily, first_sealing, sealing_object
from ephemeral.client.accounts.own_chain import read_own, read_waiting
from ephemeral.client.accounts.prompts import has_terminal, shown_answer
from ephemeral.client.context import Context
from ephemeral.client.exits import usage
from ephemeral.protocol.accounts.chain import Chain, genesis
from ephemeral.protocol.accounts.device_names import seal_device_name
from ephemeral.protocol.accounts.recovery import (
    RecoveryKeys,
    new_recovery_words,
    recovery_root,
)
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import KEY_SIZE
from ephemeral.protocol.names import is_name, tidy_name

__all__ = [
    "can_confirm",
    "confirmed_words",
    "derived_keys",
    "device_name",
    "finish_device",
    "forget_refused",
    "make_first_device",
]

_ASKED_BACK = 2
_WORDS_WRONG = "That isn't it. Look at what you wrote down."


def can_confirm(context: Context) -> None:
    """Refuse, before anything is done, a command that will have words to be confirmed by nobody."""
    if not (context.args.yes or context.wants_json or has_terminal()):
        raise usage(
            "There will be ten words to write down, and two of them are asked back: run this in a "
            "terminal, or say --yes."
        )


def device_name(context: Context) -> str:
    """What this device is called: as said, else as the machine."""
    for name in (getattr(context.args, "name", None), tidy_name(platform.node())[:64]):
        if name and is_name(name):
            return str(name)
    return "command line"


async def confirmed_words(account: Account) -> str:
    """Ten new words, shown, and two of them typed back by whoever wrote them down."""
    context = account.context
    words = new_recovery_words(context.random)
    if context.wants_json:
        await context.put_json({"address": account.kept.address, "recovery_words": words})
        return words
    context.say(
        "These ten words recover the account if you lose its devices or the password. Write them "
        "down now: they are kept nowhere, and nobody can tell them to you again."
    )
    await context.put(words)
    if not context.args.yes:
        each = words.split("-")
        for place in _places(context, len(each)):
            while True:
                typed = await shown_answer(f"Word {place + 1} of them: ", "Run this in a terminal.")
                if typed.strip().lower() == each[place]:
                    break
                context.say(_WORDS_WRONG)
    return words


def _places(context: Context, count: int) -> list[int]:
    places: set[int] = set()
    while len(places) < _ASKED_BACK:
        places.add(context.random(1)[0] % count)
    return sorted(places)


async def derived_keys(words: str, salt: bytes) -> RecoveryKeys:
    """The keys of ten words; the slow derivation runs beside the loop."""
    return RecoveryKeys.derived(await asyncio.to_thread(recovery_root, words, salt))


async def forget_refused(account: Account) -> None:
    """Drop a beginning that has waited and that a device has refused: it isn't asked for again."""
    kept = account.kept
    if kept.genesis is None or not kept.waits:
        return
    me = await account.ask("GET", "/auth/me")
    waiting = read_waiting(me)
    if waiting is not None and waiting.kind == "genesis":
        return
    if me.get("chain") != b64encode(
        Signed.decode(b64decode(kept.genesis["statement"])).statement.hash
    ):
        account.context.say("A device of the account has refused the new beginning.")
        kept.forget_device()
        account.save()


async def make_first_device(account: Account) -> int | None:
    """Make this the account's first device; when it will be, if it has to wait: ms since 1970."""
    kept, context = account.kept, account.context
    if kept.genesis is None:
        words = await confirmed_words(account)
        keys = await derived_keys(words, kept.salt)
        kept.forget_device()
        kept.seed, kept.names_key = context.random(KEY_SIZE), context.random(KEY_SIZE)
        kept.recovery_seal = keys.seal_public
        kept.sealing = [first_sealing(context.random, account.now)]
        key = kept.key
        assert key is not None
        signed = genesis(key, keys.signing.public, keys.seal_hash)
        kept.made = [signed.statement.hash]
        chain = Chain.empty().extend(signed)
        kept.genesis = {
            "statement": b64encode(signed.encode()),
            "sealing": sealing_object(kept, chain.id, kept.sealing[0]),
        }
        account.save()
    return await _post_genesis(account)


async def _post_genesis(account: Account) -> int | None:
    kept = account.kept
    assert kept.genesis is not None
    chain = Chain.empty().extend(Signed.decode(b64decode(kept.genesis["statement"])))
    try:
        answer = await account.ask("POST", "/devices", kept.genesis)
    except Refusal as refusal:
        if refusal.code not in {"conflict", "pending", "chain_type", "chain_device"}:
            raise
        # Its first answer was lost, or it still waits.
        answer = await account.ask("GET", "/auth/me")
        if answer.get("pending") is None and answer.get("chain") != b64encode(chain.id):
            kept.forget_device()
            account.save()
            raise
    waiting = read_waiting(answer)
    if waiting is not None and waiting.kind == "genesis":
        kept.waits = True
        account.save()
        return waiting.due
    kept.genesis, kept.waits, kept.pin = None, False, chain.pin
    kept.sealing[0].published_at = account.now
    await finish_device(account)
    return None


async def finish_device(account: Account, name: str | None = None) -> None:
    """What follows once the chain has this device: its token, its name, its pins."""
    kept, context = account.kept, account.context
    account.save()
    await account.refresh()
    await read_own(account)
    device = kept.device
    assert device is not None
    if kept.names_key is not None:
        chosen = name or device_name(context)
        sealed = seal_device_name(kept.names_key, device, chosen, context.random)
        await account.ask("PATCH", f"/devices/{b64encode(device)}", {"name": b64encode(sealed)})
    await daily(account)
