"""Addresses of objects of a running server, made as it makes them itself: of its index key."""

import time

from support.machines.server import Program

from app import key_source
from ephemeral.sealing.fingerprints import object_address_key, objects_name
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.settings import Settings
from ephemeral.store.objects.addresses import Addresses
from ephemeral.store.objects.deployed import own_prefix

__all__ = ["Minted"]


class Minted:
    """`own`: under which all objects of this server stand."""

    def __init__(self, program: Program, seconds: int = 900) -> None:
        settings = Settings.parse(program.environment)
        directory = KeyringDirectory(settings.keyring_dir)
        index_key = directory.read(None, key_source(settings))
        self.own = own_prefix(objects_name(index_key))
        self.addresses = Addresses(object_address_key(index_key), seconds, time.time)
