"""What clients say they would rather have, and what they get: codings and languages."""

import gzip
import json
import string
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ephemeral.page.bodies import Body
from ephemeral.page.languages import negotiate, read_catalogues, untranslated
from ephemeral.page.preferences import weighted

TEXT = b"the same again and " * 200


@pytest.fixture(scope="module")
def body() -> Body:
    made = Body(TEXT)
    made.pack()
    return made


# Weighted lists


@pytest.mark.parametrize(
    ("header", "read"),
    [
        (b"", []),
        (b"de", [("de", 1000)]),
        (b"de-AT, en;q=0.5", [("de-at", 1000), ("en", 500)]),
        (b" br ;\tQ=0.123 ,,gzip; q=1.000", [("br", 123), ("gzip", 1000)]),
        (b"br;level=3;q=0.5", [("br", 500)]),
        (b"br;q=0, gzip;q=0.", [("br", 0), ("gzip", 0)]),
        (b"a;q=2, b;q=-1, c;q=0.1234, d;q=x, e;q=, f;q=1.001, g;q= 1", []),
        (b"\xff\xfe, ;q=1, ;", [("\xff\xfe", 1000)]),
    ],
)
def test_a_weight_is_read_by_the_book_and_an_unreadable_one_drops_its_item(
    header: bytes, read: list[tuple[str, int]]
) -> None:
    assert weighted([header]) == read


def test_several_headers_are_one_list() -> None:
    assert weighted([b"a;q=0.1", b"b"]) == [("a", 100), ("b", 1000)]


def test_an_endless_list_is_not_read_to_its_end() -> None:
    assert len(weighted([b"a," * 100_000])) <= 50
    assert all(len(item) <= 1000 for item, _ in weighted([b"a" * 100_000]))


# Codings


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, None),
        (b"", None),
        (b"br", "br"),
        (b"BR", "br"),
        (b"gzip", "gzip"),
        (b"gzip, deflate, br, zstd", "br"),
        (b"gzip;q=1.0, br;q=0.9", "gzip"),
        (b"br;q=0.001", "br"),
        (b"br;q=0", None),
        (b"br;q=0, gzip", "gzip"),
        (b"br;q=0, gzip;q=0.000", None),
        (b"*", "br"),
        (b"*;q=0", None),
        (b"br;q=0, *", "gzip"),
        (b"gzip;q=0.5, *;q=0.1", "gzip"),
        (b"identity;q=0.5, gzip;q=0.2", None),
        (b"identity;q=0.2, gzip;q=0.2", "gzip"),
        (b"deflate, zstd, compress", None),
        (b"br;q=nonsense, gzip", "gzip"),
        (b"brotli, x-gzip", None),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(
    body: Body, header: bytes | None, coding: str | None
) -> None:
    chosen, content = body.form([] if header is None else [header])
    assert chosen == coding
    decode = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}[chosen]
    assert decode(content) == TEXT
    assert (len(content) < len(TEXT)) is (chosen is not None)


def test_gzip_is_there_before_brotli_is() -> None:
    made = Body(TEXT)
    assert made.form([b"gzip, br"])[0] == "gzip"
    assert made.form([b"br"]) == (None, TEXT)
    made.pack()
    assert made.form([b"gzip, br"])[0] == "br"


def test_what_compression_does_not_make_smaller_stays_as_it_is() -> None:
    for content in (b"", b"short", bytes(range(256)) * 2, bytes(range(60))):
        made = Body(content)
        made.pack()
        coding, sent = made.form([b"br, gzip"])
        assert (coding, sent) == (None, content) or len(sent) + 64 <= len(content)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_no_wish_for_a_coding_breaks_anything(body: Body, values: list[bytes]) -> None:
    coding, content = body.form(values)
    decode = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}[coding]
    assert decode(content) == TEXT


# Languages


def test_a_sentence_that_is_not_translated_yet_is_said_in_english(tmp_path: Path) -> None:
    english = {"language.name": "English", "a": "A", "b": {"other": "B"}}
    for code, sentences in {"en": english, "de": {"language.name": "Deutsch", "a": "Ä"}}.items():
        (tmp_path / f"{code}.json").write_text(json.dumps(sentences), "utf-8")
    read = read_catalogues(tmp_path)
    assert list(read) == ["en", "de"]
    assert read["de"].sentences == {"language.name": "Deutsch", "a": "Ä", "b": {"other": "B"}}
    (told,) = untranslated(read)
    assert told.startswith("The catalogue de (Deutsch) lacks 1 of 3 sentences")


THREE = ("en", "ar", "de")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        (b"", "en"),
        (b"de", "de"),
        (b"DE", "de"),
        (b"de-AT", "de"),
        (b"de-Latn-AT-x-private", "de"),
        (b"de-x-private", "de"),
        (b"ar-EG;q=0.4, de;q=0.3", "ar"),
        (b"ar;q=0.3, de;q=0.4", "de"),
        (b"de, ar", "de"),
        (b"fr", "en"),
        (b"fr-CA, fr;q=0.9, de;q=0.1", "de"),
        (b"fr, *", "en"),
        (b"*", "en"),
        (b"en;q=0, *", "ar"),
        (b"en;q=0", "en"),
        (b"de;q=0, de-AT", "en"),
        (b"den", "en"),
        (b"d", "en"),
        (b"-de", "en"),
        (b"de;q=5", "en"),
        (b"de_AT", "en"),
        (b"\xde\xff, \x00", "en"),
    ],
)
def test_the_language_is_looked_up_by_the_book(header: bytes | None, language: str) -> None:
    assert negotiate([] if header is None else [header], None, THREE) == language


@pytest.mark.parametrize("asked", ["", "xx", "DE", "de-AT", "../en", "de\0", "e"])
def test_an_address_asks_for_a_language_that_there_is_or_for_nothing(asked: str) -> None:
    assert negotiate([b"ar"], asked, THREE) == "ar"
    assert negotiate([b"ar"], "de", THREE) == "de"


def test_the_only_language_is_everybodys() -> None:
    for header in (b"de", b"en;q=0", b"*;q=0", b""):
        assert negotiate([header], "de", ["en"]) == "en"


@given(st.lists(st.binary(max_size=60), max_size=4), st.none() | st.text(max_size=9))
def test_no_wish_for_a_language_breaks_anything(values: list[bytes], asked: str | None) -> None:
    assert negotiate(values, asked, THREE) in THREE


@given(st.text(string.ascii_letters + "-*,;=q01. ", max_size=80))
def test_no_wish_that_looks_like_one_breaks_anything(header: str) -> None:
    assert negotiate([header.encode()], None, THREE) in THREE
