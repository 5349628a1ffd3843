"""Linking: `link` on the new device, `accept` on an old one (docs/accounts.md, 8)."""

import asyncio
import hashlib

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import account_here, asked_key
from ephemeral.client.accounts.device_commands import own_key, post_statement
from ephemeral.client.accounts.device_keys import first_sealing, registers
from ephemeral.client.accounts.first_device import device_name, finish_device
from ephemeral.client.accounts.kept import Linking
from ephemeral.client.accounts.kept_history import DAY_MS, Awaited, Promise, read_since
from ephemeral.client.accounts.own_chain import read_own
from ephemeral.client.accounts.prompts import asked_words, terminal_columns
from ephemeral.client.accounts.sign_in_commands import WORDS, told_state
from ephemeral.client.accounts.terminal_qr import qr_lines
from ephemeral.client.context import Context
from ephemeral.client.durations import local_time
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.protocol.accounts.chain import add
from ephemeral.protocol.accounts.hpke import PUBLIC_SIZE, PrivateKey
from ephemeral.protocol.accounts.linking import (
    Answer,
    LinkKeys,
    LinkRequest,
    check_request,
    link_keys,
    link_root,
    link_text,
    open_answer,
    open_request,
    read_link_code,
    seal_answer,
    seal_request,
)
from ephemeral.protocol.accounts.sealing_keys import SealingKey, sign_sealing
from ephemeral.protocol.accounts.statements import consent
from ephemeral.protocol.codes import new_code
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import KEY_SIZE, WAIT_SECONDS_MAX
from ephemeral.protocol.objects import Json, read_bytes, read_integer, read_object

__all__ = ["accept", "link"]

_ANOTHERS = (
    "The other device told of a recovery key that isn't the account's, so this one was not set up. "
    "Look at the list of devices there: one of them may be somebody else's."
)

# --- the new device -------------------------------------------------------------------------------


async def link(context: Context) -> Exit:
    """Show words, and wait until another device has taken them."""
    async with account_here(context) as account:
        if account.session.device:
            raise usage("This machine is a device of the account already.")
        me = await account.ask("GET", "/auth/me")
        if me.get("chain") is None:
            raise usage("The account has no device yet: `ephemeral account login` makes this one.")
        chain = read_bytes(me, "chain", KEY_SIZE)
        answer = await _answer_of_before(account)
        if answer is None:
            await _deposit(account, chain)
            answer = await _awaited(account)
        await _linked(account, chain, answer)
        return await told_state(account)


async def _answer_of_before(account: Account) -> Answer | None:
    """What came for a command that didn't live to see it."""
    linking = account.kept.linking
    if linking is None or not account.now < linking.expires_at:
        return None
    try:
        return _opened(account, await _asked(account, 0))
    except Refusal as refusal:
        if refusal.code != "link_unknown":
            raise
        return None


async def _deposit(account: Account, chain: bytes) -> None:
    """Make the device's keys, deposit the request, and only then show the words."""
    kept, context = account.kept, account.context
    kept.forget_device()
    kept.seed = context.random(KEY_SIZE)
    kept.sealing = [first_sealing(context.random, account.now)]
    code = new_code(context.random)
    root = await asyncio.to_thread(link_root, code, kept.salt)
    keys = link_keys(root)
    request = _request(account, chain)
    assert kept.account is not None
    sealed = seal_request(keys, kept.account, request, context.random)
    # Before it is posted: who is killed now finds the answer all the same.
    kept.linking = Linking(root, account.now)
    account.save()
    body = {"locator": b64encode(keys.locator), "request": b64encode(sealed)}
    answer = await account.ask("POST", "/devices/links", body)
    kept.linking.expires_at = read_integer(answer, "expires_at")
    account.save()
    await _show(account, code, kept.linking.expires_at)


def _request(account: Account, chain: bytes) -> LinkRequest:
    kept = account.kept
    key, device, first = kept.key, kept.device, kept.sealing[0]
    assert key is not None
    assert device is not None
    sealing = SealingKey(first.number, first.day, PrivateKey(first.seed).public)
    return LinkRequest(
        device=device,
        key=key.public,
        consent=consent(key, chain),
        sealing=sealing,
        signature=sign_sealing(key, chain, device, sealing),
        name=device_name(account.context),
    )


async def _show(account: Account, code: str, expires_at: int) -> None:
    context = account.context
    text = link_text(f"{account.kept.server}/account/", code)
    if context.wants_json:
        await context.put_json({"code": code, "link": text, "expires_at": expires_at})
        return
    columns = terminal_columns(context.output.descriptor)
    if columns:
        await context.put("\n".join(qr_lines(text, columns)))
    await context.put(code)
    context.reassure(
        "On a device of the account: Devices, Link a device; there scan this or type the words "
        f"(or `ephemeral account accept`). Until {local_time(expires_at, '%H:%M')}."
    )


async def _asked(account: Account, wait: int) -> Json:
    linking = account.kept.linking
    assert linking is not None
    locator = b64encode(link_keys(linking.root).locator)
    return await account.ask(
        "GET", "/devices/links", headers={"Ephemeral-Link": locator}, wait=wait
    )


async def _awaited(account: Account) -> Answer:
    linking = account.kept.linking
    assert linking is not None
    while account.now < linking.expires_at:
        try:
            answer = _opened(account, await _asked(account, WAIT_SECONDS_MAX))
        except Refusal as refusal:
            if refusal.code != "link_unknown":
                raise
            break
        if answer is not None:
            return answer
    account.kept.forget_device()
    account.save()
    raise ClientError(
        Exit.NOTHING, "link_expired", "Nobody took the words in ten minutes. They are void now."
    )


def _opened(account: Account, answer: Json) -> Answer | None:
    kept = account.kept
    if answer.get("answer") is None:
        return None
    assert kept.linking is not None
    assert kept.account is not None
    keys = link_keys(kept.linking.root)
    return open_answer(keys, kept.account, read_bytes(answer, "answer"))


async def _linked(account: Account, chain: bytes, answer: Answer) -> None:
    """Believe what the old device has told, and that the server shows nothing else."""
    kept = account.kept
    if answer.pin.chain != chain:
        raise Refusal("chain_id")
    kept.pin = answer.pin
    kept.names_key = read_bytes(answer.registers, "names_key", KEY_SIZE)
    recovery_seal = read_bytes(answer.registers, "recovery_seal", PUBLIC_SIZE)
    await account.refresh()
    own = await read_own(account)
    # Whatever is sealed to it is open to whoever has its other half.
    if hashlib.sha256(recovery_seal).digest() != own.chain.recovery_seal:
        raise Refusal("linking_form", _ANOTHERS)
    kept.recovery_seal = recovery_seal
    if "conversations" in answer.registers:
        # From where this device follows them: R by the conversation's id.
        kept.conversations = read_object(answer.registers, "conversations")
    kept.people.adopt(answer.registers)
    if read_since(answer.registers) is not None:
        kept.history = Awaited(account.now + DAY_MS)
    kept.linking = None
    kept.sealing[0].published_at = account.now
    await finish_device(account)


# --- an old device --------------------------------------------------------------------------------


async def accept(context: Context) -> Exit:
    """Take the words of a new device, show what will be added, and add it."""
    async with account_here(context) as account:
        key, kept = own_key(account), account.kept
        code = await asked_words(
            context, WORDS, "The seven words on the new device (not shown): ", read_link_code
        )
        keys = link_keys(await asyncio.to_thread(link_root, code, kept.salt))
        request = await _requested(account, keys)
        if not context.wants_json:
            context.say(
                f"‹{request.name}› will be a device of {kept.address}, and read whatever the others"
                f" read. Its id is {b64encode(request.device)}."
            )
        auth_key = await asked_key(context, kept.salt, kept.address)
        given = registers(kept) | _promised(account, request.device)
        after = await post_statement(
            account,
            lambda chain: add(chain, key, request.key, request.consent),
            "/devices",
            lambda chain, signed: {
                "statement": b64encode(signed.encode()),
                "auth_key": auth_key,
                "sealing": {
                    "number": request.sealing.number,
                    "day": request.sealing.day,
                    "key": b64encode(request.sealing.public),
                    "signature": b64encode(request.signature),
                },
                "locator": b64encode(keys.locator),
                "answer": b64encode(
                    seal_answer(
                        keys,
                        kept.account or b"",
                        Answer(chain.pin, None, given),
                        context.random,
                    )
                ),
            },
        )
    if context.wants_json:
        added = {"id": b64encode(request.device), "name": request.name}
        await context.put_json({"added": added, "sequence": after.sequence})
    context.reassure("The device is added. It finishes by itself.")
    return Exit.OK


def _promised(account: Account, device: bytes) -> dict[str, object]:
    """What the new device is told of the history that it is to have; that is written down first."""
    days = account.context.args.history
    if days is None:
        return {}
    since = 0 if days == 0 else max(0, account.now - days * DAY_MS)
    account.kept.histories[device] = Promise(since, account.now)
    account.save()
    return {"history": since}


async def _requested(account: Account, keys: LinkKeys) -> LinkRequest:
    """What the new device asks for, which is what it says it is."""
    locator = {"Ephemeral-Link": b64encode(keys.locator)}
    try:
        answer = await account.ask("GET", "/devices/links", headers=locator)
    except Refusal as refusal:
        if refusal.code not in {"link_unknown", "not_found"}:
            raise
        raise ClientError(
            Exit.REFUSED,
            "link_unknown",
            "No device of this account waits with these words: they are ten minutes old, were "
            "taken already, or a word is another one.",
        ) from None
    assert account.kept.account is not None
    request = open_request(keys, account.kept.account, b64decode(answer.get("request")))
    check_request(request, (await read_own(account)).chain)
    return request
