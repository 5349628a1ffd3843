"""What is reckoned for the rows that conversations leave in the database, with their indexes: bytes
beside those of messages and records themselves, reckoned from the columns and rounded up."""

__all__ = ["BOX", "CONVERSATION", "PERSON", "PLACE", "RECORD", "posted", "record"]

#: A conversation, and a person in it, with rows of two devices and of the chain.
CONVERSATION, PERSON = 1_024, 1_024
#: A place of the log; a message that waits has another row, which is reckoned here as well.
PLACE = 512
#: A record, with the rows of its payload and its key; and a box that waits.
RECORD, BOX = 1_536, 1_536


def posted(messages: int, size: int) -> int:
    """So many messages with so many bytes."""
    return messages * PLACE + size


def record(size: int, boxes: int) -> int:
    """A record of so many bytes, and so many boxes."""
    return RECORD + PLACE + size + boxes * BOX
