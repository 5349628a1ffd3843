"""One's own typing: told as often as a key is pressed, sent far less often (11.5)."""

from ephemeral.protocol.limits import TYPING_REPEAT_SECONDS

__all__ = ["OwnTyping"]


class OwnTyping:
    """What others were told last, over the present socket."""

    def __init__(self) -> None:
        self._said_at: int | None = None

    def forget(self) -> None:
        """A new socket: there nobody was told anything."""
        self._said_at = None

    def is_news(self, now: int, *, typing: bool) -> bool:
        """Whether others are to be told, at `now` in milliseconds; then they have been."""
        if not typing:
            news = self._said_at is not None
            self._said_at = None
            return news
        if self._said_at is not None and now - self._said_at < TYPING_REPEAT_SECONDS * 1000:
            return False
        self._said_at = now
        return True
