"""The file of an account: what is kept comes back, and nothing else is taken for it."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_input import any_json, steady, told

from ephemeral.client.accounts.account_file import opened
from ephemeral.client.accounts.kept import Kept, Linking, SealingSecret, Session
from ephemeral.client.accounts.kept_people import Invited, People, Person
from ephemeral.client.exits import ClientError
from ephemeral.protocol.accounts.chain import Pin
from ephemeral.protocol.encoding import dump_json, parse_json
from ephemeral.protocol.errors import Refusal

numbers = st.integers(0, 2**53 - 1)
texts = st.text(st.characters(codec="utf-8"), max_size=20)


def sized(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


sealing_secrets = st.builds(SealingSecret, numbers, numbers, sized(32), numbers, numbers)
pins = st.builds(Pin, sized(32), numbers, sized(32))
people = st.builds(
    People,
    st.lists(
        st.builds(
            Person,
            sized(32),
            st.none() | sized(16),
            st.none() | texts,
            st.none() | texts,
            st.none() | texts,
            st.none() | pins,
            st.booleans(),
            st.booleans(),
            st.tuples(st.none() | texts, st.booleans()),
        ),
        max_size=2,
    ),
    st.lists(
        st.builds(
            Invited,
            sized(16),
            sized(32),
            numbers,
            st.none() | texts,
            st.none() | sized(16),
            st.booleans(),
        ),
        max_size=2,
    ),
    st.dictionaries(sized(16), texts, max_size=2),
    st.dictionaries(sized(16), sized(32), max_size=2),
    st.dictionaries(sized(16), numbers, max_size=2),
    st.lists(sized(16), max_size=2),
)
KEPT = st.builds(
    Kept,
    server=texts,
    address=texts,
    salt=sized(32),
    account=st.none() | sized(16),
    ahead=st.integers(-(10**15), 10**15),
    session=st.none() | st.builds(Session, texts, texts, texts, numbers, st.booleans()),
    seed=st.none() | sized(32),
    sealing=st.lists(sealing_secrets, max_size=2),
    names_key=st.none() | sized(32),
    recovery_seal=st.none() | st.binary(max_size=8),
    pin=st.none() | pins,
    statements=st.lists(st.binary(max_size=8), max_size=2),
    made=st.lists(sized(32), max_size=2),
    linking=st.none() | st.builds(Linking, sized(32), numbers),
    genesis=st.none() | st.dictionaries(texts, texts, max_size=2),
    pins_day=numbers,
    people=people,
)


@steady
@given(KEPT)
def test_what_is_kept_comes_back(kept: Kept):
    value = parse_json(dump_json(kept.fields()))
    assert isinstance(value, dict)
    assert Kept.read(value) == kept


@steady
@given(KEPT, st.integers(0), any_json)
def test_a_file_of_another_form_is_refused_and_breaks_nothing(kept: Kept, at: int, other: Any):
    value = parse_json(dump_json(kept.fields()))
    assert isinstance(value, dict)
    value[sorted(value)[at % len(value)]] = other
    read, said = told(Refusal, Kept.read, value)
    assert said or isinstance(read, Kept)


async def test_a_second_command_waits_until_the_first_has_ended(tmp_path: Path):
    here = (tmp_path / "accounts", "http://localhost", "ada.12345", os.urandom)
    order = []

    async def command(name: str) -> None:
        async with opened(*here, keyring=False) as file:
            order.append(name)
            kept = file.load() or Kept("http://localhost", "ada.12345", bytes(32))
            # Whoever came in meanwhile would write over this.
            await asyncio.sleep(0)
            kept.pins_day += 1
            file.save(kept)
            order.append(name)

    await asyncio.gather(*(command(str(number)) for number in range(5)))
    assert order[::2] == order[1::2]
    async with opened(*here, keyring=False) as file:
        kept = file.load()
        assert kept is not None
        assert kept.pins_day == 5


async def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path):
    here = (tmp_path / "accounts", "http://localhost", "ada.12345", os.urandom)
    async with opened(*here, keyring=False) as file:
        for content in (b"", b"{}", b'{"version":2}', b"\xff", b'{"version":1,"sealed":"AA"}'):
            file.path.write_bytes(content)
            file.path.chmod(0o600)
            with pytest.raises(ClientError, match="is no account of this program"):
                file.load()


async def test_a_link_is_not_followed(tmp_path: Path):
    here = (tmp_path / "accounts", "http://localhost", "ada.12345", os.urandom)
    async with opened(*here, keyring=False) as file:
        (tmp_path / "elsewhere").write_text("{}")
        file.path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ClientError, match="can't be used"):
            file.load()
