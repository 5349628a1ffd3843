"""What is sealed or wrapped opens only with the right key, for the right purpose, unharmed."""

import hashlib
import hmac
import secrets
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from ephemeral.sealing.seals import (
    EpochKey,
    KeyFileMalformed,
    Kind,
    SealBroken,
    Sealed,
    check_key_file,
    decode_key_file,
    encode_key_file,
    open_sealed,
    seal,
    unwrap,
    wrap,
)

PAYLOAD = bytes(range(16))
OTHER_PAYLOAD = bytes(range(1, 17))
DATA_KEY = bytes(range(32, 64))
ENCRYPTION_KEY = bytes(range(64, 96))
OTHER_KEY = bytes(range(65, 97))
KINDS: list[Kind] = ["message", "profile", "resume"]

keys = st.binary(min_size=32, max_size=32)
ids = st.binary(min_size=16, max_size=16)
epochs = st.integers(1, 2**63 - 1)


def counting(length: int) -> bytes:
    """Bytes of a broken generator, for answers that are known."""
    return bytes(range(length))


def damaged(whole: bytes) -> list[bytes]:
    """Every truncation, an extension at each end, and a change of every byte."""
    truncated = [whole[:length] for length in range(len(whole))]
    changed = [
        whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        for place in range(len(whole))
    ]
    return [*truncated, *changed, whole + b"\0", b"\0" + whole]


def hkdf_sha256(secret: bytes, info: bytes) -> bytes:
    """RFC 5869 for 32 bytes, without salt."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


# Payloads


@given(ids, st.sampled_from(KINDS), st.binary(max_size=2000))
def test_a_sealed_payload_opens_to_what_was_sealed(
    payload: bytes, kind: Kind, plaintext: bytes
) -> None:
    sealed = seal(payload, kind, plaintext, secrets.token_bytes)
    assert len(sealed.body) == len(plaintext) + 29
    assert open_sealed(sealed.body, sealed.data_key, payload, kind) == plaintext


def test_a_body_is_what_the_format_says() -> None:
    sealed = seal(PAYLOAD, "profile", b"plaintext", counting)
    assert sealed.data_key == bytes(range(32))
    assert sealed.body[:13] == b"\x01" + bytes(range(32, 44))
    assert (
        AESGCM(sealed.data_key).decrypt(
            sealed.body[1:13],
            sealed.body[13:],
            b"ephemeral/v1/server/payload\0profile\0" + PAYLOAD,
        )
        == b"plaintext"
    )


def test_a_body_written_by_an_earlier_version_opens() -> None:
    body = bytes.fromhex(
        "01a0a1a2a3a4a5a6a7a8a9aaab0d59c558a1b3a0c6ce46ca9a473a1989be93da4f27a5542ea9b7e40b8ca362"
    )
    assert open_sealed(body, DATA_KEY, PAYLOAD, "message") == b"sealed long ago"


def test_sealing_twice_shares_neither_key_nor_nonce() -> None:
    first = seal(PAYLOAD, "message", b"same", secrets.token_bytes)
    second = seal(PAYLOAD, "message", b"same", secrets.token_bytes)
    assert first.data_key != second.data_key
    assert first.body[1:13] != second.body[1:13]


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_opens_as_no_other_kind(kind: Kind) -> None:
    sealed = seal(PAYLOAD, kind, b"secret", secrets.token_bytes)
    for other in set(KINDS) - {kind}:
        with pytest.raises(SealBroken):
            open_sealed(sealed.body, sealed.data_key, PAYLOAD, other)


def test_a_body_opens_in_no_other_row_and_with_no_other_key() -> None:
    sealed = seal(PAYLOAD, "message", b"secret", secrets.token_bytes)
    with pytest.raises(SealBroken):
        open_sealed(sealed.body, sealed.data_key, OTHER_PAYLOAD, "message")
    with pytest.raises(SealBroken):
        open_sealed(sealed.body, DATA_KEY, PAYLOAD, "message")


def test_a_damaged_body_never_opens() -> None:
    sealed = seal(PAYLOAD, "message", b"secret", secrets.token_bytes)
    for body in damaged(sealed.body):
        with pytest.raises(SealBroken):
            open_sealed(body, sealed.data_key, PAYLOAD, "message")


# Data keys


@given(epochs, keys, ids, keys)
def test_a_wrapped_data_key_unwraps_to_itself(
    epoch: int, epoch_key: bytes, payload: bytes, data_key: bytes
) -> None:
    key = EpochKey(epoch, epoch_key)
    wrapped = wrap(key, payload, data_key, secrets.token_bytes)
    assert len(wrapped) == 61
    assert data_key not in wrapped
    assert unwrap(key, payload, wrapped) == data_key


def test_a_wrapped_key_is_what_the_format_says() -> None:
    wrapped = wrap(EpochKey(258, ENCRYPTION_KEY), PAYLOAD, DATA_KEY, counting)
    assert wrapped[:13] == b"\x01" + bytes(range(12))
    context = b"ephemeral/v1/server/data-key\0" + bytes([0, 0, 0, 0, 0, 0, 1, 2]) + PAYLOAD
    assert AESGCM(ENCRYPTION_KEY).decrypt(wrapped[1:13], wrapped[13:], context) == DATA_KEY


def test_a_data_key_wrapped_by_an_earlier_version_unwraps() -> None:
    wrapped = bytes.fromhex(
        "01a0a1a2a3a4a5a6a7a8a9aaabf7ae241cc6ceba0a51466bd5a5911ed9df26c7f4d85ab31adae5d4"
        "a1d5ff40c7f8df5c08735cbb6f167d6a0b10a68161"
    )
    assert unwrap(EpochKey(7, ENCRYPTION_KEY), PAYLOAD, wrapped) == DATA_KEY


def test_a_wrapped_key_belongs_to_one_payload_one_epoch_and_one_key() -> None:
    wrapped = wrap(EpochKey(7, ENCRYPTION_KEY), PAYLOAD, DATA_KEY, secrets.token_bytes)
    for key, payload in (
        (EpochKey(7, ENCRYPTION_KEY), OTHER_PAYLOAD),
        (EpochKey(8, ENCRYPTION_KEY), PAYLOAD),
        (EpochKey(7, OTHER_KEY), PAYLOAD),
    ):
        with pytest.raises(SealBroken):
            unwrap(key, payload, wrapped)


def test_a_damaged_wrapped_key_never_unwraps() -> None:
    key = EpochKey(7, ENCRYPTION_KEY)
    for wrapped in damaged(wrap(key, PAYLOAD, DATA_KEY, secrets.token_bytes)):
        with pytest.raises(SealBroken):
            unwrap(key, PAYLOAD, wrapped)


def test_a_data_key_is_no_body_and_a_body_no_data_key() -> None:
    key = EpochKey(7, ENCRYPTION_KEY)
    wrapped = wrap(key, PAYLOAD, DATA_KEY, secrets.token_bytes)
    for kind in KINDS:
        with pytest.raises(SealBroken):
            open_sealed(wrapped, ENCRYPTION_KEY, PAYLOAD, kind)


# Key files


@given(keys, st.none() | epochs, keys)
def test_a_key_file_gives_back_its_key(
    encryption_key: bytes, epoch: int | None, key: bytes
) -> None:
    content = encode_key_file(encryption_key, epoch, key, secrets.token_bytes)
    assert len(content) == 78
    assert key not in content
    assert decode_key_file(encryption_key, epoch, content) == key


@pytest.mark.parametrize(
    ("epoch", "named"),
    [(None, b"\x01" + bytes(8)), (258, b"\x02" + bytes([0, 0, 0, 0, 0, 0, 1, 2]))],
)
def test_a_key_file_is_what_the_format_says(epoch: int | None, named: bytes) -> None:
    content = encode_key_file(ENCRYPTION_KEY, epoch, DATA_KEY, counting)
    header = b"ephemkey\x01" + named
    assert content[:30] == header + bytes(range(12))
    kek = hkdf_sha256(ENCRYPTION_KEY, b"ephemeral/v1/server/keyring")
    assert AESGCM(kek).decrypt(content[18:30], content[30:], header) == DATA_KEY


def test_a_key_file_written_by_an_earlier_version_opens() -> None:
    content = bytes.fromhex(
        "657068656d6b657901020000000000000007a0a1a2a3a4a5a6a7a8a9aaab5eae2eb51653874e54bd"
        "f2e04608592c7fe6aae244b701a37c528062ef97fc5b316855252d04d741aa62f9dde1d4e809"
    )
    assert decode_key_file(ENCRYPTION_KEY, 7, content) == DATA_KEY


def test_a_key_file_does_not_open_under_another_encryption_key() -> None:
    content = encode_key_file(ENCRYPTION_KEY, 7, DATA_KEY, secrets.token_bytes)
    with pytest.raises(SealBroken):
        decode_key_file(OTHER_KEY, 7, content)


@pytest.mark.parametrize(("written", "read"), [(7, 8), (7, None), (None, 1)])
def test_a_key_file_under_the_name_of_another_key_is_refused(
    written: int | None, read: int | None
) -> None:
    content = encode_key_file(ENCRYPTION_KEY, written, DATA_KEY, secrets.token_bytes)
    with pytest.raises(KeyFileMalformed, match="another key than its name says"):
        decode_key_file(ENCRYPTION_KEY, read, content)


@pytest.mark.parametrize("epoch", [None, 7])
def test_a_key_file_renamed_by_an_attacker_in_its_header_too_does_not_open(
    epoch: int | None,
) -> None:
    content = encode_key_file(ENCRYPTION_KEY, epoch, DATA_KEY, secrets.token_bytes)
    forged = b"ephemkey\x01\x02" + (8).to_bytes(8) + content[18:]
    with pytest.raises(SealBroken):
        decode_key_file(ENCRYPTION_KEY, 8, forged)


@pytest.mark.parametrize("epoch", [None, 7])
def test_a_damaged_key_file_never_opens(epoch: int | None) -> None:
    for content in damaged(encode_key_file(ENCRYPTION_KEY, epoch, DATA_KEY, secrets.token_bytes)):
        with pytest.raises((KeyFileMalformed, SealBroken)):
            decode_key_file(ENCRYPTION_KEY, epoch, content)


def test_what_is_wrong_with_a_key_file_is_said() -> None:
    content = encode_key_file(ENCRYPTION_KEY, 7, DATA_KEY, secrets.token_bytes)
    for wrong, reason in (
        (b"", "it has 0 bytes instead of 78"),
        (content[:77], "it has 77 bytes instead of 78"),
        (content + b"\n", "it has 79 bytes instead of 78"),
        (bytes(78), "it isn't a key file"),
        (content[:8] + b"\x02" + content[9:], "it has version 2"),
        (content[:9] + b"\x03" + content[10:], "it holds another key"),
    ):
        with pytest.raises(KeyFileMalformed, match=reason):
            check_key_file(7, wrong)


# What must not happen anywhere


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_key_of_another_length_is_used_nowhere(length: int) -> None:
    short = bytes(length)
    key = EpochKey(7, ENCRYPTION_KEY)
    sealed = seal(PAYLOAD, "message", b"secret", secrets.token_bytes)
    file = encode_key_file(ENCRYPTION_KEY, 7, DATA_KEY, secrets.token_bytes)
    attempts: list[Callable[[], object]] = [
        lambda: EpochKey(7, short),
        lambda: wrap(key, PAYLOAD, short, secrets.token_bytes),
        lambda: open_sealed(sealed.body, short, PAYLOAD, "message"),
        lambda: encode_key_file(short, 7, DATA_KEY, secrets.token_bytes),
        lambda: encode_key_file(ENCRYPTION_KEY, 7, short, secrets.token_bytes),
        lambda: decode_key_file(short, 7, file),
    ]
    for attempt in attempts:
        with pytest.raises(ValueError, match="must be 32 bytes"):
            attempt()


@pytest.mark.parametrize("epoch", [-1, 0, 2**63])
def test_an_epoch_id_is_a_positive_bigint(epoch: int) -> None:
    with pytest.raises(ValueError, match="positive bigint"):
        EpochKey(epoch, ENCRYPTION_KEY)
    with pytest.raises(ValueError, match="positive bigint"):
        encode_key_file(ENCRYPTION_KEY, epoch, DATA_KEY, secrets.token_bytes)


def test_a_payload_id_has_16_bytes() -> None:
    with pytest.raises(ValueError, match="the payload id must be 16 bytes"):
        seal(PAYLOAD[:15], "message", b"secret", secrets.token_bytes)
    with pytest.raises(ValueError, match="the payload id must be 16 bytes"):
        wrap(EpochKey(7, ENCRYPTION_KEY), PAYLOAD + b"\0", DATA_KEY, secrets.token_bytes)


def test_a_generator_that_gives_too_little_seals_nothing() -> None:
    def stingy(length: int) -> bytes:
        return bytes(length - 1)

    with pytest.raises(ValueError, match="the randomness must be"):
        seal(PAYLOAD, "message", b"secret", stingy)
    with pytest.raises(ValueError, match="the randomness must be"):
        wrap(EpochKey(7, ENCRYPTION_KEY), PAYLOAD, DATA_KEY, stingy)
    with pytest.raises(ValueError, match="the randomness must be"):
        encode_key_file(ENCRYPTION_KEY, 7, DATA_KEY, stingy)


def test_a_broken_seal_tells_nothing() -> None:
    sealed = seal(PAYLOAD, "message", b"secret", secrets.token_bytes)
    with pytest.raises(SealBroken) as broken:
        open_sealed(sealed.body, DATA_KEY, PAYLOAD, "message")
    assert broken.value.args == ()
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__


def test_no_key_shows_when_a_value_is_printed() -> None:
    shown = repr(EpochKey(7, DATA_KEY)) + repr(Sealed(b"body", DATA_KEY))
    assert repr(DATA_KEY)[2:-1] not in shown
    assert DATA_KEY.hex() not in shown
    assert "key=" not in shown
