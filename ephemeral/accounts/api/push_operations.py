"""The table of pushes, which is there where `PUSH` isn't off: one statement for each operation."""

from ephemeral.accounts.api import push_bodies as bodies
from ephemeral.accounts.api.actions import AccountActions
from ephemeral.accounts.api.callers import AccountCallers, Asker
from ephemeral.accounts.api.sign_in_operations import PROVEN
from ephemeral.accounts.service.pushes import Pushes, Subscription
from ephemeral.edge.operations import NOTHING, Operation

__all__ = ["push_operations"]

_PATH = "/devices/me/push"


class _PushHandlers:
    """Calls the service, and answers."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    async def put(self, asker: Asker, subscription: Subscription) -> bytes:
        """Tell the device by pushes."""
        await self._pushes.put(asker.session, subscription)
        return NOTHING

    async def remove(self, asker: Asker, _body: None) -> bytes:
        """Tell it no more."""
        await self._pushes.remove(asker.session)
        return NOTHING

    async def test(self, asker: Asker, _body: None) -> bytes:
        """Send it one now."""
        return bodies.tested(await self._pushes.test(asker.session))


def push_operations(
    pushes: Pushes, callers: AccountCallers, actions: AccountActions
) -> tuple[Operation, ...]:
    """The operations, with who performs them, who may ask for them, and what they count as."""
    handlers = _PushHandlers(pushes)
    return (
        Operation(
            method="PUT",
            path=_PATH,
            name="putPush",
            summary="Be told by the browser's push service that something is new; again changes "
            "nothing",
            handler=handlers.put,
            caller=callers.proven,
            body=bodies.PushBody,
            answers={204: None},
            refusals=(*PROVEN, "push_endpoint"),
            action=actions.request,
        ),
        Operation(
            method="DELETE",
            path=_PATH,
            name="removePush",
            summary="Be told nothing by a push service any more",
            handler=handlers.remove,
            caller=callers.proven,
            answers={204: None},
            refusals=PROVEN,
            action=actions.request,
        ),
        Operation(
            method="POST",
            path=f"{_PATH}/test",
            name="testPush",
            summary="Have a push sent now, and see what the push service says to it",
            handler=handlers.test,
            caller=callers.proven,
            answers={200: bodies.PushTestAnswer},
            refusals=(*PROVEN, "not_found"),
            action=actions.push_test,
        ),
    )
