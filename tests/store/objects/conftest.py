from collections.abc import Iterator

import pytest
from support.machines.seaweed import Seaweed, seaweed


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Seaweed]:
    """One for all tests: each makes a bucket of its own."""
    with seaweed() as running:
        yield running
