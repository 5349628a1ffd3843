"""The services of devices, made together: they stand on those of signing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.accounts.service.account_record import AccountRecords
from ephemeral.accounts.service.contacts import Contacts
from ephemeral.accounts.service.deletion import Deletion
from ephemeral.accounts.service.devices import Devices
from ephemeral.accounts.service.due import Due
from ephemeral.accounts.service.histories import Histories
from ephemeral.accounts.service.links import Links
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.pendings import Pendings
from ephemeral.accounts.service.pins import Pins
from ephemeral.accounts.service.proofs import Proofs
from ephemeral.accounts.service.recovery import Recovery
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sealing_keys import SealingKeys
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.shares import Shares
from ephemeral.accounts.service.statements import Statements
from ephemeral.accounts.service.watches import Watches
from ephemeral.sealing.seals import Random

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["DeviceServices"]


@dataclass(frozen=True, slots=True)
class DeviceServices:
    """All of them. `due.sweep` is to be called again and again."""

    watches: Watches
    devices: Devices
    links: Links
    sealing_keys: SealingKeys
    shares: Shares
    pins: Pins
    histories: Histories
    recovery: Recovery
    records: AccountRecords
    due: Due

    @classmethod
    def of(
        cls,
        pool: Pool,
        watches: Watches,
        values: SealedValues,
        sessions: Sessions,
        passwords: Passwords,
        proofs: Proofs,
        pendings: Pendings,
        statements: Statements,
        deletion: Deletion,
        contacts: Contacts,
        index_key: bytes,
        random: Random,
        storage_bytes: int = 0,
    ) -> DeviceServices:
        """On these, which deletion stands on as well. `storage_bytes`: 0 doesn't limit history."""
        links = Links(pool, watches, values, index_key)
        pins = Pins(pool, statements, values)
        return cls(
            watches=watches,
            devices=Devices(pool, watches, statements, values, sessions, links, pendings, contacts),
            links=links,
            sealing_keys=SealingKeys(watches, statements, values),
            shares=Shares(pool, values, random),
            pins=pins,
            histories=Histories(pool, watches, values, storage_bytes),
            recovery=Recovery(
                pool, watches, statements, values, sessions, passwords, proofs, pins, index_key
            ),
            records=AccountRecords(pool),
            due=Due(pool, watches, statements, values, sessions, deletion, contacts),
        )
