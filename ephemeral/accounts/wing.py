"""The wing of accounts: its services, opened on the ground, and what they add."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ephemeral.accounts.api.actions import AccountActions
from ephemeral.accounts.api.callers import AccountCallers
from ephemeral.accounts.api.config import accounts_config
from ephemeral.accounts.api.contact_handlers import ContactHandlers
from ephemeral.accounts.api.contact_operations import contact_operations
from ephemeral.accounts.api.cookies import Cookies
from ephemeral.accounts.api.device_handlers import DeviceHandlers
from ephemeral.accounts.api.device_operations import device_operations
from ephemeral.accounts.api.identity_handlers import IdentityHandlers
from ephemeral.accounts.api.identity_operations import identity_operations
from ephemeral.accounts.api.link_watch import LinkWatch
from ephemeral.accounts.api.push_operations import push_operations
from ephemeral.accounts.api.recovery_handlers import RecoveryHandlers
from ephemeral.accounts.api.sign_in_handlers import SignInHandlers, TokenAnswers
from ephemeral.accounts.api.sign_in_operations import sign_in_operations
from ephemeral.accounts.doors import Doors
from ephemeral.accounts.service.chain_cache import ChainCache
from ephemeral.accounts.service.contact_services import ContactServices
from ephemeral.accounts.service.counts import counts
from ephemeral.accounts.service.deletion import Deletion
from ephemeral.accounts.service.deployment import read_audience
from ephemeral.accounts.service.device_services import DeviceServices
from ephemeral.accounts.service.ended import EndedSessions
from ephemeral.accounts.service.hooks import Hooks
from ephemeral.accounts.service.identities import Identities
from ephemeral.accounts.service.logins import Logins
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.pendings import Pendings
from ephemeral.accounts.service.people import People
from ephemeral.accounts.service.profiles import Profiles
from ephemeral.accounts.service.proofs import Proofs
from ephemeral.accounts.service.registration import Registration
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.signing_keys import SigningKeys
from ephemeral.accounts.service.statements import Statements
from ephemeral.accounts.service.suspensions import Suspensions
from ephemeral.accounts.service.sweeper import Sweeper
from ephemeral.accounts.service.tokens import Tokens
from ephemeral.accounts.service.watches import Watches
from ephemeral.edge.wing import Figure, Ground, Wing

if TYPE_CHECKING:
    from ephemeral.accounts.service.id_tokens import IdTokens
    from ephemeral.accounts.service.pushing import Pushing
    from ephemeral.edge.operations import Operation
    from ephemeral.settings import Settings

__all__ = ["accounts_wing"]


@asynccontextmanager
async def accounts_wing(ground: Ground) -> AsyncIterator[tuple[Wing, Doors]]:
    """Open the accounts; rooms have made the deployment by then. Raises StartError.

    Gives with the wing what others may use of it.
    """
    settings, pool, random = ground.settings, ground.pool, ground.random
    index_key = ground.keyring.index_key
    audience = await read_audience(pool)
    values = SealedValues(ground.keyring, random)
    ended = EndedSessions(pool, ground.bus)
    ground.bus.subscribe(ended)
    proofs = Proofs(pool, audience)
    sessions = Sessions(pool, values, ended, proofs, random)
    await sessions.drop_dead()
    await ended.load()
    keys = SigningKeys(pool, values, random)
    await keys.renew()
    tokens = Tokens(keys, ended, audience, lambda: time.time_ns() // 1_000_000)
    hooks, watches = Hooks(), Watches(pool, ground.bus, index_key)
    suspensions = Suspensions(pool, ground.bus, watches)
    await suspensions.load()
    statements = Statements(values, ChainCache(), hooks)
    pendings = Pendings(statements)
    invited = settings.accounts == "invited"
    passwords = Passwords(pool, random)
    deletion = Deletion(watches, hooks, values, sessions, passwords, pendings)
    people = People(statements, values)
    pushing = _pushing(ground, values, sessions)
    contacts = ContactServices.of(
        pool, watches, hooks, people, values, sessions, index_key,
        told=None if pushing is None else pushing.sender.asked,
    )  # fmt: skip
    devices = DeviceServices.of(
        pool, watches, values, sessions, passwords, proofs, pendings, statements, deletion,
        contacts.contacts, index_key, random, settings.storage_bytes,
    )  # fmt: skip
    answers = TokenAnswers(tokens, Cookies(f"{settings.base_path}/auth"))
    registration = Registration(pool, passwords, sessions, index_key, random, invited=invited)
    handlers = SignInHandlers(
        registration,
        Logins(pool, passwords, sessions, proofs, index_key),
        sessions,
        Profiles(pool, pendings),
        deletion,
        keys,
        answers,
        settings.base_path,
    )
    callers = AccountCallers.of(tokens, proofs, suspensions)
    actions = AccountActions.of(settings)
    tokens_of_others = _tokens_of_others(settings)
    others: tuple[Operation, ...] = ()
    if tokens_of_others is not None:
        identities = Identities(
            pool, tokens_of_others, registration, passwords, sessions, proofs, index_key, random
        )
        others = identity_operations(
            IdentityHandlers(identities, answers, settings.base_path), callers, actions
        )

    async def figures() -> list[Figure]:
        found = await counts(pool)
        return [
            Figure("Accounts", found.accounts),
            Figure("Devices of accounts", found.devices),
            Figure("Sessions of accounts", found.sessions),
        ]

    doors = Doors(
        callers=callers,
        actions=actions,
        people=people,
        contacts=contacts.contacts,
        requests=contacts.requests,
        values=values,
        watches=watches,
        hooks=hooks,
        ended=ended,
        suspensions=suspensions,
    )
    sweeper = Sweeper(pool, sessions, ended, suspensions, keys, devices.due, ground.fault)
    try:
        wing = Wing(
            operations=(
                *sign_in_operations(handlers, callers, actions),
                *device_operations(
                    DeviceHandlers(devices, passwords),
                    RecoveryHandlers(devices.recovery, answers, settings.base_path),
                    LinkWatch(devices.links, watches),
                    callers,
                    actions,
                ),
                *contact_operations(ContactHandlers(contacts), callers, actions),
                *others,
                *(() if pushing is None else push_operations(pushing.pushes, callers, actions)),
            ),
            background={"accounts": sweeper.run}
            | ({} if pushing is None else {"pushes": pushing.sender.run}),
            config=accounts_config(
                "invited" if invited else "open",
                audience,
                settings.oidc_issuer,
                settings.oidc_client_id,
                None if pushing is None else pushing.public_key,
            ),
            figures=figures,
        )
        yield wing, doors
    finally:
        passwords.close()
        if pushing is not None:
            pushing.close()


def _tokens_of_others(settings: Settings) -> IdTokens | None:
    """Who reads ID tokens of the issuer that this deployment names, if it names one."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    # With its client of HTTP, which takes a while to load.
    from ephemeral.accounts.service.id_tokens import IdTokens  # noqa: PLC0415
    from ephemeral.accounts.service.issuer import Issuer  # noqa: PLC0415

    issuer = Issuer(settings.oidc_issuer, time.monotonic)
    return IdTokens(issuer, settings.oidc_client_id, lambda: time.time_ns() // 1_000_000)


def _pushing(ground: Ground, values: SealedValues, sessions: Sessions) -> Pushing | None:
    """Who sends pushes, if this deployment does."""
    if ground.settings.push == "false":
        return None
    from ephemeral.accounts.service.pushing import Pushing  # noqa: PLC0415

    settings = ground.settings
    contact = settings.push_contact or settings.operator_url
    return Pushing.of(
        ground.pool, values, sessions, ground.keyring.index_key, ground.random, ground.fault,
        contact if contact and contact.startswith(("mailto:", "https:")) else None,
        settings.push_service,
    )  # fmt: skip
