"""Key derivation, key schedule and configuration: docs/protocol.md, sections 3 and 4."""

import copy
import hashlib
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from code_cases import CODE, HYPHENS
from maker import Vectors, b64, drawn, hkdf


def argon2id(code: str, salt: bytes) -> bytes:
    return hash_secret_raw(code.encode(), salt, 3, 65_536, 1, 32, Type.ID, version=0x13)


def pbkdf2(code: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", code.encode(), salt, 600_000, 32)


def make_keys() -> Vectors:
    v = Vectors("keys", "From the code to the keys: docs/protocol.md, 3.1 and section 4")
    v.operation("derive_root", {"code": "text", "suite": "integer", "salt": "hex"}, {"root": "hex"})
    v.operation(
        "room_keys", {"root": "hex"}, {"locator": "hex", "charter_key": "hex", "room_secret": "hex"}
    )
    v.operation(
        "content_keys",
        {"root": "hex", "room_nonce": "hex"},
        {"message_key": "hex", "profile_key": "hex"},
    )
    salt, other_salt = drawn("keys/salt", 32), drawn("keys/other salt", 32)
    for name, suite, code, chosen, why in (
        ("argon2id", 1, CODE, salt, "Suite 1."),
        ("argon2id_other_salt", 1, CODE, other_salt, "The same code with another server."),
        ("argon2id_hyphens", 1, HYPHENS, salt, "Hyphens of words and between them are alike."),
        ("pbkdf2", 2, CODE, salt, "Suite 2."),
        ("pbkdf2_zero_salt", 2, CODE, bytes(32), "Zero bytes are bytes."),
    ):
        root = argon2id(code, chosen) if suite == 1 else pbkdf2(code, chosen)
        given = {"code": code, "suite": suite, "salt": chosen}
        v.success("derive_root", f"root_{name}", why, given, {"root": root})
    for name, suite, chosen, refusal, why in (
        ("suite_0", 0, salt, "config_kdf", "No such suite."),
        ("suite_3", 3, salt, "config_kdf", "No such suite."),
        ("salt_31", 1, salt[:31], "config_salt", "A salt has 32 bytes."),
        ("salt_33", 2, salt + b"\0", "config_salt", "A salt has 32 bytes; nothing is cut."),
        ("salt_empty", 2, b"", "config_salt", "A salt has 32 bytes."),
        ("suite_and_salt", 3, b"", "config_kdf", "The suite is checked first."),
    ):
        given = {"code": CODE, "suite": suite, "salt": chosen}
        v.refusal("derive_root", f"root_{name}", why, given, refusal)
    for name in ("one", "two"):
        root, nonce = drawn(f"keys/root {name}", 32), drawn(f"keys/nonce {name}", 32)
        secret = hkdf(root, b"", "ephemeral/v1/room-secret")
        v.success(
            "room_keys",
            f"room_keys_{name}",
            "Three keys with three labels.",
            {"root": root},
            {
                "locator": hkdf(root, b"", "ephemeral/v1/locator"),
                "charter_key": hkdf(root, b"", "ephemeral/v1/charter"),
                "room_secret": secret,
            },
        )
        for which, chosen, why in (
            ("", nonce, "Two keys that depend on the room's nonce."),
            ("_room_made_again", drawn(f"keys/again {name}", 32), "The same code, another nonce."),
        ):
            v.success(
                "content_keys",
                f"content_keys_{name}{which}",
                why,
                {"root": root, "room_nonce": chosen},
                {
                    "message_key": hkdf(secret, chosen, "ephemeral/v1/message"),
                    "profile_key": hkdf(secret, chosen, "ephemeral/v1/profile"),
                },
            )
    return v


KDF: dict[int, dict[str, Any]] = {
    1: {
        "suite": 1,
        "name": "argon2id",
        "memory_kib": 65_536,
        "passes": 3,
        "lanes": 1,
        "length": 32,
    },
    2: {"suite": 2, "name": "pbkdf2", "rounds": 600_000, "length": 32},
}
SALT = drawn("config/salt", 32)
CONFIG: dict[str, Any] = {
    "protocol": "ephemeral.v1",
    "now": 1_790_000_000_000,
    "kdf": KDF[1],
    "salt": b64(SALT),
    "limits": {
        "message_ttl": [60, 604_800],
        "room_ttl": [300, 2_592_000],
        "seats": [2, 50],
        "waiting_messages": 500,
        "waiting_bytes": 16_777_216,
        "envelope": 65_536,
        "lease_seconds": 120,
        "seat_grace_seconds": 60,
        "resume_seconds": 1800,
        "tombstone_seconds": 86_400,
    },
    "defaults": {"message_ttl": 86_400, "room_ttl": 604_800, "seats": 2},
}
ABSENT = object()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good configuration with one member changed or, if ABSENT, taken away."""
    config = copy.deepcopy(CONFIG)
    *parents, last = path.split(".")
    place: Any = config
    for parent in parents:
        place = place[parent]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return config


def make_config() -> Vectors:
    v = Vectors("config", "What a client believes of a server: docs/protocol.md, 3.2 and 3.3")
    v.operation("kdf_object", {"suite": "integer"}, {"kdf": "json"}, side="server")
    v.operation(
        "read_config",
        {"config": "json"},
        {"suite": "integer", "salt": "hex", "limits": "json", "defaults": "json"},
    )
    for suite, kdf in KDF.items():
        why = "What a server publishes."
        v.success("kdf_object", f"kdf_object_{suite}", why, {"suite": suite}, {"kdf": kdf})
    lower = {"message_ttl": [60, 3600], "room_ttl": [300, 300], "seats": [2, 2], "envelope": 4096}
    lowest = {"message_ttl": 60, "room_ttl": 300, "seats": 2}
    for name, config, why in (
        ("suite_1", CONFIG, "As in the document."),
        ("suite_2", changed("kdf", KDF[2]), "The other suite."),
        ("unknown_keys", {**CONFIG, "motd": "hello"}, "Clients ignore unknown keys."),
        ("unknown_limit", changed("limits.files", 0), "Clients ignore unknown keys."),
        ("lower_limits", {**CONFIG, "limits": {**CONFIG["limits"], **lower}, "defaults": lowest},
         "A server may allow less."),
        ("integers_with_fractions", changed("kdf.memory_kib", 65_536.0), "1.0 is 1."),
    ):  # fmt: skip
        out = {
            "suite": config["kdf"]["suite"],
            "salt": SALT,
            "limits": {key: config["limits"][key] for key in CONFIG["limits"]},
            "defaults": config["defaults"],
        }
        v.success("read_config", f"config_{name}", why, {"config": config}, out)
    for name, value in (("null", None), ("array", [CONFIG]), ("string", "ephemeral.v1")):
        why = "A configuration is an object."
        v.refusal("read_config", f"config_{name}", why, {"config": value}, "malformed")
    wrong_protocol(v)
    wrong_kdf(v)
    wrong_salt(v)
    wrong_limits(v)
    return v


def wrong_protocol(v: Vectors) -> None:
    for name, value, why in (
        ("absent", ABSENT, "No protocol is named."),
        ("version_2", "ephemeral.v2", "Another version is never guessed."),
        ("version_10", "ephemeral.v10", "Not compared by its start."),
        ("in_capitals", "Ephemeral.v1", "Compared byte by byte."),
        ("with_space", "ephemeral.v1 ", "Nothing is trimmed."),
        ("number", 1, "A string."),
        ("array", ["ephemeral.v1"], "Equal to the string in JavaScript's loose comparison."),
    ):
        given = {"config": changed("protocol", value)}
        v.refusal("read_config", f"config_protocol_{name}", why, given, "config_protocol")
    everything = {"protocol": "x", "kdf": {}, "salt": "", "limits": {}, "defaults": {}}
    why = "The protocol is checked first."
    given = {"config": everything}
    v.refusal("read_config", "config_protocol_before_kdf", why, given, "config_protocol")


def wrong_kdf(v: Vectors) -> None:
    for name, path, value, why in (
        ("absent", "kdf", ABSENT, "None is named."),
        ("null", "kdf", None, "None is named."),
        ("name_only", "kdf", "argon2id", "An object is asked for."),
        ("array", "kdf", [KDF[1]], "An object is asked for."),
        ("empty", "kdf", {}, "Nothing is taken for granted."),
        ("suite_3", "kdf.suite", 3, "No such suite."),
        ("suite_absent", "kdf.suite", ABSENT, "Nothing is taken for granted."),
        ("suite_2_by_number", "kdf.suite", 2, "The number of one and the rest of the other."),
        ("name_of_argon2i", "kdf.name", "argon2i", "Another function."),
        ("name_in_capitals", "kdf.name", "Argon2id", "Compared byte by byte."),
        ("less_memory", "kdf.memory_kib", 8, "Weak parameters are the server's attack."),
        ("slightly_less_memory", "kdf.memory_kib", 65_535, "Exactly."),
        ("more_memory", "kdf.memory_kib", 131_072, "There are no other parameters."),
        ("memory_absent", "kdf.memory_kib", ABSENT, "Nothing is taken for granted."),
        ("memory_as_string", "kdf.memory_kib", "65536", "A string is no number."),
        ("one_pass", "kdf.passes", 1, "Weak parameters are the server's attack."),
        ("two_lanes", "kdf.lanes", 2, "There are no other parameters."),
        ("lanes_true", "kdf.lanes", True, "Equal to 1 in Python."),
        ("suite_true", "kdf.suite", True, "Equal to 1 in Python."),
        ("length_16", "kdf.length", 16, "A shorter root."),
        ("unknown_key", "kdf.pepper", "x", "Exactly one of the two objects."),
        ("rounds_beside", "kdf.rounds", 600_000, "Exactly one of the two objects."),
    ):
        given = {"config": changed(path, value)}
        v.refusal("read_config", f"config_kdf_{name}", why, given, "config_kdf")
    for name, change, why in (
        ("one_round", {"rounds": 1}, "Weak parameters are the server's attack."),
        ("one_round_fewer", {"rounds": 599_999}, "Exactly."),
        ("more_rounds", {"rounds": 1_200_000}, "There are no other parameters."),
        ("rounds_true", {"rounds": True}, "No number."),
        ("name_argon2id", {"name": "argon2id"}, "The name of one and the rest of the other."),
        ("hash_beside", {"hash": "sha-1"}, "Exactly one of the two objects."),
    ):
        given = {"config": changed("kdf", KDF[2] | change)}
        v.refusal("read_config", f"config_kdf_{name}", why, given, "config_kdf")
    both = {"config": changed("kdf.passes", 1) | {"salt": ""}}
    why = "The function is checked before the salt."
    v.refusal("read_config", "config_kdf_before_salt", why, both, "config_kdf")


def wrong_salt(v: Vectors) -> None:
    good = b64(SALT)
    for name, value, why in (
        ("absent", ABSENT, "None is given."),
        ("empty", "", "Nothing."),
        ("of_31_bytes", b64(SALT[:31]), "32 bytes."),
        ("of_33_bytes", b64(SALT + b"\0"), "32 bytes."),
        ("padded", good + "=", "Not canonical."),
        ("in_hexadecimal", SALT.hex(), "Another encoding, and another length in this one."),
        ("bad_tail", good[:-1] + "_", "Not canonical."),
        ("number", 0, "A string."),
        ("array", [good], "A string."),
    ):
        given = {"config": changed("salt", value)}
        v.refusal("read_config", f"config_salt_{name}", why, given, "config_salt")
    both = {"config": changed("salt", "") | {"limits": {}}}
    why = "The salt is checked before the limits."
    v.refusal("read_config", "config_salt_before_limits", why, both, "config_salt")


def wrong_limits(v: Vectors) -> None:
    for name, path, value, why in (
        ("absent", "limits", ABSENT, "They are needed to make a charter."),
        ("null", "limits", None, "An object is asked for."),
        ("array", "limits", [], "An object is asked for."),
        ("seats_absent", "limits.seats", ABSENT, "Every limit is published."),
        ("seats_51", "limits.seats", [2, 51], "A server may allow less, never more."),
        ("seats_1", "limits.seats", [1, 50], "A server may allow less, never more."),
        ("seats_reversed", "limits.seats", [50, 2], "Nothing lies in it."),
        ("seats_one_number", "limits.seats", [2], "A range has two ends."),
        ("seats_three_numbers", "limits.seats", [2, 3, 4], "A range has two ends."),
        ("seats_number", "limits.seats", 50, "A range has two ends."),
        ("seats_fraction", "limits.seats", [2, 2.5], "Integers."),
        ("message_ttl_59", "limits.message_ttl", [59, 604_800], "Less than a joiner accepts."),
        ("message_ttl_604801", "limits.message_ttl", [60, 604_801], "More than a joiner accepts."),
        ("room_ttl_299", "limits.room_ttl", [299, 2_592_000], "Less than a joiner accepts."),
        ("room_ttl_2592001", "limits.room_ttl", [300, 2_592_001], "More than a joiner accepts."),
        ("envelope_65537", "limits.envelope", 65_537, "No envelope is larger."),
        ("envelope_511", "limits.envelope", 511, "No envelope fits."),
        ("lease_0", "limits.lease_seconds", 0, "A lease that is no lease."),
        ("lease_true", "limits.lease_seconds", True, "Equal to 1 in Python."),
        ("waiting_0", "limits.waiting_messages", 0, "Nothing could ever wait."),
        ("waiting_501", "limits.waiting_messages", 501, "A server may allow less, never more."),
        (
            "waiting_bytes_16777217",
            "limits.waiting_bytes",
            16_777_217,
            "A server may allow less, never more.",
        ),
        ("waiting_bytes_0", "limits.waiting_bytes", 0, "Nothing could ever wait."),
        ("waiting_bytes_string", "limits.waiting_bytes", "16777216", "A string is no number."),
        ("grace_negative", "limits.seat_grace_seconds", -1, "Durations have no sign."),
        ("resume_null", "limits.resume_seconds", None, "Every limit is published."),
        ("tombstone_absent", "limits.tombstone_seconds", ABSENT, "Every limit is published."),
        ("defaults_absent", "defaults", ABSENT, "They are published."),
        ("default_seats_1", "defaults.seats", 1, "A default lies within the limits."),
        ("default_message_ttl_59", "defaults.message_ttl", 59, "Within the limits."),
        ("default_room_ttl_299", "defaults.room_ttl", 299, "Within the limits."),
        ("default_room_ttl_absent", "defaults.room_ttl", ABSENT, "Every default is published."),
    ):
        given = {"config": changed(path, value)}
        v.refusal("read_config", f"config_limits_{name}", why, given, "config_limits")
    narrow = changed("limits.seats", [2, 3])
    narrow["defaults"] = {**CONFIG["defaults"], "seats": 4}
    why = "A default lies within this server's limits."
    v.refusal("read_config", "config_limits_default", why, {"config": narrow}, "config_limits")
