"""Commands about the sessions of an account: sessions, password, logout, and proofs for curl."""

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import (
    NEW_PASSWORD,
    account_here,
    asked_key,
    config_with_accounts,
    new_key,
)
from ephemeral.client.accounts.identity_commands import oidc_of, shown_identity
from ephemeral.client.context import Context
from ephemeral.client.durations import day
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import Json, read_boolean, read_id, read_integer, read_list

__all__ = ["logout", "password", "proof", "sessions"]


async def sessions(context: Context) -> Exit:
    """List the sessions of the account, or end one."""
    async with account_here(context) as account:
        found = await _listed(account)
        here = account.session.sid
        if context.args.end is not None:
            chosen = _chosen(found, context.args.end)
            await account.ask("DELETE", f"/auth/sessions/{chosen}")
            if chosen == here:
                account.kept.session = None
                account.save()
            if context.wants_json:
                await context.put_json({"ended": chosen})
            context.reassure("The session is ended.")
            return Exit.OK
    for one in found:
        await _tell_session(context, one, here)
    return Exit.OK


async def _listed(account: Account) -> list[Json]:
    found: list[Json] = []
    for one in read_list(await account.ask("GET", "/auth/sessions"), "sessions"):
        if not isinstance(one, dict):
            raise Refusal("malformed")
        found.append(one)
    return found


def _chosen(found: list[Json], typed: str) -> str:
    """The session of which this is the id, or its beginning."""
    ids = [b64encode(read_id(one, "sid")) for one in found]
    fitting = [one for one in ids if one.startswith(typed)]
    if len(fitting) == 1 and typed:
        return fitting[0]
    none = "There is no such session" if not fitting else "Several sessions begin so"
    raise usage(f"{none}: `ephemeral account sessions` lists them with their ids.")


async def _tell_session(context: Context, one: Json, here: str) -> None:
    sid = b64encode(read_id(one, "sid"))
    device = None if one.get("device") is None else b64encode(read_id(one, "device"))
    created, seen = (day(read_integer(one, name)) for name in ("created_day", "seen_day"))
    present = read_boolean(one, "present")
    if context.wants_json:
        told = {"sid": sid, "device": device, "created": created, "seen": seen}
        await context.put_json({**told, "present": present, "here": sid == here})
        return
    whose = "no device" if device is None else f"device {device}"
    mark = " (this one)" if sid == here else ""
    await context.put(f"{sid} {whose}, since {created}, seen {seen}{mark}")


async def password(context: Context) -> Exit:
    """Change the password; sessions without a device end."""
    oidc = oidc_of(await config_with_accounts(context)) if context.args.identity else None
    async with account_here(context) as account:
        kept = account.kept
        if oidc is None:
            old = await asked_key(context, kept.salt, kept.address)
            new = await new_key(context, NEW_PASSWORD, kept.salt, kept.address)
            await account.ask("POST", "/auth/password", {"auth_key": new, "old_auth_key": old})
        else:
            new = await new_key(context, NEW_PASSWORD, kept.salt, kept.address)
            shown = await shown_identity(account, oidc, anew=True)
            await account.ask("POST", "/auth/oidc/password", {**shown, "auth_key": new})
    if context.wants_json:
        await context.put_json({"changed": True})
    context.reassure("The password is changed. Sessions without a device are ended.")
    return Exit.OK


async def logout(context: Context) -> Exit:
    """End the session. `--forget`: nothing of the account is kept here any more."""
    async with account_here(context) as account:
        if account.kept.session is not None:
            try:
                await account.ask("POST", "/auth/logout", {})
            except (Refusal, ClientError) as error:
                if error.code not in {"session_ended", "device_revoked", "unauthorized"}:
                    raise
            account.kept.session = None
            account.save()
        if context.args.forget:
            account.remove()
    if context.wants_json:
        await context.put_json({"signed_out": True, "forgotten": context.args.forget})
    context.reassure(
        "Signed out; nothing of the account is kept here."
        if context.args.forget
        else "Signed out. This machine is still a device of the account: `login` is enough."
    )
    return Exit.OK


async def proof(context: Context) -> Exit:
    """Print the headers by which curl speaks for this device, good for a minute."""
    method, path = context.args.method.upper(), context.args.path
    if not path.startswith("/"):
        raise usage("A path begins with a slash, such as /devices.")
    async with account_here(context) as account:
        if account.session.until <= account.now:
            await account.refresh()
        token = account.session.access_token
        headers = {"Authorization": f"Bearer {token}"}
        headers |= account.proof_header(method, path, token)
    if context.wants_json:
        await context.put_json(headers)
    else:
        for name, value in headers.items():
            await context.put(f"{name}: {value}")
    return Exit.OK
