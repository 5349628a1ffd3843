"""The cookie in which a browser may keep its refresh token, out of reach of scripts.

It goes to `/auth` alone, and counts only where the browser says that a page of this very origin
asks; a form or a script elsewhere can't make it say that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ephemeral.accounts.rules.sessions import DAY_MS, DEVICE_DAYS, PLAIN_DAYS

__all__ = ["NAME", "Cookies", "Sent"]

#: Browsers take a name with this beginning only where a connection is as good as TLS.
NAME = "__Secure-ephemeral"
_PAIR = re.compile(rf"(?:^|;)\s*{re.escape(NAME)}=([A-Za-z0-9_-]{{1,256}})\s*(?=;|$)")
_ATTRIBUTES = "HttpOnly; Secure; SameSite=Strict"
_DAY_SECONDS = DAY_MS // 1000


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request says about its cookie, in headers.

    `hosts`: what it says that it asks, to us and to a proxy before us. The latter is believed
    wherever it comes from: programs can say anything, but have nobody else's cookies; and a page of
    another origin may not add such a header, since its browser asks us first, and we allow nothing.
    """

    cookie: str
    site: str
    origin: str
    hosts: tuple[str, str]

    @property
    def token(self) -> str | None:
        """The refresh token in the cookie, if it counts."""
        found = _PAIR.findall(self.cookie)
        if len(found) != 1 or self.site != "same-origin" or not self._is_ours():
            return None
        return str(found[0])

    def _is_ours(self) -> bool:
        """Whether the page that asks has the origin that it asks."""
        try:
            parts = urlsplit(self.origin)
        except ValueError:
            return False
        is_origin = parts.scheme in {"http", "https"} and self.origin.count("/") == 2
        return is_origin and bool(parts.netloc) and parts.netloc in self.hosts


@dataclass(frozen=True, slots=True)
class Cookies:
    """Writes the cookie. `path`: that of sign-in, under the deployment's own."""

    path: str

    def keep(self, token: str, *, linked: bool) -> str:
        """Keep a token, for as long as its session stays without a refresh."""
        seconds = (DEVICE_DAYS if linked else PLAIN_DAYS) * _DAY_SECONDS
        return f"{NAME}={token}; Max-Age={seconds}; Path={self.path}; {_ATTRIBUTES}"

    def clear(self) -> str:
        """Forget it."""
        return f"{NAME}=; Max-Age=0; Path={self.path}; {_ATTRIBUTES}"
