"""What each command of `ephemeral account` runs."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ephemeral.client.accounts import (
    device_commands,
    identity_commands,
    link_commands,
    recovery_command,
    session_commands,
    sign_in_commands,
)
from ephemeral.client.context import Context
from ephemeral.client.exits import Exit

__all__ = ["RUNS"]

RUNS: Mapping[str, Callable[[Context], Coroutine[Any, Any, Exit]]] = {
    "register": sign_in_commands.register,
    "login": sign_in_commands.login,
    "key": sign_in_commands.key,
    "whoami": sign_in_commands.whoami,
    "devices": device_commands.devices,
    "link": link_commands.link,
    "accept": link_commands.accept,
    "rename": device_commands.rename,
    "revoke": device_commands.revoke,
    "sessions": session_commands.sessions,
    "identities": identity_commands.identities,
    "password": session_commands.password,
    "recover": recovery_command.recover,
    "refuse": device_commands.refuse_waiting,
    "start-over": sign_in_commands.start_over,
    "record": device_commands.record,
    "proof": session_commands.proof,
    "logout": session_commands.logout,
    "delete": sign_in_commands.delete,
}
