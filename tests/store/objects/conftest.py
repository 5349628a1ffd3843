from collections.abc import Iterator

import pytest
from support.machines.radosgw import radosgw
from support.machines.seaweed import S3Server, seaweed

#: Those that speak S3; the second one in `make test-stores` alone.
ENGINES = ("seaweedfs_server", pytest.param("radosgw_server", marks=pytest.mark.stores))


@pytest.fixture(scope="session")
def seaweedfs_server() -> Iterator[S3Server]:
    """One for all tests: each makes a bucket of its own."""
    with seaweed() as running:
        yield running


@pytest.fixture(scope="session")
def radosgw_server() -> Iterator[S3Server]:
    with radosgw() as running:
        yield running


@pytest.fixture(params=ENGINES)
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    server: S3Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["local", *ENGINES])
def place(request: pytest.FixtureRequest) -> S3Server | None:
    """Where objects are kept: None is a directory."""
    if request.param == "local":
        return None
    server: S3Server = request.getfixturevalue(request.param)
    return server
