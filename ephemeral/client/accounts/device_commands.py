"""Commands about devices: devices, rename, revoke, refuse, record."""

from collections.abc import Callable

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import account_here, asked_key
from ephemeral.client.accounts.device_keys import DAY_MILLISECONDS, daily
from ephemeral.client.accounts.own_chain import Listed, Own, read_own
from ephemeral.client.context import Context
from ephemeral.client.conversations.engine import opened
from ephemeral.client.conversations.following import FOLLOWING
from ephemeral.client.durations import day, local_time
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.client.record_lines import record_lines
from ephemeral.client.safe_text import neutralise_line
from ephemeral.protocol.accounts.chain import Chain, remove
from ephemeral.protocol.accounts.device_names import seal_device_name
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.names import is_name
from ephemeral.protocol.record import read_record

__all__ = ["devices", "post_statement", "record", "refuse_waiting", "rename", "revoke"]

# What is long unseen is proposed for removal; that it is unseen is the server's word.
_UNSEEN_DAYS = 90
# Of two devices that write at once one has to read on and try again.
_ATTEMPTS = 5
_OVERTAKEN = {"conflict", "chain_sequence", "chain_previous"}


def own_key(account: Account) -> SigningKey:
    """The key of this device; whoever has none is told what to do."""
    key = account.kept.key
    if key is None or not account.session.device:
        raise ClientError(
            Exit.REFUSED,
            "device_required",
            "This machine is no device of the account yet: `ephemeral account link` makes it one.",
        )
    return key


async def post_statement(
    account: Account,
    make: Callable[[Chain], Signed],
    path: str,
    body: Callable[[Chain, Signed], dict[str, object]],
) -> Chain:
    """Have the server take a statement; if another came before it, one that follows on that.

    Its hash is on the disk before it is posted: so a later command knows it for its own.
    """
    kept, attempt = account.kept, 1
    while True:
        chain = (await read_own(account)).chain
        signed = make(chain)
        after = chain.extend(signed)
        kept.made.append(signed.statement.hash)
        account.save()
        try:
            await account.ask("POST", path, body(after, signed))
        except Refusal as refusal:
            if refusal.code not in _OVERTAKEN or attempt == _ATTEMPTS:
                raise
            attempt += 1
            if signed.statement.hash in (await read_own(account)).chain.hashes:
                return after
        else:
            kept.pin = after.pin
            account.save()
            return after


def chosen_device(own: Own, text: str) -> Listed:
    """The device that is meant by an id, by the beginning of one, or by a name."""
    found = [one for one in own.listed if one.name == text]
    found = found or [one for one in own.listed if b64encode(one.id).startswith(text)]
    if len(found) == 1 and text:
        return found[0]
    none = "There is no such device" if not found else "Several devices are called so"
    raise usage(f"{none}: `ephemeral account devices` lists them with their ids.")


async def devices(context: Context) -> Exit:
    """List the devices of the account, by its chain."""
    async with account_here(context) as account:
        own_key(account)
        own = await read_own(account)
        await daily(account)
        now, me = account.now, account.kept.device
    if context.wants_json:
        for one, known in zip(own.listed, own.chain.devices, strict=True):
            await context.put_json(
                {
                    "id": b64encode(one.id),
                    "name": one.name,
                    "seen": day(one.seen_day),
                    "since": known.since,
                    "here": one.id == me,
                }
            )
        return Exit.OK
    for one in own.listed:
        name = "‹a name that can't be read here›" if one.name is None else neutralise_line(one.name)
        marks = " (this one)" if one.id == me else ""
        if now // DAY_MILLISECONDS - one.seen_day > _UNSEEN_DAYS and one.id != me:
            marks += " (long unseen, the server says: remove it if it is lost)"
        await context.put(f"{b64encode(one.id)} {name}, seen {day(one.seen_day)}{marks}")
    if own.waiting is not None:
        due = local_time(own.waiting.due, "%Y-%m-%d %H:%M")
        what = {"close": "The deletion of the account", "genesis": "A new beginning"}
        context.say(
            f"{what.get(own.waiting.kind, 'Something')} waits, until {due}. If that isn't you: "
            "`ephemeral account refuse`, and change the password."
        )
    return Exit.OK


async def rename(context: Context) -> Exit:
    """Give a device another name, which the account's devices see."""
    if not is_name(context.args.name):
        raise Refusal("device_name", "A name has 1 to 64 bytes of what can be seen.")
    async with account_here(context) as account:
        own_key(account)
        own = await read_own(account)
        device, names_key = account.kept.device, account.kept.names_key
        if context.args.device is not None:
            device = chosen_device(own, context.args.device).id
        assert device is not None
        if names_key is None:
            raise ClientError(
                Exit.REFUSED,
                "names_unknown",
                "The names of this account's devices can't be read here: link this device anew.",
            )
        sealed = seal_device_name(names_key, device, context.args.name, context.random)
        await account.ask("PATCH", f"/devices/{b64encode(device)}", {"name": b64encode(sealed)})
    if context.wants_json:
        await context.put_json({"id": b64encode(device), "name": context.args.name})
    context.reassure("The device has its new name.")
    return Exit.OK


async def revoke(context: Context) -> Exit:
    """Remove a device: its sessions end, and the server forgets all it held of it."""
    async with account_here(context) as account:
        key = own_key(account)
        device = chosen_device(await read_own(account), context.args.device).id
        auth_key = await asked_key(context, account.kept.salt, account.kept.address)
        after = await post_statement(
            account,
            lambda chain: remove(chain, key, device),
            f"/devices/{b64encode(device)}/revoke",
            lambda _, signed: {"statement": b64encode(signed.encode()), "auth_key": auth_key},
        )
        left = 0
        if device == account.kept.device:
            account.remove()
        elif account.kept.storage is not None:
            left = await _shut_out(account)
    if context.wants_json:
        told = {"removed": b64encode(device), "sequence": after.sequence}
        await context.put_json(told | ({"open": left} if left else {}))
    context.reassure("The device is removed. Its sessions have ended.")
    if left:
        context.say(
            f"{left} of your conversations still have a key that it knows; whoever says something "
            "there gives it a new one first."
        )
    return Exit.OK


async def _shut_out(account: Account) -> int:
    """Give conversations another key, which the removed device doesn't get; how many are left."""
    with opened(account) as talk:
        try:
            await talk.sync()
            return await talk.renew()
        except (Refusal, ClientError):
            # The device is removed all the same, and nobody sends under the old key.
            return sum(one.state == FOLLOWING for one in talk.known())


async def refuse_waiting(context: Context) -> Exit:
    """Refuse the deletion of the account, or a new beginning, that waits."""
    async with account_here(context) as account:
        own_key(account)
        await account.ask("DELETE", "/devices/pending")
    if context.wants_json:
        await context.put_json({"refused": True})
    context.reassure("It is refused. If you didn't ask for it, change the password.")
    return Exit.OK


async def record(context: Context) -> Exit:
    """Show everything that the server says it holds about the account."""
    async with account_here(context) as account:
        answer = await account.ask("GET", "/account/record")
    if context.wants_json:
        await context.put_json(answer)
    else:
        await context.put("\n".join(record_lines(read_record(answer))))
    return Exit.OK
