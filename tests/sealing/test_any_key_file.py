"""Key files and keys: whatever stands in their place is a key or a sentence."""

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from support.any_input import any_text, changed, steady, told

from ephemeral.sealing.encryption_key import GivenKeys, KeyFile, parse_key
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.sealing.seals import (
    KeyFileMalformed,
    KeyringUnusable,
    SealBroken,
    decode_key_file,
    encode_key_file,
)

KEY = bytes(range(32))
FILE = encode_key_file(KEY, 7, b"k" * 32, os.urandom)
INDEX = encode_key_file(KEY, None, b"k" * 32, os.urandom)

contents = (
    st.binary(max_size=100)
    | st.binary(max_size=100).map(FILE.__add__)
    | st.integers(0, len(FILE)).map(lambda size: FILE[:size])
    | st.builds(changed, st.just(FILE), st.integers(0, len(FILE) - 1), st.integers(0, 7))
    | st.just(INDEX)
)


@steady
@given(contents)
def test_any_bytes_are_this_key_file_or_none(content):
    key, said = told((KeyFileMalformed, SealBroken), decode_key_file, KEY, 7, content)
    assert (key, said is None) == ((b"k" * 32, True) if content == FILE else (None, False))


@steady
@given(contents)
def test_any_file_in_the_place_of_a_key_is_a_key_or_a_sentence(content):
    with tempfile.TemporaryDirectory() as folder:
        directory = KeyringDirectory(Path(folder) / "keyring")
        directory.prepare()
        (directory.path / directory.name(7)).write_bytes(content)
        key, said = told(KeyringUnusable, directory.read, 7, GivenKeys(KEY.hex()))
    if content == FILE:
        assert key == b"k" * 32
    else:
        assert said.endswith(".")
        assert KEY.hex() not in said


@steady
@given(any_text | st.text("0123456789abcdefABCDEF", min_size=60, max_size=68))
def test_any_text_is_64_digits_or_no_key(text):
    key, said = told(KeyringUnusable, parse_key, "ENCRYPTION_KEY", text)
    if said is None:
        assert key.hex() == text.lower()
    else:
        assert len(text) < 8 or text not in said


@steady
@given(st.binary(max_size=200) | st.text("0123456789abcdef \n", max_size=80).map(str.encode))
def test_any_file_of_the_operators_is_a_key_or_a_sentence(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        path.write_bytes(content)
        path.chmod(0o600)
        keys, said = told(KeyringUnusable, KeyFile(path).read)
    if said is None:
        assert keys.current.hex() == content.decode().strip().lower()
    else:
        assert said.endswith(".")
