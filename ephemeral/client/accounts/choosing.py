"""Which account a command is about, and its secrets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.account_file import accounts_folder, kept_accounts, opened
from ephemeral.client.accounts.kept import Kept
from ephemeral.client.accounts.prompts import Secret, asked_secret, new_secret
from ephemeral.client.context import DEFAULT_SERVER, SERVER_VARIABLE, Context
from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.client.transport import Server
from ephemeral.protocol.accounts.addresses import read_address
from ephemeral.protocol.accounts.passwords import auth_key, derive_master, normalized
from ephemeral.protocol.accounts.proofs import audience
from ephemeral.protocol.config import Config
from ephemeral.protocol.encoding import b64encode

__all__ = [
    "ADDRESS_VARIABLE",
    "NEW_PASSWORD",
    "PASSWORD",
    "account_here",
    "asked_key",
    "config_with_accounts",
    "key_of",
    "new_account_here",
    "new_key",
    "server_of",
]

ADDRESS_VARIABLE = "EPHEMERAL_ADDRESS"
PASSWORD = Secret("password-fd", "EPHEMERAL_PASSWORD", "password")
NEW_PASSWORD = Secret("new-password-fd", "EPHEMERAL_NEW_PASSWORD", "new password")


def server_of(context: Context) -> str:
    """The server's address: as said, else that of the only account here, else this machine's."""
    said = context.args.server or context.environment.get(SERVER_VARIABLE)
    if not said:
        servers = {one for one, _ in kept_accounts(accounts_folder(context.environment))}
        said = servers.pop() if len(servers) == 1 else DEFAULT_SERVER
    return context.way(said)[0]


@asynccontextmanager
async def account_here(context: Context) -> AsyncIterator[Account]:
    """The account that is kept here: the one that was named, else the only one of the server."""
    address = server_of(context)
    folder = accounts_folder(context.environment)
    named = context.args.address or context.environment.get(ADDRESS_VARIABLE)
    if named:
        chosen = read_address(named)
    else:
        here = [one for server, one in kept_accounts(folder) if server == address]
        if not here:
            raise _nothing_here(address)
        if len(here) > 1:
            raise usage(f"Several accounts are kept here: say --address {' or '.join(here)}.")
        chosen = here[0]
    async with (
        _reached(context, address) as server,
        opened(folder, address, chosen, context.random, keyring=False) as file,
    ):
        kept = file.load()
        if kept is None:
            raise _nothing_here(address)
        yield Account(context, server, file, kept)


def _nothing_here(server: str) -> ClientError:
    return ClientError(
        Exit.REFUSED,
        "session_ended",
        f"No account of {server} is kept here. Sign in by `ephemeral account login ADDRESS`.",
    )


@asynccontextmanager
async def new_account_here(context: Context, chosen: str, config: Config) -> AsyncIterator[Account]:
    """The account with this address, kept here from now on if it wasn't before."""
    address = server_of(context)
    folder = accounts_folder(context.environment)
    async with (
        _reached(context, address) as server,
        opened(folder, address, chosen, context.random, keyring=context.args.keyring) as file,
    ):
        kept = file.load() or Kept(address, chosen, config.salt)
        if kept.salt != config.salt:
            raise ClientError(
                Exit.REFUSED,
                "config_salt",
                "The server's salt has changed, which never happens to a server. It isn't the one "
                "that this account is at, so nothing is told to it.",
            )
        yield Account(context, server, file, kept)


@asynccontextmanager
async def _reached(context: Context, address: str) -> AsyncIterator[Server]:
    way = context.way(address)
    patience = context.args.timeout
    async with Server(
        way[0], patience=patience, authorities=context.args.cafile, proxy=way[1]
    ) as server:
        yield server


async def config_with_accounts(context: Context) -> Config:
    """What the server says of itself, if it has accounts."""
    async with _reached(context, server_of(context)) as server:
        config = await server.config()
    if config.accounts is None:
        raise ClientError(Exit.REFUSED, "not_found", "This server has no accounts.")
    if config.accounts.audience != audience(config.salt):
        raise ClientError(
            Exit.REFUSED, "config_accounts", "This server is not what it says. Don't use it."
        )
    return config


# --- passwords ------------------------------------------------------------------------------------


async def asked_key(context: Context, salt: bytes, address: str) -> str:
    """The auth key of the password that is asked for."""
    password = await asked_secret(context, PASSWORD, f"Password of {address} (not shown): ")
    return await key_of(password, salt, address)


async def new_key(context: Context, secret: Secret, salt: bytes, address: str) -> str:
    """The auth key of a new password."""
    prompt = f"New password of {address} (at least 10 characters, not shown): "
    return await key_of(await new_secret(context, secret, prompt, normalized), salt, address)


async def key_of(password: str, salt: bytes, address: str) -> str:
    """What the server is shown instead of a password; the slow derivation runs beside the loop."""
    master = await asyncio.to_thread(derive_master, password, salt, address)
    return b64encode(auth_key(master))
