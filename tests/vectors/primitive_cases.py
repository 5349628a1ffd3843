"""The primitives, as both languages' libraries are used here: published answers, and the edges.

Answers that a standard publishes are written out; the others are computed by the libraries of the
generator.
"""

import hashlib
import hmac
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from maker import Vectors, drawn, flipped

KEY = drawn("primitives/key", 32)
NONCE = drawn("primitives/nonce", 12)
AD = drawn("primitives/ad", 84)
H = bytes.fromhex


def make() -> Vectors:
    v = Vectors("primitives", "The primitives of docs/protocol.md, 1.2 and 3.1")
    sealing = {"key": "hex", "nonce": "hex", "ad": "hex"}
    v.operation("aead_seal", {**sealing, "plaintext": "hex"}, {"sealed": "hex"})
    v.operation("aead_open", {**sealing, "sealed": "hex"}, {"plaintext": "hex"})
    v.operation("sha256", {"data": "hex"}, {"hash": "hex"})
    v.operation("hmac", {"key": "hex", "data": "hex"}, {"mac": "hex"})
    v.operation(
        "hkdf", {"ikm": "hex", "salt": "hex", "info": "hex", "length": "integer"}, {"okm": "hex"}
    )
    v.operation(
        "pbkdf2",
        {"password": "hex", "salt": "hex", "rounds": "integer", "length": "integer"},
        {"key": "hex"},
    )
    v.operation(
        "argon2id",
        {"password": "hex", "salt": "hex", "memory_kib": "integer", "passes": "integer",
         "lanes": "integer", "length": "integer"},
        {"key": "hex"},
    )  # fmt: skip
    published_gcm(v)
    lengths_of_gcm(v)
    forged_gcm(v)
    hashes(v)
    derivations(v)
    return v


def published_gcm(v: Vectors) -> None:
    """Test cases 13 to 16 of the specification of GCM (McGrew and Viega)."""
    key = H("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    text = H(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
    )
    said = H(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
    )
    ad = H("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    nonce = H("cafebabefacedbaddecaf888")
    for name, one, iv, plain, bound, sealed in (
        ("13", bytes(32), bytes(12), b"", b"", H("530f8afbc74536b9a963b4f1c4cb738b")),
        ("14", bytes(32), bytes(12), bytes(16), b"",
         H("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")),
        ("15", key, nonce, text, b"", said + H("b094dac5d93471bdec1a502270e3cc6c")),
        ("16", key, nonce, text[:60], ad, said[:60] + H("76fc6ece0f4e1768cddf8853bb2d551b")),
    ):  # fmt: skip
        given = {"key": one, "nonce": iv, "ad": bound}
        both_ways(v, f"gcm_case_{name}", "Published with GCM.", given, plain, sealed)


def both_ways(v: Vectors, name: str, why: str, given: Any, plain: bytes, sealed: bytes) -> None:
    v.success("aead_seal", f"seal_{name}", why, {**given, "plaintext": plain}, {"sealed": sealed})
    v.success("aead_open", f"open_{name}", why, {**given, "sealed": sealed}, {"plaintext": plain})


def lengths_of_gcm(v: Vectors) -> None:
    for size in (0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 4095):
        plain = drawn("primitives/plain", size)
        given = {"key": KEY, "nonce": NONCE, "ad": AD}
        sealed = AESGCM(KEY).encrypt(NONCE, plain, AD)
        both_ways(v, f"{size}_bytes", "Around the blocks of AES.", given, plain, sealed)
    for size in (0, 1, 15, 16, 17, 83, 85, 1024):
        ad = drawn("primitives/ad", size)
        given = {"key": KEY, "nonce": NONCE, "ad": ad}
        sealed = AESGCM(KEY).encrypt(NONCE, b"text", ad)
        both_ways(v, f"ad_of_{size}_bytes", "Around the blocks of GHASH.", given, b"text", sealed)
    for name, key, nonce in (
        ("key_of_zeros", bytes(32), NONCE),
        ("key_of_ones", b"\xff" * 32, NONCE),
        ("nonce_of_zeros", KEY, bytes(12)),
        ("nonce_of_ones", KEY, b"\xff" * 12),
    ):
        given = {"key": key, "nonce": nonce, "ad": AD}
        sealed = AESGCM(key).encrypt(nonce, b"text", AD)
        both_ways(v, name, "Nothing is special about it.", given, b"text", sealed)


def forged_gcm(v: Vectors) -> None:
    plain = drawn("primitives/plain", 40)
    right = AESGCM(KEY).encrypt(NONCE, plain, AD)
    empty = AESGCM(KEY).encrypt(NONCE, b"", AD)
    ours = {"key": KEY, "nonce": NONCE, "ad": AD}

    def refused(name: str, why: str, sealed: bytes, **change: bytes) -> None:
        given = {**ours, **change, "sealed": sealed}
        v.refusal("aead_open", f"forged_{name}", why, given, "envelope_open")

    for size in (0, 1, 4, 8, 12, 13, 14, 15):
        refused(
            f"tag_of_{size}_bytes", "A part of a tag is no tag.", right[: len(right) - 16 + size]
        )
        refused(f"tag_alone_of_{size}_bytes", "A part of a tag is no tag.", empty[:size])
    for bit in (0, 1, 7, 31, 32, 63, 64, 71, 77, 80, 96, 97, 120, 121, 126, 127):
        refused(
            f"tag_bit_{bit}",
            "Every bit counts.",
            flipped(right, len(right) - 16 + bit // 8, bit % 8),
        )
    tag = right[-16:]
    for name, other in (
        ("zeros", bytes(16)),
        ("ones", b"\xff" * 16),
        ("turned_over", bytes(byte ^ 0xFF for byte in tag)),
        ("first_bits", bytes(byte ^ 0x80 for byte in tag)),
        ("last_bits", bytes(byte ^ 0x01 for byte in tag)),
        ("reversed", tag[::-1]),
        ("of_the_empty_text", empty),
    ):
        refused(f"tag_{name}", "Nobody has sealed it so.", right[:-16] + other)
    for name, sealed, why in (
        ("empty", b"", "There is no tag."),
        ("tag_in_front", tag + right[:-16], "The tag stands at the end."),
        ("without_first_byte", right[1:], "Cut."),
        ("without_last_byte", right[:-1], "Cut."),
        ("without_a_block", right[16:], "Cut."),
        ("with_a_byte_in_front", b"\0" + right, "Extended."),
        ("with_a_byte_behind", right + b"\0", "Extended."),
        ("with_a_byte_before_the_tag", right[:-16] + b"\0" + tag, "Extended."),
        ("with_a_second_tag", right + tag, "Extended."),
        ("twice", right + right, "Extended."),
        ("blocks_exchanged", right[16:32] + right[:16] + right[32:], "The order counts."),
        ("first_bit_of_text", flipped(right, 0, 7), "Every bit counts."),
        ("last_bit_of_text", flipped(right, len(right) - 17), "Every bit counts."),
        ("plaintext_in_its_place", plain + tag, "It isn't encrypted."),
    ):
        refused(name, why, sealed)
    for at in (0, 3, 7, 8, 11):
        refused(f"nonce_byte_{at}", "Another nonce.", right, nonce=flipped(NONCE, at))
    refused("nonce_of_zeros", "Another nonce.", right, nonce=bytes(12))
    for at in (0, 16, 31):
        refused(f"key_byte_{at}", "Another key.", right, key=flipped(KEY, at))
    for name, ad, why in (
        ("empty", b"", "What is bound is missing."),
        ("first_bit", flipped(AD, 0, 7), "Every bit counts."),
        ("last_bit", flipped(AD, 83), "Every bit counts."),
        ("cut", AD[:-1], "Every byte counts."),
        ("extended", AD + b"\0", "Zero bytes are bytes."),
    ):
        refused(f"ad_{name}", why, right, ad=ad)
    refused("ad_moved_into_the_text", "Their lengths are bound.", AD[-16:] + right, ad=AD[:-16])
    refused("text_moved_into_the_ad", "Their lengths are bound.", right[16:], ad=AD + right[:16])


def hashes(v: Vectors) -> None:
    for name, data, digest in (
        ("empty", b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("two_blocks", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    ):  # fmt: skip
        v.success("sha256", f"sha256_{name}", "FIPS 180.", {"data": data}, {"hash": H(digest)})
    for size in (55, 56, 63, 64, 65, 119, 120, 128):
        data = drawn("primitives/data", size)
        out = {"hash": hashlib.sha256(data).digest()}
        v.success("sha256", f"sha256_{size}_bytes", "Around its padding.", {"data": data}, out)
    for name, key, data, mac in (
        ("1", b"\x0b" * 20, b"Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        ("2", b"Jefe", b"what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ("3", b"\xaa" * 20, b"\xdd" * 50,
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        ("6", b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ):  # fmt: skip
        v.success("hmac", f"hmac_case_{name}", "RFC 4231.", {"key": key, "data": data},
                  {"mac": H(mac)})  # fmt: skip
    for size in (0, 1, 45, 64, 65):
        data = drawn("primitives/data", size)
        out = {"mac": hmac.new(KEY, data, hashlib.sha256).digest()}
        v.success("hmac", f"hmac_{size}_bytes", "A key of ours.", {"key": KEY, "data": data}, out)


def derivations(v: Vectors) -> None:
    for name, ikm, salt, info, okm in (
        ("1", b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)),
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
        ("2", bytes(range(0x50)), bytes(range(0x60, 0xB0)), bytes(range(0xB0, 0x100)),
         ("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
          "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
          "cc30c58179ec3e87c14c01d5c1f3434f1d87")),
        ("3", b"\x0b" * 22, b"", b"",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
    ):  # fmt: skip
        given = {"ikm": ikm, "salt": salt, "info": info, "length": len(okm) // 2}
        v.success("hkdf", f"hkdf_case_{name}", "RFC 5869.", given, {"okm": H(okm)})
    extracted = hmac.new(bytes(32), KEY, hashlib.sha256).digest()
    blocks = [b""]
    for number in range(1, 4):
        blocks.append(hmac.new(extracted, blocks[-1] + b"i" + bytes([number]), "sha256").digest())
    for size in (1, 31, 32, 33, 64, 65):
        for name, salt in (("no_salt", b""), ("zero_salt", bytes(32))):
            given = {"ikm": KEY, "salt": salt, "info": b"i", "length": size}
            why = "No salt is 32 zero bytes, and a shorter output the beginning of a longer."
            v.success("hkdf", f"hkdf_{size}_bytes_{name}", why, given,
                      {"okm": b"".join(blocks)[:size]})  # fmt: skip
    for name, password, salt, rounds, key in (
        ("1_round", b"passwd", b"salt", 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
        ("80000_rounds", b"Password", b"NaCl", 80_000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"),
    ):  # fmt: skip
        given = {"password": password, "salt": salt, "rounds": rounds, "length": 32}
        v.success("pbkdf2", f"pbkdf2_{name}", "RFC 7914, section 11.", given, {"key": H(key)})
    for size in (1, 63, 64, 65, 200):
        password = drawn("primitives/password", size)
        given = {"password": password, "salt": KEY, "rounds": 2, "length": 32}
        out = {"key": hashlib.pbkdf2_hmac("sha256", password, KEY, 2, 32)}
        v.success("pbkdf2", f"pbkdf2_password_of_{size}", "Around HMAC's block.", given, out)
    for name, password, salt, memory, passes, lanes, key in (
        ("256_kib", b"password", b"somesalt", 256, 2, 1,
         "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
        ("two_lanes", b"password", b"somesalt", 256, 2, 2,
         "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
        ("64_mib", b"password", b"somesalt", 65_536, 2, 1,
         "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
    ):  # fmt: skip
        given = {"password": password, "salt": salt, "memory_kib": memory, "passes": passes,
                 "lanes": lanes, "length": 32}  # fmt: skip
        why = "Published with the reference implementation, version 1.3."
        v.success("argon2id", f"argon2id_{name}", why, given, {"key": H(key)})
    for name, size, memory, passes, length in (
        ("one_byte", 1, 64, 1, 32),
        ("three_passes", 40, 64, 3, 32),
        ("memory_not_of_four", 40, 67, 3, 32),
        ("16_bytes", 40, 64, 1, 16),
        ("65_bytes", 40, 64, 1, 65),
        ("long_password", 200, 64, 1, 32),
    ):
        password, salt = drawn("primitives/password", size), drawn("primitives/salt", 32)
        given = {"password": password, "salt": salt, "memory_kib": memory, "passes": passes,
                 "lanes": 1, "length": length}  # fmt: skip
        key = hash_secret_raw(password, salt, passes, memory, 1, length, Type.ID, version=0x13)
        v.success("argon2id", f"argon2id_{name}", "Cheap, and alike in both.", given, {"key": key})
