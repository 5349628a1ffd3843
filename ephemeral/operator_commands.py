"""Who may sign in at `/admin/`, as it is said on the command line; a server may run."""

import argparse
import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ephemeral.commands import until_done
from ephemeral.settings import Settings

if TYPE_CHECKING:
    from ephemeral.operators.service.operators import Operators

__all__ = ["add", "list_all", "remove"]


def add(arguments: argparse.Namespace, settings: Settings) -> int:
    async def work(operators: "Operators") -> None:
        ticket = await operators.add(arguments.name, again=arguments.again)
        path = f"{settings.base_path}/admin/enrol"
        print(
            f"For {arguments.name}: open {path} of this deployment within a day, and give this "
            f"ticket there. It can be used once.\n\n    {ticket}\n"
        )

    return _done(work, settings)


def list_all(_arguments: argparse.Namespace, settings: Settings) -> int:
    async def work(operators: "Operators") -> None:
        rows, now = await operators.listed()
        if not rows:
            print("There are no operators: `ephemeral operator add NAME` adds one.")
        for one in rows:
            print(f"{one.name}: {one.state(now)}")

    return _done(work, settings)


def remove(arguments: argparse.Namespace, settings: Settings) -> int:
    async def work(operators: "Operators") -> None:
        await operators.remove(arguments.name)
        print("Removed; their sessions have ended.")

    return _done(work, settings)


def _done(work: Callable[["Operators"], Awaitable[None]], settings: Settings) -> int:
    async def whole() -> int:
        from app import key_source, migrated_pool  # noqa: PLC0415
        from ephemeral.operators.service.operators import Operators  # noqa: PLC0415
        from ephemeral.protocol.errors import Refusal  # noqa: PLC0415
        from ephemeral.sealing.keyring import Keyring  # noqa: PLC0415
        from ephemeral.sealing.keyring_files import KeyringDirectory  # noqa: PLC0415
        from ephemeral.sealing.vault import Vault  # noqa: PLC0415
        from ephemeral.store.postgres import StoreUnavailable, connection  # noqa: PLC0415

        random = secrets.token_bytes
        async with migrated_pool(settings, join_running=True) as pool:
            async with connection(pool) as one:
                directory = KeyringDirectory(settings.keyring_dir)
                keyring = await Keyring.open(one, directory, key_source(settings), random)
            try:
                await work(Operators(pool, Vault(keyring, random), random))
            except StoreUnavailable:
                raise
            except Refusal as refusal:
                print(refusal.message, file=sys.stderr)
                return 1
        return 0

    return until_done(whole(), settings)
