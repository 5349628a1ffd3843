"""Frames and bodies, both ways: whatever comes is what was asked for, or a documented refusal."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from support.any_input import any_json, any_text, attempt, steady
from support.operations import FRAMES, ROOM_OPERATIONS, SOCKET

from ephemeral.edge.dispatch import body_beside_path
from ephemeral.edge.frames import decode_json, hello_frame
from ephemeral.protocol import objects
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import RoomKeys, SeatKeys
from ephemeral.protocol.record import read_record
from ephemeral.protocol.session import Session
from ephemeral.rooms.api import bodies

HELLO = hello_frame(SOCKET.caller, SOCKET.hello)
EARLY, LATE = (HELLO,), tuple(FRAMES.operations)
BODIES = tuple(filter(None, map(body_beside_path, ROOM_OPERATIONS)))
MALFORMED = {"malformed"}
UNPACKING = {"malformed", "charter_length", "profile_length", "envelope_size", "unauthorized"}
KEYS = RoomKeys(bytes(range(32)))
CHARTER = Charter(1, bytes(32), Policy.FIRST_VIEW, 2, 3600, 7200)

TAGS = sorted(kind.__struct_config__.tag for kind in (*EARLY, *LATE))
FIELDS = sorted({field.name for kind in (*EARLY, *LATE) for field in msgspec.structs.fields(kind)})
# Right lengths, nearly right ones, and anything.
encoded = st.binary(max_size=70).map(b64encode) | st.sampled_from([16, 32, 45, 256, 512]).map(
    lambda size: b64encode(bytes(size))
)
values = encoded | any_json | st.lists(encoded, max_size=4) | st.booleans() | st.integers(0, 2**60)


@st.composite
def written(draw, kinds):
    """One of these, right but for its fields' content and perhaps one key."""
    kind = draw(st.sampled_from(kinds))
    config = kind.__struct_config__
    made = {} if config.tag is None else {"type": config.tag}
    for field in msgspec.structs.fields(kind):
        if field.required or draw(st.booleans()):
            made[field.name] = draw(st.integers(0, 9) if field.name == "ref" else values)
    if draw(st.integers(0, 9)) == 0:
        made[draw(st.sampled_from(FIELDS) | st.text(max_size=5))] = draw(values)
    return kind, msgspec.json.encode(made)


def unpacked(frame):
    """Whatever a handler takes out of a frame."""
    if hasattr(frame, "unpack"):
        attempt(UNPACKING, frame.unpack)
    for name in ("locator", "token", "resume"):
        if isinstance(getattr(frame, name, None), str):
            secret = attempt({"unauthorized"}, bodies.credential, getattr(frame, name))
            assert secret is None or len(secret) == 32


def decode_body(data, kind):
    return decode_json(msgspec.json.Decoder(kind).decode, data)


@steady
@given(st.binary(max_size=300) | any_json.map(msgspec.json.encode))
@example(b'[{"type":"\xff"}]')
@example(b'{"a":' + b"[" * 90_000)
def test_any_bytes_are_a_frame_or_malformed(data):
    for decode in (FRAMES.early.decode, FRAMES.late.decode):
        attempt(MALFORMED, decode, data)
    for kind in BODIES:
        attempt(MALFORMED, decode_body, data, kind)


@steady
@given(st.lists(written(EARLY) | written(LATE), min_size=1, max_size=3))
def test_frames_are_read_where_they_belong_and_nowhere_else(made):
    kinds = [kind for kind, _ in made]
    text = b"[%b]" % b",".join(data for _, data in made)
    hello = any(b'"type":"hello"' in data for _, data in made)
    for decode, of_hello in ((FRAMES.early.decode, True), (FRAMES.late.decode, False)):
        taken = attempt(MALFORMED, decode, text)
        if taken is None:
            continue
        assert len(taken) == len(kinds)
        assert hello is of_hello
        for frame, body in taken:
            assert not isinstance(body, Refusal) or body.code in UNPACKING - MALFORMED
            unpacked(frame)


@steady
@given(written(BODIES))
def test_a_body_is_unpacked_or_refused_by_a_code_of_its_own(made):
    kind, data = made
    body = attempt(MALFORMED, decode_body, data, kind)
    if body is not None:
        unpacked(body)


READERS = [getattr(objects, name) for name in objects.__all__ if name.startswith("read_")]
NAMED = {"read_boolean", "read_bytes", "read_id", "read_integer", "read_list", "read_object"}
OBJECTS = [one for one in READERS if one.__name__ not in NAMED | {"read_audience", "read_text"}]
KEYS_OF_ANSWERS = [
    "now", "charter", "mac", "locked", "joins", "seats_taken", "created_at", "expires_at", "member",
    "profile", "joined_at", "seen_at", "present", "id", "sequence", "author", "size", "posted_at",
    "state", "holder", "lease_until", "audience", "viewing", "envelope", "code", "message",
    "retry_after", "members", "notices", "room", "receipts", "error", "type", "ref", "tables",
    "elsewhere", "name", "columns", "rows", "rest", "explained", "reason", "key", "typing",
]  # fmt: skip
answers = st.recursive(
    values,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYS_OF_ANSWERS), inner, max_size=12)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


@steady
@given(answers | any_json)
def test_an_answer_of_any_server_is_read_or_malformed(value):
    for reader in OBJECTS:
        attempt(MALFORMED, reader, value)
    if isinstance(value, dict):
        attempt(MALFORMED, read_record, value)


@steady
@given(
    st.lists(
        st.lists(
            st.fixed_dictionaries({"type": st.sampled_from([*TAGS, "welcome", "ok", "error"])})
            .flatmap(
                lambda head: st.dictionaries(st.sampled_from(KEYS_OF_ANSWERS), answers, max_size=8)
                .map(lambda rest: rest | head)
            ),
            max_size=3,
        ).map(msgspec.json.encode)
        | any_json.map(msgspec.json.encode)
        | any_text,
        min_size=1,
        max_size=4,
    )
)  # fmt: skip
def test_a_client_outlives_any_server(messages):
    session = Session(
        KEYS,
        suite=1,
        charter=CHARTER.encode(),
        mac=CHARTER.mac(KEYS.charter_key),
        seat=SeatKeys.derived(bytes(16), bytes(32)),
        random=bytes,
    )
    session.connected()
    for message in messages:
        session.received(message, 1_000)
        session.tick(2_000)
        session.take_events()
        session.take_messages()
