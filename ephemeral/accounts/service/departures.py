"""What is destroyed when an account is deleted, before its row goes.

Rows of its devices go by their foreign keys; what they kept sealed is destroyed here. The chains'
statements stay for others who have seen them, bound to no account, 30 days at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.rows import chain_rows, device_rows, link_rows, pending_rows, pin_rows
from ephemeral.accounts.service.sealed_values import SealedValues

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["forget"]


async def forget(connection: Connection, values: SealedValues, account: bytes) -> None:
    """Destroy what an account's devices kept, and unbind its chains; its row is locked."""
    devices = [one.device for one in await device_rows.devices(connection, account)]
    payloads = [
        *await device_rows.payloads(connection, account, devices),
        *await pin_rows.of_account(connection, account),
        *await link_rows.forget_all(connection, account),
        *await pending_rows.forget(connection, account),
    ]
    await values.destroy(connection, payloads)
    await chain_rows.close(connection, account)
