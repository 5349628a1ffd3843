"""Commands about the account: register, login, start-over, whoami, key, delete."""

from collections.abc import Mapping

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import (
    PASSWORD,
    account_here,
    asked_key,
    config_with_accounts,
    key_of,
    new_account_here,
)
from ephemeral.client.accounts.device_keys import daily
from ephemeral.client.accounts.first_device import (
    can_confirm,
    derived_keys,
    forget_refused,
    make_first_device,
)
from ephemeral.client.accounts.identity_commands import oidc_of, shown_identity
from ephemeral.client.accounts.own_chain import read_own, read_waiting
from ephemeral.client.accounts.prompts import Secret, asked_words, new_secret, shown_answer
from ephemeral.client.context import Context
from ephemeral.client.durations import day, local_time
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.protocol.accounts.addresses import new_address, read_address
from ephemeral.protocol.accounts.chain import close
from ephemeral.protocol.accounts.passwords import normalized
from ephemeral.protocol.accounts.recovery import read_recovery_words
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import read_boolean, read_integer

__all__ = [
    "WORDS",
    "delete",
    "key",
    "login",
    "register",
    "sign_in",
    "start_over",
    "told_state",
    "whoami",
]

WORDS = Secret("words-fd", "EPHEMERAL_WORDS", "words")
INVITATION = Secret("invitation-fd", "EPHEMERAL_INVITATION", "invitation")
# Of a name a hundred thousand addresses can be drawn.
_DRAWS = 8


async def register(context: Context) -> Exit:
    """Make an account with this machine as its first device."""
    can_confirm(context)
    new_address(context.args.given, context.random)
    config = await config_with_accounts(context)
    invitation = INVITATION.given(context)
    assert config.accounts is not None
    if config.accounts.invited and invitation is None:
        raise usage(
            "This server wants an invitation: give it by --invitation-fd, or in "
            f"{INVITATION.variable}."
        )
    chosen = "New password (at least 10 characters, not shown): "
    secret = await new_secret(context, PASSWORD, chosen, normalized)
    for _ in range(_DRAWS):
        address = new_address(context.args.given, context.random)
        async with new_account_here(context, address, config) as account:
            auth_key = await key_of(secret, config.salt, address)
            if not await _registered(account, auth_key, invitation):
                account.remove()
                continue
            if not context.wants_json:
                await context.put(address)
            await make_first_device(account)
            return await told_state(account)
    raise Refusal("address_taken")


async def _registered(account: Account, auth_key: str, invitation: str | None) -> bool:
    """False if somebody else has the address."""
    account.save()
    body = {"address": account.kept.address, "auth_key": auth_key}
    invited = {} if invitation is None else {"invitation": invitation}
    try:
        account.take_tokens(
            await account.ask_with("POST", "/auth/register", body={**body, **invited})
        )
    except Refusal as refusal:
        if refusal.code != "address_taken":
            account.remove()
            raise
    else:
        return True
    try:
        # An answer that was lost: then the address is this very account's.
        account.take_tokens(await account.ask_with("POST", "/auth/login", body=body))
    except Refusal as refusal:
        if refusal.code != "login_wrong":
            raise
        return False
    return True


async def login(context: Context) -> Exit:
    """Sign in; without a chain this becomes the first device."""
    address = read_address(context.args.given)
    config = await config_with_accounts(context)
    if context.args.identity:
        oidc = oidc_of(config)
        async with new_account_here(context, address, config) as account:
            await open_session(account, "/auth/oidc", await shown_identity(account, oidc))
            return await _go_on(account)
    auth_key = await asked_key(context, config.salt, address)
    async with new_account_here(context, address, config) as account:
        await sign_in(account, auth_key)
        return await _go_on(account)


async def sign_in(account: Account, auth_key: str) -> None:
    """A new session by the password, this device's if it is still one."""
    body = {"address": account.kept.address, "auth_key": auth_key}
    await open_session(account, "/auth/login", body)


async def open_session(account: Account, path: str, body: Mapping[str, object]) -> None:
    """A new session by what `body` shows, this device's if it is still one."""
    kept = account.kept
    device = kept.device
    if device is not None:
        try:
            account.take_tokens(
                await account.ask_with(
                    "POST",
                    path,
                    lambda: account.proof_header("POST", path, ""),
                    {**body, "device": b64encode(device)},
                )
            )
        except Refusal as refusal:
            if refusal.code != "device_revoked":
                raise
            if kept.pin is not None:
                account.context.say(
                    "This machine was removed from the account's devices. What it kept of them is "
                    "destroyed; it can be linked anew."
                )
            kept.forget_device()
            account.remove_conversations()
        else:
            return
    account.take_tokens(await account.ask_with("POST", path, body=body))


async def _go_on(account: Account) -> Exit:
    """What is to be done after signing in, by what the account has."""
    kept = account.kept
    await forget_refused(account)
    if not account.session.device:
        me = await account.ask("GET", "/auth/me")
        if kept.genesis is not None or me.get("chain") is None:
            can_confirm(account.context)
            await make_first_device(account)
    elif kept.genesis is not None:
        await make_first_device(account)
    return await told_state(account)


async def start_over(context: Context) -> Exit:
    """Begin a new list of devices, where all devices and the ten words are lost."""
    can_confirm(context)
    async with account_here(context) as account:
        if account.session.device:
            raise usage("This machine is a device of the account: there is no need to begin anew.")
        await forget_refused(account)
        due = await make_first_device(account)
        if due is not None:
            context.say(
                "The account has devices, which may refuse this for three days. Then sign in here "
                "again."
            )
        return await told_state(account)


async def whoami(context: Context) -> Exit:
    """Say which account this is, and how it stands."""
    async with account_here(context) as account:
        await forget_refused(account)
        if account.kept.genesis is not None:
            await make_first_device(account)
        return await told_state(account)


async def told_state(account: Account) -> Exit:
    """Tell the account, its device, and what waits."""
    kept, context = account.kept, account.context
    if account.session.device:
        await read_own(account)
        await daily(account)
    me = await account.ask("GET", "/auth/me")
    waiting = read_waiting(me)
    reused_at = None
    if me.get("token_reused_at") is not None:
        reused_at = read_integer(me, "token_reused_at")
    suspended = None
    if me.get("suspended_day") is not None:
        suspended = day(read_integer(me, "suspended_day"))
    device = b64encode(kept.device) if kept.device and account.session.device else None
    if context.wants_json:
        await context.put_json(
            {
                "address": kept.address,
                "account": None if kept.account is None else b64encode(kept.account),
                "device": device,
                "chain": me.get("chain"),
                "sequence": me.get("sequence"),
                "created": day(read_integer(me, "created_day")),
                "pending": None if waiting is None else {"kind": waiting.kind, "due": waiting.due},
                "token_reused_at": reused_at,
                "suspended": suspended,
            }
        )
        return Exit.OK
    await context.put(f"Address  {kept.address}")
    await context.put(f"Server   {kept.server}")
    await context.put(f"Device   {device or 'none yet: `ephemeral account link` makes this one'}")
    if waiting is not None:
        await context.put(
            f"Waits    {_WAITING.get(waiting.kind, waiting.kind)}, until "
            f"{local_time(waiting.due, '%Y-%m-%d %H:%M')}"
        )
    if suspended is not None:
        await context.put(
            f"Beware   the account is suspended since {suspended}, by those who run the server. It "
            "can be deleted: `ephemeral account delete`"
        )
    if reused_at is not None:
        moment = local_time(reused_at, "on %Y-%m-%d at %H:%M")
        await context.put(
            f"Beware   what renews a session was used twice, {moment}, as by somebody who has "
            "copied it; that session was ended. This is told until the password is changed"
        )
    return Exit.OK


_WAITING = {
    "close": "the deletion of the account (`ephemeral account refuse` refuses it)",
    "genesis": "a new beginning by another device (`ephemeral account refuse` refuses it)",
}


async def key(context: Context) -> Exit:
    """Print the auth key of an address and a password, for curl."""
    address = read_address(context.args.given)
    config = await config_with_accounts(context)
    auth_key = await asked_key(context, config.salt, address)
    if context.wants_json:
        await context.put_json({"address": address, "auth_key": auth_key})
    else:
        await context.put(auth_key)
    return Exit.OK


async def delete(context: Context) -> Exit:
    """Delete the account: at once with the ten words or without devices, else in three days."""
    async with account_here(context) as account:
        kept = account.kept
        if not context.args.yes:
            typed = await shown_answer(
                f"Type {kept.address} to delete it for good: ", "Say --yes to delete the account."
            )
            if typed != kept.address:
                raise usage("Nothing was deleted.")
        auth_key = await asked_key(context, kept.salt, kept.address)
        body: dict[str, object] = {"auth_key": auth_key}
        if account.session.device:
            signer = kept.key
            assert signer is not None
            if context.args.with_words:
                prompt = "The ten words (not shown): "
                words = await asked_words(context, WORDS, prompt, read_recovery_words)
                signer = (await derived_keys(words, kept.salt)).signing
            chain = (await read_own(account)).chain
            if context.args.with_words and signer.public != chain.recovery:
                raise ClientError(
                    Exit.REFUSED, "words_wrong", "These are not the ten words of this account."
                )
            signed = close(chain, signer)
            kept.made.append(signed.statement.hash)
            account.save()
            body["statement"] = b64encode(signed.encode())
        answer = await account.ask("DELETE", "/auth/me", body)
        deleted = read_boolean(answer, "deleted")
        due = None if deleted else read_integer(answer, "due")
        if deleted:
            account.remove()
    if context.wants_json:
        await context.put_json({"deleted": deleted} | ({} if due is None else {"due": due}))
    elif due is not None:
        context.say(
            f"The account will be deleted {local_time(due, 'on %Y-%m-%d at %H:%M')}. Until then "
            "every device can refuse it, by `ephemeral account refuse`."
        )
    context.reassure("The account is deleted." if deleted else "It still works until then.")
    return Exit.OK
