"""The manifest of a release: everything that a browser is given, by its digest (docs/verifying.md).

A manifest is a file of JSON and its signature is Ed25519 over the bytes of that file, so that who
checks it needs to write nothing anew. A document holds the path below which an instance stands;
the manifest says at which bytes, and the digest is of the document without it.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ephemeral.protocol.encoding import b64decode, dump_json, parse_json
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.objects import Json, read_integer, read_list, read_object, read_text

__all__ = [
    "COMPARED",
    "REFUSED",
    "Item",
    "Release",
    "check_signature",
    "check_version",
    "encode_release",
    "item",
    "read_release",
    "without_base_path",
]

_FORMAT = "ephemeral.release.1"
_PUBLIC_KEY_SIZE = 32
_SIGNATURE_SIZE = 64
_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){1,3}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

#: What an answer says to the browser, and must say in the same words.
COMPARED = (
    "content-security-policy",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "integrity-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
)
#: What it must not say at all: each loads something, reports to somebody or opens a door.
REFUSED = (
    "access-control-allow-origin",
    "content-security-policy-report-only",
    "link",
    "location",
    "nel",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "sourcemap",
    "x-sourcemap",
)


class Item(NamedTuple):
    """One thing that is served.

    `path` is below the instance's own. A document has a `language`, a file has None. At the bytes
    `base_path_at` of a document the instance's path has to be put in.
    """

    path: str
    language: str | None
    status: int
    size: int
    sha256: str
    base_path_at: tuple[int, ...]
    headers: Mapping[str, str]


class Release(NamedTuple):
    """Everything that a version serves to browsers."""

    version: str
    items: tuple[Item, ...]


def item(
    path: str,
    language: str | None,
    status: int,
    body: bytes,
    base_path_at: tuple[int, ...],
    headers: Mapping[str, str],
) -> Item:
    """The entry of something whose `body` is this, without the instance's path."""
    digest = hashlib.sha256(body).hexdigest()
    return Item(path, language, status, len(body), digest, base_path_at, headers)


def encode_release(release: Release) -> bytes:
    """The manifest: of one release always the same bytes, an item on each line."""
    lines = b",\n".join(dump_json(_encoded(one)) for one in release.items)
    head = dump_json({"format": _FORMAT, "version": release.version})
    return b'%b,"items":[\n%b\n]}\n' % (head[:-1], lines)


def _encoded(one: Item) -> dict[str, object]:
    about = {} if one.language is None else {"language": one.language}
    places = {"base_path_at": list(one.base_path_at)} if one.base_path_at else {}
    return {
        "path": one.path,
        **about,
        "status": one.status,
        "size": one.size,
        "sha256": one.sha256,
        **places,
        "headers": dict(one.headers),
    }


def read_release(data: bytes) -> Release:
    """Read a manifest; raises Refusal `release_form`."""
    try:
        value = parse_json(data)
        if not isinstance(value, dict) or read_text(value, "format") != _FORMAT:
            raise Refusal("malformed")
        version = read_text(value, "version")
        refuse(_VERSION.fullmatch(version) is None, "malformed")
        items = tuple(_read_item(one) for one in read_list(value, "items"))
        refuse(not items, "malformed")
    except Refusal:
        raise Refusal("release_form", "This is no manifest of a release.") from None
    return Release(version, items)


def _read_item(value: object) -> Item:
    if not isinstance(value, dict):
        raise Refusal("malformed")
    places = [
        read_integer({"at": one}, "at")
        for one in (read_list(value, "base_path_at") if "base_path_at" in value else [])
    ]
    digest, path = read_text(value, "sha256"), read_text(value, "path")
    refuse(_DIGEST.fullmatch(digest) is None, "malformed")
    refuse(places != sorted(set(places)), "malformed")
    # An address of this instance and of no other.
    refuse(re.fullmatch(r"(?!/)[A-Za-z0-9._/-]*", path) is None or ".." in path, "malformed")
    return Item(
        path,
        read_text(value, "language") if "language" in value else None,
        read_integer(value, "status"),
        read_integer(value, "size"),
        digest,
        tuple(places),
        _read_headers(read_object(value, "headers")),
    )


def _read_headers(value: Json) -> dict[str, str]:
    return {name: read_text(value, name) for name in value}


def check_signature(data: bytes, signature: bytes, public_key: str) -> None:
    """Raises Refusal unless whoever has the secret of `public_key` (base64url) signed `data`.

    `signature` is what stands in its file: 64 bytes in base64url.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key, _PUBLIC_KEY_SIZE))
    except (Refusal, ValueError):
        raise Refusal("release_key", "The release key is not 32 bytes in base64url.") from None
    try:
        signed = b64decode(signature.decode("ascii").strip(), _SIGNATURE_SIZE)
        key.verify(signed, data)
    except (Refusal, UnicodeDecodeError, InvalidSignature):
        raise Refusal(
            "release_signature", "The manifest was not signed with this release key."
        ) from None


def check_version(version: str, at_least: str) -> None:
    """Raises Refusal if a release is older than `at_least`: its faults may be known by now."""
    refuse(
        _VERSION.fullmatch(at_least) is None,
        "release_version",
        "A version is two to four numbers with full stops between them.",
    )
    refuse(
        _numbers(version) < _numbers(at_least),
        "release_old",
        f"The manifest is of version {version}, which is older than {at_least}.",
    )


def _numbers(version: str) -> list[int]:
    numbers = [int(part) for part in version.split(".")]
    return numbers + [0] * (4 - len(numbers))


def without_base_path(body: bytes, base_path: bytes, places: tuple[int, ...]) -> bytes | None:
    """A document without the instance's path; None if that isn't in all its places."""
    parts, at = [], 0
    for count, place in enumerate(places):
        here = place + count * len(base_path)
        if body[here : here + len(base_path)] != base_path:
            return None
        parts.append(body[at:here])
        at = here + len(base_path)
    return b"".join([*parts, body[at:]])
