"""The server's own layer: docs/keyring.md. No client sees any of it."""

from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from maker import Vectors, drawn, flipped, hkdf, sealed

OPERATOR = drawn("keyring/operator", 32)
EPOCH_KEY, DATA_KEY = drawn("keyring/epoch key", 32), drawn("keyring/data key", 32)
PAYLOAD, OTHER = drawn("keyring/payload", 16), drawn("keyring/other", 16)
NONCE = drawn("keyring/nonce", 12)
TEXT = drawn("keyring/envelope", 100)
EPOCH = 7


def body_ad(payload: bytes = PAYLOAD, kind: str = "message") -> bytes:
    return b"ephemeral/v1/server/payload\0" + kind.encode() + b"\0" + payload


def key_ad(payload: bytes = PAYLOAD, epoch: int = EPOCH) -> bytes:
    return b"ephemeral/v1/server/data-key\0" + epoch.to_bytes(8, "big") + payload


def chunk_ad(payload: bytes = PAYLOAD, chunk: int = 1) -> bytes:
    return b"ephemeral/v1/server/attachment\0" + payload + chunk.to_bytes(4, "big")


def header(epoch: int | None = EPOCH, version: int = 1) -> bytes:
    kind, number = (1, 0) if epoch is None else (2, epoch)
    return b"ephemkey" + bytes([version, kind]) + number.to_bytes(8, "big")


def key_file(key: bytes, head: bytes, operator: bytes = OPERATOR) -> bytes:
    wrapping = hkdf(operator, b"", "ephemeral/v1/server/keyring")
    return head + NONCE + AESGCM(wrapping).encrypt(NONCE, key, head)


def make() -> Vectors:
    v = Vectors("keyring", "The server's second layer: docs/keyring.md")
    body = {"data_key": "hex", "payload": "hex", "kind": "text"}
    chunk = {"data_key": "hex", "payload": "hex", "chunk": "integer"}
    key = {"epoch": "integer", "epoch_key": "hex", "payload": "hex"}
    file = {"encryption_key": "hex", "epoch": "integer?"}
    for op, takes, gives in (
        ("seal_payload", {**body, "nonce": "hex", "plaintext": "hex"}, {"body": "hex"}),
        ("open_payload", {**body, "body": "hex"}, {"plaintext": "hex"}),
        ("seal_stored_chunk", {**chunk, "nonce": "hex", "plaintext": "hex"}, {"body": "hex"}),
        ("open_stored_chunk", {**chunk, "body": "hex"}, {"plaintext": "hex"}),
        ("wrap_key", {**key, "nonce": "hex", "data_key": "hex"}, {"wrapped": "hex"}),
        ("unwrap_key", {**key, "wrapped": "hex"}, {"data_key": "hex"}),
        ("write_key_file", {**file, "nonce": "hex", "key": "hex"}, {"file": "hex"}),
        ("read_key_file", {**file, "file": "hex"}, {"key": "hex"}),
    ):
        v.operation(op, takes, gives, side="server")
    bodies(v)
    chunks(v)
    keys(v)
    files(v)
    return v


def bodies(v: Vectors) -> None:
    ours: dict[str, Any] = {"data_key": DATA_KEY, "payload": PAYLOAD, "kind": "message"}
    for kind in ("message", "profile", "resume"):
        given = ours | {"kind": kind}
        body = sealed(DATA_KEY, NONCE, TEXT, body_ad(kind=kind))
        v.success("seal_payload", f"seal_{kind}", "Version, nonce, ciphertext and tag.",
                  {**given, "nonce": NONCE, "plaintext": TEXT}, {"body": body})  # fmt: skip
        v.success("open_payload", f"open_{kind}", "And back.", {**given, "body": body},
                  {"plaintext": TEXT})  # fmt: skip
        for other in sorted({"message", "profile", "resume"} - {kind}):
            v.refusal("open_payload", f"open_{kind}_as_{other}", "The kind is bound.",
                      {**given, "kind": other, "body": body}, "seal_broken")  # fmt: skip
    right = sealed(DATA_KEY, NONCE, TEXT, body_ad())
    for name, change, why in (
        ("of_another_payload", {"payload": OTHER}, "Rows can't be exchanged."),
        ("by_another_data_key", {"data_key": drawn("keyring/another", 32)}, "A key of its own."),
        ("by_the_epoch_key", {"data_key": EPOCH_KEY}, "It wraps, and seals nothing."),
        ("of_version_2", {"body": b"\2" + right[1:]}, "Not known yet."),
        ("empty", {"body": b""}, "Nothing."),
        ("of_28_bytes", {"body": right[:28]}, "Too short for a tag."),
        ("cut", {"body": right[:-1]}, "A part of a tag is no tag."),
        ("extended", {"body": right + b"\0"}, "Nothing is cut off."),
        ("first_bit", {"body": flipped(right, 13, 7)}, "Every bit counts."),
        ("nonce", {"body": flipped(right, 1)}, "Every bit counts."),
        ("with_the_label_of_a_key", {"body": sealed(DATA_KEY, NONCE, TEXT, key_ad())}, "A label."),
    ):
        v.refusal("open_payload", f"open_{name}", why, {**ours, "body": right} | change,
                  "seal_broken")  # fmt: skip


def chunks(v: Vectors) -> None:
    ours: dict[str, Any] = {"data_key": DATA_KEY, "payload": PAYLOAD, "chunk": 1}
    for number in (0, 1, 39):
        given = ours | {"chunk": number}
        body = sealed(DATA_KEY, NONCE, TEXT, chunk_ad(chunk=number))
        v.success("seal_stored_chunk", f"seal_chunk_{number}", "Each in its place.",
                  {**given, "nonce": NONCE, "plaintext": TEXT}, {"body": body})  # fmt: skip
        v.success("open_stored_chunk", f"open_chunk_{number}", "And back.",
                  {**given, "body": body}, {"plaintext": TEXT})  # fmt: skip
    right = sealed(DATA_KEY, NONCE, TEXT, chunk_ad())
    for name, change, why in (
        ("of_another_place", {"chunk": 2}, "Chunks can't be exchanged."),
        ("of_another_attachment", {"payload": OTHER}, "Nor those of two attachments."),
        ("by_another_data_key", {"data_key": drawn("keyring/another", 32)}, "A key of its own."),
        ("of_version_2", {"body": b"\2" + right[1:]}, "Not known yet."),
        ("empty", {"body": b""}, "Nothing."),
        ("cut", {"body": right[:-1]}, "A part of a tag is no tag."),
        ("extended", {"body": right + b"\0"}, "Nothing is cut off."),
        ("nonce", {"body": flipped(right, 1)}, "Every bit counts."),
        ("sealed_as_a_body", {"body": sealed(DATA_KEY, NONCE, TEXT, body_ad())}, "A label."),
    ):
        v.refusal("open_stored_chunk", f"open_chunk_{name}", why, {**ours, "body": right} | change,
                  "seal_broken")  # fmt: skip


def keys(v: Vectors) -> None:
    ours: dict[str, Any] = {"epoch": EPOCH, "epoch_key": EPOCH_KEY, "payload": PAYLOAD}
    for epoch in (1, EPOCH, 2**63 - 1):
        given = ours | {"epoch": epoch}
        wrapped = sealed(EPOCH_KEY, NONCE, DATA_KEY, key_ad(epoch=epoch))
        v.success("wrap_key", f"wrap_{epoch}", "61 bytes.",
                  {**given, "nonce": NONCE, "data_key": DATA_KEY},
                  {"wrapped": wrapped})  # fmt: skip
        v.success("unwrap_key", f"unwrap_{epoch}", "And back.", {**given, "wrapped": wrapped},
                  {"data_key": DATA_KEY})  # fmt: skip
    right = sealed(EPOCH_KEY, NONCE, DATA_KEY, key_ad())
    for name, change, why in (
        ("of_another_epoch", {"epoch": EPOCH + 1}, "The epoch is bound, were its key the same."),
        ("by_another_epoch_key", {"epoch_key": drawn("keyring/next", 32)}, "Another epoch's."),
        ("of_another_payload", {"payload": OTHER}, "Keys can't be exchanged."),
        ("of_version_2", {"wrapped": b"\2" + right[1:]}, "Not known yet."),
        ("of_60_bytes", {"wrapped": right[:-1]}, "A part of a tag is no tag."),
        ("of_62_bytes", {"wrapped": right + b"\0"}, "Nothing is cut off."),
        ("tag", {"wrapped": flipped(right, -1)}, "Every bit counts."),
        ("sealed_as_a_body", {"wrapped": sealed(EPOCH_KEY, NONCE, DATA_KEY, body_ad())},
         "A label."),
        ("of_16_bytes", {"wrapped": sealed(EPOCH_KEY, NONCE, DATA_KEY[:16], key_ad())},
         "A shorter key."),
    ):  # fmt: skip
        v.refusal("unwrap_key", f"unwrap_{name}", why, {**ours, "wrapped": right} | change,
                  "seal_broken")  # fmt: skip


def files(v: Vectors) -> None:
    for name, epoch in (("epoch", EPOCH), ("index", None)):
        given: dict[str, Any] = {"encryption_key": OPERATOR}
        if epoch is not None:
            given["epoch"] = epoch
        file = key_file(EPOCH_KEY, header(epoch))
        v.success("write_key_file", f"write_{name}", "78 bytes.",
                  {**given, "nonce": NONCE, "key": EPOCH_KEY}, {"file": file})  # fmt: skip
        v.success("read_key_file", f"read_{name}", "And back.", {**given, "file": file},
                  {"key": EPOCH_KEY})  # fmt: skip
    ours: dict[str, Any] = {"encryption_key": OPERATOR, "epoch": EPOCH}
    right = key_file(EPOCH_KEY, header())
    renamed = header(EPOCH + 1) + right[18:]
    other_header = key_file(EPOCH_KEY, header(EPOCH + 1))
    for name, file, code, why in (
        ("by_another_operator", key_file(EPOCH_KEY, header(), drawn("keyring/op 2", 32)),
         "seal_broken", "Another ENCRYPTION_KEY."),
        ("by_the_operators_key_itself",
         header() + NONCE + AESGCM(OPERATOR).encrypt(NONCE, EPOCH_KEY, header()),
         "seal_broken", "What wraps is derived."),
        ("with_the_header_of_another", header() + other_header[18:], "seal_broken",
         "The header is bound."),
        ("of_another_epoch", other_header, "key_file_malformed", "Another than its name says."),
        ("renamed", renamed, "key_file_malformed", "Another than its name says."),
        ("of_the_index", key_file(EPOCH_KEY, header(None)), "key_file_malformed", "Another kind."),
        ("of_version_2", key_file(EPOCH_KEY, header(version=2)), "key_file_malformed",
         "Not known yet."),
        ("of_77_bytes", right[:-1], "key_file_malformed", "Cut."),
        ("of_79_bytes", right + b"\0", "key_file_malformed", "Nothing is cut off."),
        ("tag", flipped(right, -1), "seal_broken", "Every bit counts."),
        ("nonce", flipped(right, 18), "seal_broken", "Every bit counts."),
    ):  # fmt: skip
        v.refusal("read_key_file", f"read_{name}", why, {**ours, "file": file}, code)
