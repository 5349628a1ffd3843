"""Attachments: any content is read or refused, any size comes back, nothing else opens."""

from hypothesis import assume, given
from hypothesis import strategies as st
from support.any_input import any_json, attempt, changed, refusal_of, steady

from ephemeral.protocol.attachments import (
    CHUNK_SIZE,
    CHUNKS_MAX,
    Attachment,
    Opener,
    Place,
    Sealer,
    chunks_of,
    file_content,
    padded_length,
    read_file,
    sealed_length,
)
from ephemeral.protocol.limits import ATTACHMENT_MAX

PLACE = Place(bytes(32), bytes(16), bytes(range(16)))
KEY = bytes(range(32))
FIVE = Attachment("a.txt", "text/plain", 5, bytes(16), KEY)
SEALED = Sealer(FIVE, PLACE).chunk(0, b"12345")

keys = st.sampled_from(["name", "mime", "size", "attachment", "key", "view", "view_limit"])


@steady
@given(st.dictionaries(keys, any_json), st.sets(keys))
def test_any_content_is_a_file_or_refused(changes, without):
    content = file_content(FIVE) | changes
    content = {key: one for key, one in content.items() if key not in without}
    found = attempt({"content_field"}, read_file, content)
    assert found is None or read_file(file_content(found)) == found


@steady
@given(st.integers(1, ATTACHMENT_MAX))
def test_any_size_is_cut_into_few_chunks_of_one_length(size):
    padded = padded_length(size)
    lengths = [sealed_length(padded, at) - 16 for at in range(chunks_of(padded))]
    assert sum(lengths) == padded <= ATTACHMENT_MAX
    assert set(lengths[:-1]) <= {CHUNK_SIZE}
    assert len(lengths) <= CHUNKS_MAX == 40


@steady
@given(st.integers(1, CHUNK_SIZE + 70_000))
def test_any_content_comes_back_without_its_padding(size):
    file = FIVE._replace(size=size)
    data = b"a" * size
    sealer, opener = Sealer(file, PLACE), Opener(file, PLACE, padded_length(size))
    parts = (data[at * CHUNK_SIZE : (at + 1) * CHUNK_SIZE] for at in range(sealer.count))
    sealed = [sealer.chunk(at, part) for at, part in enumerate(parts)]
    assert b"".join(opener.open(at, one) for at, one in enumerate(sealed)) == data


@steady
@given(st.integers(0, len(SEALED)), st.binary(max_size=40), st.integers(0, 40), st.integers(0, 7))
def test_a_chunk_that_was_changed_is_refused(at, patch, skipped, bit):
    opener = Opener(FIVE, PLACE, padded_length(5))
    flipped = changed(SEALED, at % len(SEALED), bit)
    assert refusal_of(opener.open, 0, flipped) == "attachment_open"
    patched = SEALED[:at] + patch + SEALED[at + skipped :]
    assume(patched != SEALED)
    kind = "open" if len(patched) == len(SEALED) else "length"
    assert refusal_of(opener.open, 0, patched) == f"attachment_{kind}"


def test_neither_name_nor_key_is_in_a_repr():
    assert f"{FIVE!r} {FIVE}" == "Attachment() Attachment()"
