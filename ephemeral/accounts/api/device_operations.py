"""The table of devices: one statement for each operation (docs/accounts.md)."""

from ephemeral.accounts.api.actions import AccountActions
from ephemeral.accounts.api.callers import AccountCallers
from ephemeral.accounts.api.device_handlers import DeviceHandlers
from ephemeral.accounts.api.link_watch import LinkWatch
from ephemeral.edge.operations import Operation

__all__ = ["device_operations"]


def device_operations(
    handlers: DeviceHandlers, watch: LinkWatch, callers: AccountCallers, actions: AccountActions
) -> tuple[Operation, ...]:
    """The operations, with who performs them, who may ask for them, and what they count as."""
    del handlers, watch, callers, actions
    return ()
