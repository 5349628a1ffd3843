"""What pushes need, made together where a deployment sends them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from ephemeral.accounts.rules.push_endpoints import key_seed
from ephemeral.accounts.service.push_delivery import Delivery, Names
from ephemeral.accounts.service.push_sending import PushSender
from ephemeral.accounts.service.pushes import Pushes
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.protocol.accounts.push_messages import point, private_key
from ephemeral.protocol.encoding import b64encode
from ephemeral.sealing.seals import Random

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Pushing"]


@dataclass(frozen=True, slots=True)
class Pushing:
    """All of it. `public_key`: what browsers are shown when they subscribe."""

    public_key: str
    pushes: Pushes
    sender: PushSender
    names: Names

    @classmethod
    def of(
        cls,
        pool: Pool,
        values: SealedValues,
        sessions: Sessions,
        index_key: bytes,
        random: Random,
        fault: Callable[[BaseException], None],
        contact: str | None,
        own: str | None,
        tls: ssl.SSLContext | None = None,
    ) -> Pushing:
        """On these. `own`: a push service besides those of the internet; `tls`: which certificates
        are believed, those that all programs believe unless it says otherwise."""
        key, names = private_key(key_seed(index_key)), Names()
        delivery = Delivery(key, contact, tls or httpx.create_ssl_context(), names.look_up)
        pushes = Pushes(pool, values, sessions, delivery, own, random)
        return cls(b64encode(point(key)), pushes, PushSender(pool, pushes, fault), names)

    def close(self) -> None:
        """Look up no names any more."""
        self.names.close()
