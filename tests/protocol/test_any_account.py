"""What accounts are made of: anything that is typed or sent is read in one form, or refused."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from support.any_input import any_json, any_text, attempt, steady

from ephemeral.protocol.accounts import addresses, canonical_json, linking, passwords, pins, proofs
from ephemeral.protocol.accounts.chain import Chain, genesis
from ephemeral.protocol.accounts.device_names import open_device_name, seal_device_name
from ephemeral.protocol.accounts.hpke import PrivateKey
from ephemeral.protocol.accounts.padding import padded_json, unpadded_json
from ephemeral.protocol.accounts.recovery import read_recovery_words
from ephemeral.protocol.accounts.signing import SigningKey

KEY = SigningKey.from_seed(b"k" * 32)
BOX = PrivateKey.from_seed(b"s" * 32)
LINK = linking.link_keys(b"r" * 32)
CHAIN = Chain.empty().extend(genesis(KEY, KEY.public, bytes(32)))


@steady
@given(any_json)
def test_a_value_has_one_canonical_form_or_none(value):
    data = attempt({"json_form"}, canonical_json.encode, value)
    if data is None:
        return
    assert canonical_json.decode(data) == value
    assert canonical_json.encode(canonical_json.decode(data)) == data


@steady
@given(st.binary() | any_text.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_canonical_json_or_refused(data):
    value = attempt({"json_form"}, canonical_json.decode, data)
    assert value is None or canonical_json.encode(value) == data


@steady
@given(st.dictionaries(st.text(), st.integers(0, 9), max_size=60))
def test_what_is_padded_is_a_multiple_of_1024_bytes_and_comes_back(value):
    data = attempt({"json_form"}, padded_json, value)
    if data is not None:
        assert len(data) % 1024 == 0
        assert unpadded_json(data, "wrong") == value


@steady
@given(st.binary(max_size=64) | st.binary(max_size=16).map(lambda b: b.ljust(1024, b"\0")))
def test_any_plaintext_is_a_padded_object_or_refused(data):
    value = attempt({"wrong"}, unpadded_json, data, "wrong")
    assert value is None or padded_json(value) == data


@steady
@given(any_text)
def test_any_text_is_an_address_or_refused(text):
    address = attempt({"address_form"}, addresses.read_address, text)
    assert address is None or addresses.is_address(address)


@steady
@given(any_text, st.binary(min_size=40, max_size=40))
def test_any_name_makes_an_address_or_none(name, drawn):
    left = bytearray(drawn)

    def random(size):
        taken = bytes(left[:size]) or bytes(size)
        del left[:size]
        return taken

    address = attempt({"address_form"}, addresses.new_address, name, random)
    assert address is None or addresses.read_address(address) == address


@steady
@given(any_text | st.text(min_size=8, max_size=300))
def test_a_password_is_the_same_however_it_is_composed(text):
    refused = {"malformed", "password_length"}
    password = attempt(refused, passwords.normalized, text)
    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, text)
        assert attempt(refused, passwords.normalized, other) == password


@steady
@given(any_text | st.from_regex(r"[0-9]{1,17}\.[A-Za-z0-9_-]{86}", fullmatch=True))
def test_any_header_is_a_proof_in_form_or_refused(text):
    proof = attempt({"proof_wrong"}, proofs.read_proof, text)
    if proof is not None:
        assert not proofs.verify_proof(KEY.public, proof, "a", "GET", "/", "")


@steady
@given(any_text)
def test_any_text_is_ten_words_or_refused(text):
    refused = {"code_word", "code_length"}
    words = attempt(refused, read_recovery_words, text)
    assert words is None or len(words) >= 10


@steady
@given(st.binary(max_size=200) | st.binary(min_size=109, max_size=109))
def test_nobody_without_the_key_seals_what_a_device_reads(data):
    assert attempt({"linking_box"}, linking.open_request, LINK, bytes(16), data) is None
    assert attempt({"linking_box"}, linking.open_answer, LINK, bytes(16), data) is None
    assert attempt({"device_name"}, open_device_name, b"n" * 32, bytes(16), data) is None
    assert attempt({"box_broken"}, BOX.unseal, b"", data) is None
    signature = KEY.sign("pins", data)
    device = CHAIN.devices[0].id
    refused = {"box_broken"}
    assert attempt(refused, pins.open_pins, BOX, CHAIN, device, data, signature) is None


@steady
@given(st.text(max_size=70))
def test_any_name_of_a_device_comes_back_or_is_refused(name):
    sealed = attempt({"device_name"}, seal_device_name, b"n" * 32, bytes(16), name, bytes)
    if sealed is not None:
        assert len(sealed) == 109
        assert open_device_name(b"n" * 32, bytes(16), sealed) == name
