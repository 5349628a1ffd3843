"""What goes through a push service: the example of RFC 8291, and every other by an implementation
of others; and the token of RFC 8292."""

import os

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    derive_private_key,
    generate_private_key,
)
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from ephemeral.protocol.accounts.push_messages import encrypted, point, private_key, read_keys
from ephemeral.protocol.accounts.vapid import authorization
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal

# RFC 8291, appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = b64decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
RECEIVER = b64decode(
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
AUTH, SALT = b64decode("BTBZMqHH6r4Tts7J_aSIgg"), b64decode("DGv6ra1nlYgDCS1FRnbzlw")
BODY = b64decode(
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6T"
    "lzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4"
    "a-fN"
)


def test_the_example_of_the_standard():
    key = derive_private_key(int.from_bytes(SENDER, "big"), SECP256R1())
    assert encrypted(PLAIN, read_keys(RECEIVER, AUTH), key, SALT) == BODY


@given(plain=st.binary(max_size=300), seed=st.binary(min_size=48, max_size=48))
def test_others_open_what_is_encrypted_here(plain: bytes, seed: bytes):
    receiver, auth = generate_private_key(SECP256R1()), os.urandom(16)
    keys = read_keys(point(receiver), auth)
    body = encrypted(plain, keys, private_key(seed), os.urandom(16))
    opened = http_ece.decrypt(body, private_key=receiver, auth_secret=auth, version="aes128gcm")
    assert opened == plain
    assert len(body) == 16 + 4 + 1 + 65 + len(plain) + 1 + 16


@pytest.mark.parametrize(
    ("public", "auth"),
    [
        (b"\x04" + bytes(64), AUTH),
        (b"\x04" + b"\xff" * 64, AUTH),
        (b"\x02" + RECEIVER[1:33], AUTH),
        (RECEIVER[:-1] + bytes([RECEIVER[-1] ^ 1]), AUTH),
        (RECEIVER, AUTH[:15]),
        (b"", b""),
    ],
)
def test_keys_that_no_browser_has_are_refused(public: bytes, auth: bytes):
    with pytest.raises(Refusal, check=lambda error: error.code == "malformed"):
        read_keys(public, auth)


def test_any_seed_makes_a_key_and_the_same_seed_the_same():
    for seed in (bytes(48), b"\xff" * 48, os.urandom(48)):
        assert point(private_key(seed)) == point(private_key(seed))
    with pytest.raises(ValueError, match="48 bytes"):
        private_key(bytes(32))


def test_a_push_service_can_check_who_sends_and_for_whom():
    key = private_key(os.urandom(48))
    said = authorization(key, "https://push.example", 1_000_000, "mailto:ada@example.org")
    token, public = said.removeprefix("vapid t=").split(", k=")
    decoded = jwt.decode(token, ECKey.import_key(key.public_key()), algorithms=["ES256"])
    assert decoded.header == {"typ": "JWT", "alg": "ES256"}
    assert decoded.claims == {
        "aud": "https://push.example", "exp": 1_043_200, "sub": "mailto:ada@example.org",
    }  # fmt: skip
    assert public == b64encode(point(key))
    nobody = authorization(key, "https://push.example", 0, None)
    claims = jwt.decode(nobody.split("t=")[1].split(",")[0], ECKey.import_key(key)).claims
    assert claims.keys() == {"aud", "exp"}
