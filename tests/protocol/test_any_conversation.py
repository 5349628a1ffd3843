"""Conversations: what is sealed for an epoch is opened in it and nowhere else, as it was."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from support.any_input import any_json, any_text, attempt, changed, ids, refusal_of, steady
from support.people.members import (
    Member,
    drawn,
    lines_of,
    real_keys,
    sealing_key,
    signed_by,
)

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.accounts.chain import Pin
from ephemeral.protocol.conversations import contents, epochs, invitations, registers
from ephemeral.protocol.conversations.leaves import sign_leave, verify_leave
from ephemeral.protocol.conversations.log import MESSAGE, RECORD, Log, digest, next_hash
from ephemeral.protocol.conversations.making import founding, renewal, sealing_keys
from ephemeral.protocol.conversations.messages import (
    ENTRY_SIZES,
    PADDED_SIZES,
    open_message,
    read_ad,
    seal_message,
    size_of,
)
from ephemeral.protocol.conversations.records import SUITE, SignedRecord, box_hash

A, B = Member("message a", 2), Member("message b")
LINES, KEYS = lines_of(A, B), real_keys(A, B)
CONVERSATION = drawn("message conversation")[:16]
SEEDS = drawn("seed 1"), drawn("seed 2")
FIRST = founding(
    CONVERSATION, {A.chain: "admin", B.chain: "member"}, LINES, KEYS, A.devices[0], SEEDS[0]
)


def boxes_of(record, seed):
    devices = [one.device for one in record.devices]
    return epochs.seal_boxes(record.hash, sealing_keys(record, KEYS), devices, seed)


BOXES = boxes_of(FIRST, SEEDS[0])
SIGNED = signed_by(FIRST, A, B, boxes=BOXES)
LOG = Log.first(CONVERSATION).next(RECORD, FIRST.by, digest(SIGNED.entry()))
SECOND = renewal(FIRST, LINES, KEYS, LOG.place, LOG.hash, B.devices[0], SEEDS[1])
NEXT = signed_by(SECOND, A, B)
HASHES = {LOG.place: LOG.hash, 2: drawn("place 2"), 3: drawn("place 3")}
TEXT = contents.encode("text", 5, {"text": "What only members read", "mentions": []})
SENDER = B.devices[0]
CODES = {
    "message_length",
    "message_version",
    "message_conversation",
    "message_record",
    "message_device",
    "message_seen",
    "log_fork",
    "message_broken",
}


def sealed(content=TEXT, **given):
    said = {
        "conversation": CONVERSATION,
        "record": SIGNED.hash,
        "device": SENDER,
        "id": drawn("id")[:16],
        "seen": LOG.place,
        "log": LOG.hash,
        "nonce": drawn("nonce")[:12],
        "signing": B.signer,
        "seed": SEEDS[0],
    } | given
    key = epochs.message_key(said.pop("seed"), said["record"], said["device"])
    return seal_message(key, SUITE, content=content, **said)


def opened(entry, *, seed=SEEDS[0], signed=SIGNED, place=1, s=2, device=SENDER, hashes=HASHES):
    return open_message(seed, signed, place, LINES, entry, s, device, hashes.get)


ENTRY = sealed()


# Boxes


def test_each_device_opens_its_own_box_and_nobody_elses():
    for member in (A, B):
        for device in member.devices:
            at = [one.device for one in FIRST.devices].index(device)
            key = sealing_key(device.hex(), 1)
            assert epochs.open_box(key, SIGNED, device, BOXES[at]) == SEEDS[0]
            other = BOXES[at - 1]
            assert refusal_of(epochs.open_box, key, SIGNED, device, other) == "box_hash"
    stranger = drawn("no device")[:16]
    key = sealing_key(SENDER.hex(), 1)
    assert refusal_of(epochs.open_box, key, SIGNED, stranger, BOXES[0]) == "box_hash"


def test_a_box_is_the_servers_fault_or_the_authors():
    """2.5: what isn't the box that the author named, what can't be opened, what is another seed."""
    at = [one.device for one in FIRST.devices].index(SENDER)
    key = sealing_key(SENDER.hex(), 1)

    def named(box):
        hashes = list(SIGNED.box_hashes)
        hashes[at] = box_hash(box)
        return replace(SIGNED, box_hashes=tuple(hashes))

    for broken in (b"", bytes(1168), changed(BOXES[at], 700, 3)):
        assert refusal_of(epochs.open_box, key, SIGNED, SENDER, broken) == "box_hash"
        assert refusal_of(epochs.open_box, key, named(broken), SENDER, broken) == "box_broken"
    for seed in (SEEDS[1], SEEDS[0] + b"0"):
        (other,) = epochs.seal_boxes(FIRST.hash, [key.public], [SENDER], seed)
        args = key, named(other), SENDER, other
        assert refusal_of(epochs.open_box, *args) == "seed_commitment"
    # Sealed for another record, or as another device's.
    (other,) = epochs.seal_boxes(SECOND.hash, [key.public], [SENDER], SEEDS[0])
    assert refusal_of(epochs.open_box, key, named(other), SENDER, other) == "box_broken"


def test_what_can_not_be_sealed_to_gets_an_empty_box():
    devices = [SENDER, SENDER]
    assert epochs.seal_boxes(FIRST.hash, [None, b"\xff" * 1216], devices, SEEDS[0]) == [b"", b""]


# Messages


@steady
@given(ids, st.integers(1, 3), st.text(min_size=1, max_size=600))
def test_what_is_sealed_is_opened_as_it_was(identity, seen, text):
    content = contents.encode("text", 7, {"text": text, "mentions": []})
    entry = sealed(content, id=identity, seen=seen, log=HASHES[seen])
    assert len(entry) in ENTRY_SIZES
    found = opened(entry, s=4)
    assert found.raw == content
    assert found.content == ("text", 7, {"text": text, "mentions": []})
    assert found.ad == read_ad(entry)
    assert (found.ad.id, found.ad.seen) == (identity, seen)
    assert text not in repr(found) or len(text) < 4


@steady
@given(st.integers(0, 8 * len(ENTRY) - 1))
def test_a_message_with_any_bit_changed_is_refused(at):
    code = refusal_of(opened, changed(ENTRY, at // 8, at % 8))
    assert code in CODES
    assert code != "message_length"


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("message_length", lambda: opened(ENTRY + b"\0")),
        ("message_version", lambda: opened(b"\2" + ENTRY[1:])),
        ("message_version", lambda: opened(ENTRY[:1] + b"\2" + ENTRY[2:])),
        ("message_conversation", lambda: opened(sealed(conversation=bytes(16)))),
        ("message_record", lambda: opened(ENTRY, signed=NEXT, seed=SEEDS[1])),
        ("message_device", lambda: opened(ENTRY, device=A.devices[0])),
        ("message_device", lambda: opened(sealed(device=bytes(16)), device=bytes(16))),
        ("message_seen", lambda: opened(sealed(seen=0))),
        ("message_seen", lambda: opened(ENTRY, s=1)),
        ("message_seen", lambda: opened(ENTRY, place=2, s=3)),
        ("log_fork", lambda: opened(sealed(log=drawn("another log")))),
        ("log_fork", lambda: opened(ENTRY, hashes={})),
        ("message_broken", lambda: opened(ENTRY, seed=SEEDS[1])),
        ("message_signature", lambda: opened(sealed(signing=A.signer))),
        ("content_form", lambda: opened(sealed(b"{}"))),
    ],
)
def test_what_a_message_is_refused_for(code, call):
    assert refusal_of(call) == code


def test_a_message_that_is_padded_otherwise_is_refused():
    key = epochs.message_key(SEEDS[0], SIGNED.hash, SENDER)
    ad = read_ad(ENTRY).encode()
    nonce = bytes(12)
    signature = B.signer.sign("content", ad + digest(TEXT))
    length = len(TEXT).to_bytes(4, "big")
    for padded in (
        (length + TEXT).ljust(512, b"\0"),
        (length + TEXT).ljust(256, b" "),
        (b"\xff" * 4 + TEXT).ljust(256, b"\0"),
        (bytes(4) + TEXT).ljust(256, b"\0"),
    ):
        entry = ad + nonce + AESGCM(key).encrypt(nonce, signature + padded, ad)
        assert refusal_of(opened, entry) == "message_padding"
    right = (length + TEXT).ljust(256, b"\0")
    assert opened(ad + nonce + AESGCM(key).encrypt(nonce, signature + right, ad)).raw == TEXT


def test_the_longest_content_has_the_largest_size():
    assert size_of(contents.CONTENT_MAX) == PADDED_SIZES[-1]
    assert [size_of(size - 4) for size in PADDED_SIZES] == list(PADDED_SIZES)
    assert [size_of(size - 3) for size in PADDED_SIZES[:-1]] == list(PADDED_SIZES[1:])


def test_one_seed_gives_another_secret_for_every_use_and_epoch():
    seed, record = SEEDS[0], SIGNED.hash
    found = [
        epochs.message_key(seed, record, SENDER),
        epochs.message_key(seed, record, A.devices[0]),
        epochs.message_key(seed, NEXT.hash, SENDER),
        epochs.message_key(SEEDS[1], record, SENDER),
        epochs.authenticator(seed, record),
        epochs.authenticator(seed, NEXT.hash),
        epochs.export(seed, record, "calls", b""),
        epochs.export(seed, record, "calls", b"x"),
        epochs.export(seed, record, "call", b"s"),
        epochs.export(seed, record, "files", b""),
    ]
    assert len(set(found)) == len(found)
    number = epochs.authenticator_number(found[4])
    assert [len(group) for group in number.split(" ")] == [5] * 12


# The log


@steady
@given(
    st.lists(st.tuples(st.sampled_from([RECORD, MESSAGE]), ids, st.binary()), max_size=6),
    st.data(),
)
def test_logs_that_differ_in_any_entry_never_agree_again(entries, data):
    def grown(given_):
        log, hashes = Log.first(CONVERSATION), []
        for kind, device, entry in given_:
            log = log.next(kind, device, digest(entry))
            hashes.append(log.hash)
        assert log.place == len(given_)
        return hashes

    hashes = grown(entries)
    assert len(set(hashes)) == len(hashes)
    if not entries:
        return
    at = data.draw(st.integers(0, len(entries) - 1))
    kind, device, entry = entries[at]
    for other in (
        (3 - kind, device, entry),
        (kind, changed(device, 0, 0), entry),
        (kind, device, entry + b"x"),
    ):
        found = grown([*entries[:at], other, *entries[at + 1 :]])
        assert found[:at] == hashes[:at]
        assert not set(found[at:]) & set(hashes)
    assert next_hash(bytes(32), 1, *entries[0][:2], bytes(32)) != hashes[0]


# Contents


@steady
@given(any_json | st.fixed_dictionaries({
    "v": st.just(1), "kind": st.sampled_from(["text", "read", "card", "gone"]),
    "at": st.integers(-1, 3), "body": any_json,
}))  # fmt: skip
def test_any_json_is_a_content_or_refused(value):
    data = attempt({"json_form"}, canonical_json.encode, value)
    found = attempt({"content_form"}, contents.decode, data) if data is not None else None
    if found is None or found.kind == contents.UNKNOWN:
        return
    assert contents.encode(found.kind, found.at, found.body) == data


OF = {"device": "A" * 22, "id": "A" * 22}
CHAIN = "A" * 43
BODIES = {
    "text": {"text": "x", "mentions": [CHAIN] * 50},
    "reply": {"text": "x", "mentions": [], "of": OF, "quote": ""},
    "edit": {"of": OF, "text": "x", "mentions": []},
    "delete": {"of": OF},
    "reaction": {"of": OF, "reaction": None},
    "read": {"place": 0},
    "profile": {"name": "Ada", "picture": None},
    "card": {"name": "The Adas", "picture": "AA"},
    "sync": {"register": "block", "key": "", "value": None},
}
WRONG = [
    ("text", "text", ""),
    ("text", "text", "x" * 32_769),
    ("text", "mentions", [CHAIN] * 51),
    ("text", "mentions", ["A" * 42]),
    ("text", "mentions", None),
    ("reply", "quote", "x" * 513),
    ("reply", "of", {"device": "A" * 22}),
    ("edit", "of", {**OF, "more": 1}),
    ("delete", "of", {**OF, "id": "A" * 21}),
    ("reaction", "reaction", ""),
    ("reaction", "reaction", "x" * 65),
    ("read", "place", -1),
    ("read", "place", True),
    ("read", "place", "1"),
    ("profile", "name", None),
    ("profile", "name", " Ada"),
    ("profile", "picture", ""),
    ("card", "picture", "A" * 32_770),
    ("sync", "register", ""),
    ("sync", "register", "x" * 33),
    ("sync", "key", "x" * 257),
    ("sync", "value", "x" * 8_191),
]


@pytest.mark.parametrize("kind", BODIES)
def test_each_kind_has_its_body_and_no_other_key(kind):
    body = BODIES[kind]
    assert contents.decode(contents.encode(kind, 5, body)) == (kind, 5, body)
    assert refusal_of(contents.encode, kind, 5, {**body, "more": 1}) == "content_form"
    for name in body:
        less = {key: one for key, one in body.items() if key != name}
        assert refusal_of(contents.encode, kind, 5, less) == "content_form"


@pytest.mark.parametrize(("kind", "name", "value"), WRONG)
def test_a_value_out_of_its_range_is_in_no_form(kind, name, value):
    wrong = {**BODIES[kind], name: value}
    assert refusal_of(contents.encode, kind, 5, wrong) == "content_form"
    data = canonical_json.encode({"v": 1, "kind": kind, "at": 5, "body": wrong})
    assert refusal_of(contents.decode, data) == "content_form"


def test_a_kind_of_a_later_version_is_read_and_not_written():
    data = canonical_json.encode({"v": 1, "kind": "poll", "at": 5, "body": ["anything"]})
    assert contents.decode(data) == ("unknown", 5, {})
    assert refusal_of(contents.encode, "poll", 5, {}) == "content_form"


# Registers


@steady
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["block", "alias", "newer"]),
            st.sampled_from(["a", "b"]),
            st.none() | st.integers(0, 3),
        )
    )
)
def test_of_each_key_the_newest_wins_and_null_takes_it_away(history):
    state, plain = {}, {}
    for register, key, value in history:
        before = state
        body = {"register": register, "key": key, "value": value}
        state = registers.folded(state, contents.Content("sync", 0, body))
        assert before is state or before == dict(before)
        plain[register, key] = value
    assert {(one, key): value for one in state for key, value in state[one].items()} == {
        where: value for where, value in plain.items() if value is not None
    }
    assert all(state.values())
    assert registers.folded(state, contents.Content("text", 0, BODIES["text"])) == state


def test_who_recovers_begins_another_conversation_with_themselves():
    person = Member("recovers", 2)

    def own():
        founded = registers.founding_hash(person.line.last)
        return registers.self_conversation(person.chain, founded)

    first = own()
    person.remove(person.devices[1])
    assert own() == first
    person.recover()
    assert own() != first


# Leaves


def test_a_leave_is_of_one_stay_of_one_person_in_one_conversation():
    key = A.signer.public
    leave = sign_leave(A.signer, CONVERSATION, A.chain, 4)
    assert leave.device == A.devices[0]
    assert verify_leave(CONVERSATION, leave, key)
    assert not verify_leave(bytes(16), leave, key)
    assert not verify_leave(CONVERSATION, leave._replace(since=5), key)
    assert not verify_leave(CONVERSATION, leave._replace(chain=B.chain), key)
    assert not verify_leave(CONVERSATION, leave, B.signer.public)


# Invitations

INVITATION = invitations.Invitation(b"i" * 16, b"s" * 32)
WHO = invitations.Inviting(Pin(A.chain, 1, drawn("head")), "Ada", CONVERSATION)
SEALED = invitations.seal_invitation(INVITATION, WHO, lambda size: b"n" * size)


@steady
@given(ids, st.integers(0, 2**32 - 1), st.sampled_from([None, "Ada", "أمل"]), st.none() | ids)
def test_who_invites_and_who_redeems_tell_each_other_who_they_are(head, sequence, name, into):
    who = invitations.Inviting(Pin(A.chain, sequence, head * 2), name, into)
    for seal, unseal, other in (
        (invitations.seal_invitation, invitations.open_invitation, invitations.open_redemption),
        (invitations.seal_redemption, invitations.open_redemption, invitations.open_invitation),
    ):
        data = seal(INVITATION, who, lambda size: b"n" * size)
        assert len(data) <= invitations.SEALED_MAX
        assert unseal(INVITATION, data) == who
        assert refusal_of(other, INVITATION, data) == "invitation_box"
        stranger = replace(INVITATION, id=bytes(16))
        assert refusal_of(unseal, stranger, data) == "invitation_box"


@steady
@given(st.integers(0, 8 * len(SEALED) - 1))
def test_an_invitation_with_any_bit_changed_is_refused(at):
    broken = changed(SEALED, at // 8, at % 8)
    assert refusal_of(invitations.open_invitation, INVITATION, broken) == "invitation_box"


@steady
@given(any_text, any_text)
def test_an_invitation_is_found_in_a_link_and_nowhere_else(before, after):
    fragment = INVITATION.fragment()
    found = attempt({"invitation_form"}, invitations.read_invitation, before)
    assert found is None
    assert invitations.read_invitation(f"{before}#{fragment}") == INVITATION
    assert invitations.read_invitation(f"{before}#{fragment} {after}") == INVITATION
    for wrong in (fragment[:-1], fragment + "A", fragment.replace(".", ","), fragment[7:]):
        assert refusal_of(invitations.read_invitation, before + wrong) == "invitation_form"


def test_who_says_what_is_no_name_invites_nobody():
    who = WHO._replace(name=" Ada")
    args = INVITATION, who, lambda size: b"n" * size
    assert refusal_of(invitations.seal_invitation, *args) == "invitation_form"


def test_a_signed_record_says_what_was_signed():
    assert SignedRecord.read(SIGNED.entry()) == SIGNED
    assert epochs.verify_record(SIGNED, A.signer.public)
    assert not epochs.verify_record(SIGNED, B.signer.public)
    hashes = (SIGNED.box_hashes[1], SIGNED.box_hashes[0], *SIGNED.box_hashes[2:])
    assert not epochs.verify_record(replace(SIGNED, box_hashes=hashes), A.signer.public)
