"""What every answer says to the browser, by what it is: HTTP/1.1 sends it in full each time.

Only what means something is said. A document brings a policy for everything in it, and one program
alone, the page's, may run: no other document runs any. A worker has a policy of its own, and a
document under `require-corp` starts none that doesn't say the same. What is neither is never run by
itself: it says that it is nothing else than its type, and for nobody else's page.
"""

import base64
import hashlib

__all__ = [
    "ANSWER",
    "DERIVING_WORKER",
    "DOCUMENT",
    "FILE",
    "FORMS",
    "PICTURE",
    "WORKER",
    "Header",
    "integrity",
    "permitting",
    "program",
]

Header = tuple[bytes, bytes]


def _policy(**directives: str) -> Header:
    text = "; ".join(f"{name.replace('_', '-')} {value}" for name, value in directives.items())
    return (b"content-security-policy", text.encode())


def integrity(content: bytes) -> str:
    """By what a browser sees that it was given this content and no other (W3C SRI)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"


_DOCUMENT = {
    "default_src": "'none'",
    "style_src": "'self'",
    "img_src": "'self' data:",
    "manifest_src": "'self'",
    "form_action": "'none'",
    "frame_ancestors": "'none'",
    "base_uri": "'none'",
    "require_trusted_types_for": "'script'",
    "trusted_types": "'none'",
}
_NOTHING = {"default_src": "'none'", "frame_ancestors": "'none'"}
_UNUSED = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "compute-pressure",
    "digital-credentials-get",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "local-network-access",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "speaker-selection",
    "storage-access",
    "sync-xhr",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)


def _permissions(allowed: frozenset[str] = frozenset()) -> Header:
    said = (f"{name}={'(self)' if name in allowed else '()'}" for name in _UNUSED)
    return (b"permissions-policy", ", ".join(said).encode())


# What the page loads: scripts, styles, sentences, pictures.
FILE: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# A drawing can be opened as a document, and may then hold a script of its own.
PICTURE = (*FILE, _policy(**_NOTHING))
# A document, and whatever nobody thought of.
DOCUMENT = (
    *FILE,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    _permissions(),
    _policy(**_DOCUMENT),
)
# A document with forms, in which no program runs: what it says in place of what DOCUMENT says.
# Where a form comes from is told to this server alone, which asks for it.
FORMS = (
    _policy(**_DOCUMENT | {"form_action": "'self'"}),
    (b"referrer-policy", b"same-origin"),
)
# JSON for programs, which a person may open all the same.
ANSWER = (*FILE, (b"referrer-policy", b"no-referrer"), _policy(**_NOTHING))
_WORKER = (
    *FILE,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-embedder-policy", b"require-corp"),
)
_NO_TEXT = {"require_trusted_types_for": "'script'"}
WORKER = (*_WORKER, _policy(**_NOTHING | {"script_src": "'self'"} | _NO_TEXT))
# The worker that derives keys compiles WebAssembly; nothing else may, and it does nothing else.
DERIVING_WORKER = (
    *_WORKER,
    _policy(**_NOTHING | {"script_src": "'self' 'wasm-unsafe-eval'"} | _NO_TEXT),
)


def permitting(*names: str) -> Header:
    """What a document says that may use these features, in place of DOCUMENT, which allows none."""
    return _permissions(frozenset(names))


def program(import_map: str, *policies: str, **directives: str) -> tuple[Header, ...]:
    """What the document says that runs the page's program, in place of what DOCUMENT says.

    Its scripts come from this server and have the integrity that the document names: the import
    map, the one script that stands in it, names that of what is loaded later. `policies`: names of
    policies of Trusted Types that it makes beside the one of every program. `directives`: what else
    this program may.
    """
    return (
        _policy(
            **_DOCUMENT
            | {
                "script_src": f"'self' '{integrity(import_map.encode())}'",
                "connect_src": "'self'",
                "worker_src": "'self'",
                "trusted_types": " ".join(("ephemeral", *policies)),
            }
            | directives
        ),
        (b"integrity-policy", b"blocked-destinations=(script)"),
    )
