"""What lengths of content are filled up to, so that few of them tell it apart."""

__all__ = ["padme"]


def padme(length: int) -> int:
    """The least length from `length`, 2 or more, on that has few digits: docs/files.md, 3.1.

    Of its binary digits so many may differ from zero as its exponent has.
    """
    exponent = length.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return length + -length % step
