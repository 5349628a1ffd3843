"""Names and keys made from the index key: always the same, each under its own label."""

import hashlib
import hmac

import pytest

from ephemeral.sealing.fingerprints import (
    fingerprint,
    limits_key,
    object_address_key,
    objects_name,
    redis_name,
)

INDEX_KEY = bytes(range(32))


def test_a_fingerprint_is_a_labelled_part_of_sha_256() -> None:
    whole = hashlib.sha256(b"ephemeral/v1/server/fingerprint\0" + INDEX_KEY).digest()
    assert fingerprint(INDEX_KEY) == whole[:8]
    assert fingerprint(INDEX_KEY).hex() == "fb2bf1e2372bd36d"
    assert fingerprint(bytes(32)) != whole[:8]


def test_what_hosts_share_is_the_labelled_hmac_of_the_index_key() -> None:
    drawn = bytes(range(32, 64))
    labelled = b"ephemeral/v1/server/limits\0" + drawn
    assert limits_key(INDEX_KEY, drawn) == hmac.digest(INDEX_KEY, labelled, "sha256")
    named = hmac.digest(INDEX_KEY, b"ephemeral/v1/server/redis\0", "sha256")
    assert redis_name(INDEX_KEY) == named
    named = hmac.digest(INDEX_KEY, b"ephemeral/v1/server/objects\0", "sha256")
    assert objects_name(INDEX_KEY) == named[:16]
    secret = hmac.digest(INDEX_KEY, b"ephemeral/v1/server/object-address\0", "sha256")
    assert object_address_key(INDEX_KEY) == secret


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_keys_of_another_length_are_refused(length: int) -> None:
    for made in (fingerprint, redis_name, lambda key: limits_key(key, bytes(32))):
        with pytest.raises(ValueError, match="must be 32 bytes"):
            made(bytes(length))
