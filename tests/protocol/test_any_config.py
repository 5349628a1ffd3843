"""Configurations: the document's own is read, and a server can offer nothing else."""

import json
import re
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st
from support.any_input import any_json, attempt, refusal_of, steady

from ephemeral.protocol import limits
from ephemeral.protocol.config import kdf_object, read_config
from ephemeral.protocol.encoding import b64encode

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text("utf-8")
SALT = b64encode(b"s" * 32)
REFUSALS = {"malformed", "config_protocol", "config_kdf", "config_salt", "config_limits"}


def documented():
    """The example of 3.2, with a salt in place of its description."""
    block = re.search(r"```json\n(\{\"protocol\".*?)```", DOCUMENT, re.DOTALL)
    return json.loads(block[1]) | {"salt": SALT}


def test_the_documents_example_holds_the_numbers_of_this_program():
    read = read_config(documented())
    assert documented()["kdf"] == kdf_object(read.suite)
    assert read.limits.charter == limits.CHARTER_LIMITS
    assert read.limits.waiting_messages == limits.WAITING_MESSAGES
    assert read.limits.waiting_bytes == limits.WAITING_BYTES
    assert read.limits.envelope == limits.ENVELOPE_MAX
    assert read.limits.lease_seconds == limits.LEASE_SECONDS
    assert read.limits.seat_grace_seconds == limits.SEAT_GRACE_SECONDS
    assert read.limits.resume_seconds == limits.RESUME_SECONDS
    assert read.limits.tombstone_seconds == limits.TOMBSTONE_SECONDS
    assert read.defaults.message_ttl == limits.DEFAULT_MESSAGE_TTL
    assert read.defaults.room_ttl == limits.DEFAULT_ROOM_TTL
    assert read.defaults.seats == limits.DEFAULT_SEATS


def test_the_documents_limits_are_those_of_this_program():
    section = DOCUMENT.partition("## 12.")[2].partition("## 13.")[0]
    for sentence in (
        f"({limits.FRAME_MAX:,} bytes) a body or frame",
        f"({limits.ENVELOPE_MAX:,}) an envelope",
        f"{limits.PROFILE_SIZE} bytes a profile envelope",
        f"{limits.QUOTE_MAX} code points a quote",
        f"{limits.WAITING_MESSAGES} messages and",
        f"({limits.WAITING_BYTES:,} bytes) waiting in a room",
        f"{limits.STATUS_IDS_MAX} ids a status request",
        f"{limits.SEATS[1]} seats",
        f"{limits.RETRY_SECONDS // 3600} hours of retrying",
        f"{limits.TYPING_SECONDS} seconds of typing",
    ):
        assert sentence in " ".join(section.split())


@steady
@given(any_json, any_json, any_json, any_json)
def test_any_configuration_is_read_or_refused(whole, salt, limit, defaults):
    attempt(REFUSALS, read_config, whole)
    value = {"protocol": "ephemeral.v1", "kdf": kdf_object(1), "salt": salt}
    assert refusal_of(read_config, value) in {"config_salt", "config_limits"}
    value |= {"salt": SALT, "limits": limit, "defaults": defaults}
    assert refusal_of(read_config, value) == "config_limits"


@steady
@given(st.sampled_from(sorted(kdf_object(1))), any_json)
def test_any_other_key_derivation_is_refused(key, value):
    kdf = kdf_object(1) | {key: value}
    assume(type(value) is bool or value != kdf_object(1)[key])
    assert refusal_of(read_config, documented() | {"kdf": kdf}) == "config_kdf"


@steady
@given(st.sampled_from(sorted(documented()["limits"])), any_json)
def test_any_other_limit_is_read_as_it_is_or_refused(key, value):
    changed = documented()["limits"] | {key: value}
    read = attempt({"config_limits"}, read_config, documented() | {"limits": changed})
    if read is not None:
        ranges = read.limits.charter._asdict()
        assert value == (list(ranges[key]) if key in ranges else getattr(read.limits, key))
