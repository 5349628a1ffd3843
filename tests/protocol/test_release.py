"""The manifest of a release: what is written is read again, all else is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.release import (
    Release,
    encode_release,
    item,
    read_release,
    without_base_path,
)

RELEASE = Release(
    "1.2.3",
    (
        item("", "en", 200, b"<html>", (1, 3), {"content-type": "text/html"}),
        item("static/app.js", None, 200, b"let a;", (), {}),
    ),
)


def test_what_is_written_is_read_again():
    assert read_release(encode_release(RELEASE)) == RELEASE


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "ephemeral.release.2"),
        ("version", "1"),
        ("version", "1.2-beta"),
        ("version", 1),
        ("items", []),
        ("items", {}),
        ("items", [1]),
    ],
)
def test_another_form_is_refused(key: str, value: object):
    made = json.loads(encode_release(RELEASE)) | {key: value}
    with pytest.raises(Refusal, match="release_form"):
        read_release(json.dumps(made).encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("path", "/static/app.js"),
        ("path", "../app.js"),
        ("path", "https://elsewhere.example/"),
        ("path", "a?b"),
        ("sha256", "0" * 63),
        ("sha256", "A" * 64),
        ("size", -1),
        ("status", "200"),
        ("base_path_at", [3, 1]),
        ("base_path_at", [1, 1]),
        ("base_path_at", [-1]),
        ("headers", []),
        ("headers", {"content-type": 1}),
        ("language", 1),
    ],
)
def test_another_form_of_an_item_is_refused(key: str, value: object):
    made = json.loads(encode_release(RELEASE))
    made["items"][0][key] = value
    with pytest.raises(Refusal, match="release_form"):
        read_release(json.dumps(made).encode())


@given(st.binary())
def test_whatever_is_read_is_read_or_refused(data: bytes):
    with pytest.raises(Refusal):
        read_release(data)


@given(st.lists(st.binary(), min_size=1), st.sampled_from([b"", b"/chat", b"/a/b"]))
def test_an_instances_path_is_taken_out_of_its_places_and_no_other(
    pieces: list[bytes], base_path: bytes
):
    whole = b"".join(pieces)
    places = tuple(len(b"".join(pieces[: count + 1])) for count in range(len(pieces) - 1))
    assert without_base_path(base_path.join(pieces), base_path, places) == whole


def test_another_path_in_its_place_is_no_path():
    assert without_base_path(b'src="/evil/app.js"', b"/chat", (5,)) is None
    assert without_base_path(b'src="', b"/chat", (5,)) is None
