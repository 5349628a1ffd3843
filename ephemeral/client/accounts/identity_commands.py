"""Signing in by another service (OpenID Connect), in a browser of this machine."""

from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.choosing import account_here, asked_key, config_with_accounts
from ephemeral.client.accounts.identity_return import returning
from ephemeral.client.context import Context
from ephemeral.client.durations import day
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.protocol.config import Config, Oidc
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import read_boolean, read_id, read_integer, read_list, read_text

__all__ = ["identities", "oidc_of", "shown_identity"]

# The server's nonce is good for so long.
_SECONDS = 600.0


class _Linked(NamedTuple):
    id: str
    day: int


def oidc_of(config: Config) -> Oidc:
    """The other service; refuses where the server believes none."""
    if config.accounts is None or config.accounts.oidc is None:
        raise ClientError(
            Exit.REFUSED, "not_found", "This server takes no sign-in by another service."
        )
    return config.accounts.oidc


async def shown_identity(account: Account, oidc: Oidc, *, anew: bool = False) -> dict[str, str]:
    """What a request shows of whoever signs in there now. `anew`: also if they are signed in."""
    context = account.context
    state = b64encode(context.random(16))
    async with returning(state) as expected:
        begun = await account.ask_with("POST", "/auth/oidc/nonce", body={})
        if "sign_in_address" not in begun:
            raise ClientError(
                Exit.NETWORK, "identity_away", "The server can't reach the other service now."
            )
        asked = {
            "client_id": oidc.client_id,
            "redirect_uri": expected.address,
            "response_type": "id_token",
            "response_mode": "fragment",
            "scope": "openid",
            "nonce": read_text(begun, "nonce"),
            "state": state,
        }
        if anew:
            asked["max_age"] = "0"
        address = _with_query(read_text(begun, "sign_in_address"), asked)
        if context.wants_json:
            await context.put_json({"open": address})
        else:
            context.say("Open this address in a browser on this machine, and sign in there:")
            await context.put(address)
        token = await expected.token(_SECONDS)
    return {"id_token": token, "binding": read_text(begun, "binding")}


def _with_query(address: str, asked: dict[str, str]) -> str:
    """The address with these parameters, beside its own."""
    parts = urlsplit(address)
    # It is shown in a terminal, and opened.
    if parts.scheme not in {"http", "https"} or not address.isascii() or not address.isprintable():
        raise Refusal("malformed")
    own = [pair for pair in parse_qsl(parts.query) if pair[0] not in asked]
    return parts._replace(query=urlencode([*own, *asked.items()]), fragment="").geturl()


async def identities(context: Context) -> Exit:
    """List what opens the account beside its password; link another, or unlink one."""
    args = context.args
    if args.link and args.unlink is not None:
        raise usage("Either --link or --unlink.")
    oidc = oidc_of(await config_with_accounts(context))
    async with account_here(context) as account:
        kept = account.kept
        if args.link:
            shown = await shown_identity(account, oidc)
            auth_key = await asked_key(context, kept.salt, kept.address)
            await account.ask("POST", "/auth/identities", {**shown, "auth_key": auth_key})
        elif args.unlink is not None:
            chosen = _chosen(await _listed(account), args.unlink)
            auth_key = await asked_key(context, kept.salt, kept.address)
            await account.ask("DELETE", f"/auth/identities/{chosen}", {"auth_key": auth_key})
        linked = await _listed(account)
    for one in linked:
        if context.wants_json:
            told = {"id": one.id, "issuer": oidc.issuer, "linked": day(one.day)}
            await context.put_json(told)
        else:
            await context.put(f"{one.id} {oidc.issuer}, linked {day(one.day)}")
    if not linked and not context.wants_json:
        context.reassure("No identity of another service opens this account.")
    return Exit.OK


async def _listed(account: Account) -> list[_Linked]:
    answer = await account.ask("GET", "/auth/identities")
    if not read_boolean(answer, "password"):
        account.context.say(
            "This account has no password yet, and some commands ask for one: choose it by "
            "`ephemeral account password --identity`."
        )
    found = []
    for one in read_list(answer, "identities"):
        if not isinstance(one, dict):
            raise Refusal("malformed")
        found.append(_Linked(b64encode(read_id(one)), read_integer(one, "linked_day")))
    return found


def _chosen(linked: list[_Linked], typed: str) -> str:
    """The identity of which this is the id, or its beginning."""
    found = [one.id for one in linked if one.id.startswith(typed)]
    if len(found) == 1 and typed:
        return found[0]
    none = "There is no such identity" if not found else "Several identities begin so"
    raise usage(f"{none}: `ephemeral account identities` lists them with their ids.")
