"""What all devices of the account share: registers, in the account's own conversation (9)."""

from collections.abc import Awaitable, Callable, Mapping

from ephemeral.client.conversations.store import Store
from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.conversations.contents import Content
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal

__all__ = ["HISTORY", "Registers", "Sync", "Tell"]

#: Called with a content of the own conversation, in the order of its log, within the transaction.
Sync = Callable[[bytes, Content], None]
#: Sets a register for all devices of the account, by its name and key.
Tell = Callable[[str, str, object], Awaitable[None]]

#: The register that tells new devices the keys of what is handed over to them (15).
HISTORY = "history"


class Registers:
    """Registers as they were read here."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, _conversation: bytes, content: Content) -> None:
        """The newest wins; null takes away. Within the transaction of whoever reads."""
        register, key = str(content.body["register"]), str(content.body["key"])
        value = content.body["value"]
        if value is None:
            self._store.do("DELETE FROM registers WHERE register = ? AND key = ?", register, key)
            return
        bound = f"{register}\0{key}".encode()
        sealed = self._store.seal("registers", bound, canonical_json.encode(value))
        self._store.do("INSERT OR REPLACE INTO registers VALUES (?, ?, ?)", register, key, sealed)

    def of(self, register: str) -> dict[str, object]:
        """Values by key."""
        rows = self._store.all(
            "SELECT key, value FROM registers WHERE register = ? ORDER BY key", register
        )
        return {
            key: canonical_json.decode(
                self._store.unseal("registers", f"{register}\0{key}".encode(), value)
            )
            for key, value in rows
        }

    def every(self) -> list[tuple[str, str, object]]:
        """All of them: register, key and value."""
        names = self._store.all("SELECT DISTINCT register FROM registers ORDER BY register")
        return [(name, key, value) for (name,) in names for key, value in self.of(name).items()]

    def pinned(self, given: Mapping[str, object]) -> dict[bytes, bytes]:
        """R by conversation: what own devices have pinned here, or told when this was linked."""
        found: dict[bytes, bytes] = {}
        for name, value in {**given, **self.of("conversation")}.items():
            text = value.get("R") if isinstance(value, dict) else value
            try:
                found[b64decode(name, 16)] = b64decode(text, 32)
            except Refusal:
                continue
        return found
