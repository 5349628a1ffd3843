"""By which an operator is let in: a name, a password, and a code that counts once.

Codes are those of RFC 6238: six digits, a new one every 30 seconds, HMAC-SHA-1, as every
authenticator app makes them.
"""

import base64
import hmac
import re
from typing import Literal

__all__ = [
    "AUDIT_MINUTES",
    "IDLE_MS",
    "PASSWORD_LENGTHS",
    "SESSION_MS",
    "TICKET_MS",
    "TOTP_BYTES",
    "Act",
    "is_name",
    "is_password",
    "provisioning",
    "step_of",
    "typed_secret",
]

#: How long a session lasts at most, and without being used.
SESSION_MS = 12 * 3_600_000
IDLE_MS = 30 * 60_000
#: How long a ticket may wait to be used.
TICKET_MS = 24 * 3_600_000
#: How long the trail is kept: 400 days.
AUDIT_MINUTES = 400 * 24 * 60
#: In characters.
PASSWORD_LENGTHS = (12, 256)
TOTP_BYTES = 20

_STEP_MS = 30_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_CODE = re.compile(r"[0-9]{6}")

#: What is written down. `refused`: somebody gave a wrong password or code.
Act = Literal[
    "added", "renewed", "enrolled", "signed_in", "refused", "signed_out", "signed_out_everywhere",
    "removed", "dismissed", "suspended", "lifted", "took_down",
]  # fmt: skip


def is_name(text: str) -> bool:
    """Whether an operator may be called so."""
    return _NAME.fullmatch(text) is not None


def is_password(text: str) -> bool:
    """Whether this may be an operator's password."""
    least, most = PASSWORD_LENGTHS
    return least <= len(text) <= most and not any("\ud800" <= one <= "\udfff" for one in text)


def step_of(secret: bytes, typed: str, now: int, used: int) -> int | None:
    """Of which step a code is, if it is right at `now` (ms) and after the step `used` last.

    One step before and one after count too: clocks differ.
    """
    # Loaded where somebody signs in, and nowhere else.
    from pyotp import TOTP  # noqa: PLC0415

    code = "".join(typed.split())
    if _CODE.fullmatch(code) is None:
        return None
    codes = TOTP(typed_secret(secret))
    present = now // _STEP_MS
    found = None
    for step in (present - 1, present, present + 1):
        is_right = hmac.compare_digest(codes.generate_otp(step), code)
        if is_right and step > used and found is None:
            found = step
    return found


def typed_secret(secret: bytes) -> str:
    """The secret as people type it into an app."""
    return base64.b32encode(secret).decode()


def provisioning(secret: bytes, name: str, issuer: str) -> str:
    """What an app reads from a picture (the Key URI Format)."""
    from pyotp import TOTP  # noqa: PLC0415

    return TOTP(typed_secret(secret)).provisioning_uri(name=name, issuer_name=issuer)
