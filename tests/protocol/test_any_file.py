"""Files: any size is cut without gap, and what is sealed opens in its place alone."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given
from hypothesis import strategies as st
from support.any_input import any_json, any_text, attempt, changed, ids, refusal_of, steady

from ephemeral.protocol.files import contents, segments
from ephemeral.protocol.files.info import INFO_SIZES, Info, open_info, seal_info
from ephemeral.protocol.files.keys import FileKey
from ephemeral.protocol.files.layout import (
    CHUNK_SIZE,
    PADDED_MIN,
    SEALED_MAX,
    SIZE_MAX,
    Layout,
    padded_length,
)

FILE = FileKey(bytes(16), bytes(range(32)))
SMALL = Layout(PADDED_MIN)
TWO_CHUNKS = Layout(padded_length(CHUNK_SIZE + 1))
TEXT = bytes(range(256)) * (TWO_CHUNKS.padded // 256)
OBJECT = segments.seal_segment(FILE, TWO_CHUNKS, 0, TEXT, os.urandom)
INFO = Info("a.txt", "text/plain", 5)
SEALED = seal_info(FILE, INFO, os.urandom)

#: Also those around a power of two, where all rules change.
sizes = st.integers(0, SIZE_MAX) | st.builds(
    lambda bits, off: min(max(2**bits + off, 0), SIZE_MAX), st.integers(0, 34), st.integers(-2, 2)
)


def test_the_largest_object_is_as_long_as_is_said():
    large = Layout(SIZE_MAX)
    assert max(large.segment(one).sealed_length for one in range(large.count)) == SEALED_MAX


@steady
@given(sizes, sizes)
def test_any_size_is_filled_up_by_little_and_once(size, other):
    padded = padded_length(size)
    assert max(size, PADDED_MIN) <= padded <= SIZE_MAX
    assert padded == PADDED_MIN or padded - size <= size / 16
    assert padded_length(padded) == padded
    assert (size <= other) <= (padded <= padded_length(other))


@steady
@given(sizes, st.data())
def test_any_file_is_cut_without_gap_into_whole_chunks(size, data):
    layout = Layout(padded_length(size))
    cut = [layout.segment(number) for number in range(layout.count)]
    end = 0
    for one in cut:
        assert one.start == end
        assert one.start % CHUNK_SIZE == 0
        assert 0 < one.sealed_length <= SEALED_MAX
        assert one.length % CHUNK_SIZE == 0 or one is cut[-1]
        end += one.length
    assert end == layout.padded
    one = data.draw(st.sampled_from(cut))
    assert layout.at(one.start) == layout.at(one.start + one.length - 1) == one
    wanted = data.draw(st.lists(st.integers(0, layout.count - 1), max_size=3))
    order = layout.order(wanted)
    assert sorted(order) == list(range(layout.count))
    assert set(order[: 1 + len({*wanted} - {0})]) == {0, *wanted}


@steady
@given(st.integers(-(2**64), 2**64))
def test_any_other_length_is_none_of_a_file(padded):
    layout = attempt({"file_layout"}, Layout, padded)
    assert layout is None or layout.padded == padded_length(padded) == padded


def test_two_attempts_at_one_segment_share_no_key_and_nonce(monkeypatch):
    """What is on a sender's disk may change between two sessions of one upload."""
    used = []

    class Noted:
        def __init__(self, key):
            self._key, self._aead = key, AESGCM(key)

        def encrypt(self, nonce, plaintext, ad):
            used.append((self._key, nonce))
            return self._aead.encrypt(nonce, plaintext, ad)

    monkeypatch.setattr(segments, "AESGCM", Noted)
    for text in (TEXT, TEXT, TEXT[::-1]):
        segments.seal_segment(FILE, TWO_CHUNKS, 0, text, os.urandom)
    other = Layout(2 * 2**20)
    for number in range(other.count):
        segments.seal_segment(FILE, other, number, bytes(2**20), bytes)
    assert len(set(used)) == len(used) == 3 * 2 + 2 * 4


@steady
@given(st.integers(0, len(OBJECT) - 1), st.integers(0, 7))
def test_an_object_with_any_bit_changed_is_refused(at, bit):
    mutated = changed(OBJECT, at, bit)
    assert refusal_of(segments.open_segment, FILE, TWO_CHUNKS, 0, mutated) == "segment_open"


@steady
@given(st.integers(0, len(OBJECT)), st.binary(max_size=40), st.integers(0, 40))
def test_an_object_cut_and_patched_is_refused(at, patch, skipped):
    mutated = OBJECT[:at] + patch + OBJECT[at + skipped :]
    assume(mutated != OBJECT)
    code = refusal_of(segments.open_segment, FILE, TWO_CHUNKS, 0, mutated)
    assert code == ("segment_open" if len(mutated) == len(OBJECT) else "segment_length")


@steady
@given(ids, st.binary(min_size=32, max_size=32))
def test_an_object_opens_by_its_own_file_alone(file, key):
    for other in (FileKey(file, FILE.key), FileKey(FILE.id, key)):
        assume(other != FILE)
        assert refusal_of(segments.open_segment, other, TWO_CHUNKS, 0, OBJECT) == "segment_open"


@steady
@given(st.integers(0, PADDED_MIN), st.integers(0, PADDED_MIN - 1), st.integers(1, 255))
def test_no_byte_behind_the_end_is_anything_but_zero(size, at, byte):
    plaintext = bytearray(PADDED_MIN)
    plaintext[at] = byte
    found = attempt({"file_padding"}, segments.content_of, SMALL, 0, size, bytes(plaintext))
    assert found == (plaintext[:size] if at < size else None)


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)
infos = st.builds(
    Info,
    name=texts | any_text,
    type=st.sampled_from(["image/webp", "video/mp4"]) | any_text,
    size=sizes | st.integers(),
    width=st.none() | st.integers(0, 70_000),
    height=st.none() | st.integers(0, 70_000),
    seconds=st.none() | st.integers(),
    thumbnail=st.none() | st.integers(0, 20_000).map(lambda n: b"\xff\xd8\xff" + bytes(n)),
    made_by=st.none() | st.sampled_from(["clean-1"]) | any_text,
)


@steady
@given(infos)
def test_any_info_comes_back_or_is_refused(info):
    sealed = attempt({"info_field"}, seal_info, FILE, info, os.urandom)
    if sealed is not None:
        assert len(sealed) in INFO_SIZES
        digest = hashlib.sha256(sealed).digest()
        assert open_info(FILE, padded_length(info.size), digest, sealed) == info


@steady
@given(st.integers(0, len(SEALED) - 1), st.integers(0, 7))
def test_an_info_with_any_bit_changed_is_refused_by_its_hash_and_by_its_seal(at, bit):
    mutated = changed(SEALED, at, bit)
    for digest in (hashlib.sha256(SEALED).digest(), hashlib.sha256(mutated).digest()):
        assert refusal_of(open_info, FILE, PADDED_MIN, digest, mutated) == "info_open"


bodies = any_json | st.dictionaries(
    st.sampled_from(["files", "of", "file", "digest"]), any_json | st.lists(any_json, max_size=3)
)


@steady
@given(bodies)
def test_any_body_names_files_or_is_refused(body):
    found = attempt({"content_form"}, contents.read_files, body)
    assert found is None or contents.files_body(found) == body
    of = attempt({"content_form"}, contents.read_confirmation, body)
    assert of is None or contents.confirmation_body(of) == body


def test_what_is_secret_is_not_in_a_repr():
    reference = contents.Reference(FILE, PADDED_MIN, bytes(32))
    for value in (FILE, INFO, reference):
        shown = f"{value!r} {value}"
        assert "a.txt" not in shown
        assert repr(FILE.key)[2:-1] not in shown
