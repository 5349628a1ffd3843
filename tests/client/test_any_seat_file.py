"""The file of a seat, and what is typed for a duration: used as it is, or refused in a sentence."""

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from support.any_input import any_json, steady, told

from ephemeral.client.durations import format_duration, parse_duration
from ephemeral.client.exits import ClientError
from ephemeral.client.seat_file import Seat, SeatFile, new_seat

NONCE = bytes(32)
FIELDS = ["version", "member", "token", "room_nonce", "counter", "counters", "written"]


def right() -> bytes:
    """What a seat's file holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seat"
        with SeatFile(path, bytes) as file:
            file.save(new_seat(bytes, NONCE))
        return path.read_bytes()


RIGHT = right()
spoilt = st.dictionaries(st.sampled_from(FIELDS), any_json, max_size=3).map(
    lambda fields: json.dumps(json.loads(RIGHT) | fields).encode()
)
contents = (
    spoilt
    | st.binary(max_size=200)
    | any_json.map(lambda value: json.dumps(value).encode())
    | st.integers(0, len(RIGHT)).map(lambda size: RIGHT[:size])
)


def load(path: Path) -> Seat:
    with SeatFile(path, bytes) as file:
        return file.load(NONCE)


@steady
@given(contents)
def test_any_file_is_a_seat_or_a_sentence(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seat"
        path.write_bytes(content)
        path.chmod(0o600)
        seat, said = told(ClientError, load, path)
    assert said or (len(seat.member), len(seat.token)) == (16, 32)


@steady
@given(st.text(max_size=12) | st.from_regex(r"[0-9]{1,9}[smhd]?", fullmatch=True))
def test_any_text_is_a_duration_or_a_sentence(text):
    seconds, said = told(ClientError, parse_duration, text)
    assert said or (seconds >= 0 and format_duration(seconds))
