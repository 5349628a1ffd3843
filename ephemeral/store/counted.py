"""How many of something there are, in words for the operator."""

__all__ = ["counted"]


def counted(number: int, noun: str) -> str:
    """`1 message`, `2 messages`; the plural of the noun's last word is made by an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
