"""The keyed hashes are HMAC-SHA-256 as the schema says, and kept apart by their labels."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ephemeral.rooms.rules import credentials

INDEX_KEY = bytes(range(32))
LOCATOR = bytes(range(32, 64))
MESSAGE = bytes(range(64, 80))


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """RFC 2104 by hand, so that nothing of the code under test is used."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).digest()


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_each_hash_is_hmac_sha_256_over_its_label_and_the_value(key: bytes, value: bytes) -> None:
    assert credentials.room_hash(key, value) == hmac_sha256(
        key, b"ephemeral/v1/server/room\0" + value
    )
    assert credentials.token_hash(key, value) == hmac_sha256(
        key, b"ephemeral/v1/server/member\0" + value
    )
    assert credentials.resume_hash(key, value) == hmac_sha256(
        key, b"ephemeral/v1/server/resume\0" + value
    )
    assert credentials.tombstone_hash(key, value, value[:16]) == hmac_sha256(
        key, b"ephemeral/v1/server/tombstone\0" + value + value[:16]
    )


def test_hashes_written_by_earlier_versions_are_found_again() -> None:
    assert (
        credentials.room_hash(INDEX_KEY, LOCATOR).hex()
        == "b64a31e47c748cc822d34fea8cd8c3bb332a03ddbd2473187d46e3c903d99d85"
    )
    assert (
        credentials.token_hash(INDEX_KEY, LOCATOR).hex()
        == "d3009350158125474850dec505f10299a740f4fc6a49566392ede2b87ea49974"
    )
    assert (
        credentials.resume_hash(INDEX_KEY, LOCATOR).hex()
        == "27cdeae7a372ca583fa9c203a5b1e083e82a9668299d2daa6dfd2281c3b2d727"
    )
    assert (
        credentials.tombstone_hash(INDEX_KEY, LOCATOR, MESSAGE).hex()
        == "f6fb45cb098bde059ef7f9585a6d760a11752ff708ffd1498b839842067dab21"
    )


def test_the_same_bytes_have_another_hash_in_each_use() -> None:
    hashes = {
        credentials.room_hash(INDEX_KEY, LOCATOR),
        credentials.token_hash(INDEX_KEY, LOCATOR),
        credentials.resume_hash(INDEX_KEY, LOCATOR),
    }
    assert len(hashes) == 3


def test_another_index_key_gives_another_hash() -> None:
    assert credentials.room_hash(bytes(32), LOCATOR) != credentials.room_hash(INDEX_KEY, LOCATOR)


def test_a_tombstone_depends_on_the_room_and_on_the_message() -> None:
    tombstone = credentials.tombstone_hash(INDEX_KEY, LOCATOR, MESSAGE)
    assert tombstone != credentials.tombstone_hash(INDEX_KEY, bytes(32), MESSAGE)
    assert tombstone != credentials.tombstone_hash(INDEX_KEY, LOCATOR, bytes(16))


@pytest.mark.parametrize("length", [0, 15, 16, 31, 33, 64])
def test_values_of_another_length_are_no_credentials(length: int) -> None:
    for hashed in (credentials.room_hash, credentials.token_hash, credentials.resume_hash):
        with pytest.raises(ValueError, match="must be 32 bytes"):
            hashed(INDEX_KEY, bytes(length))
        with pytest.raises(ValueError, match="must be 32 bytes"):
            hashed(bytes(length), LOCATOR)
    with pytest.raises(ValueError, match="must be 32 bytes"):
        credentials.tombstone_hash(INDEX_KEY, bytes(length), MESSAGE)
    with pytest.raises(ValueError, match="must be 32 bytes"):
        credentials.tombstone_hash(bytes(length), LOCATOR, MESSAGE)


def test_bytes_cannot_move_from_the_room_to_the_message() -> None:
    with pytest.raises(ValueError, match="the room must be 32 bytes"):
        credentials.tombstone_hash(INDEX_KEY, LOCATOR[:31], LOCATOR[31:] + MESSAGE)
    with pytest.raises(ValueError, match="the message id must be 16 bytes"):
        credentials.tombstone_hash(INDEX_KEY, LOCATOR, MESSAGE + b"\0")
