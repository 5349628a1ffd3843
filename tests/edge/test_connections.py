"""Descriptors: as many as the system grants, and connections end before they do."""

import resource

import pytest

from ephemeral.edge.connections import Connections, many_files, most_connections

NO_BOUND = resource.RLIM_INFINITY


class System:
    """Limits as a system keeps them: it names `hard` as the bound and grants up to `most`."""

    def __init__(self, soft: int, hard: int, most: int) -> None:
        self.soft = soft
        self._hard = hard
        self._most = most

    def getrlimit(self, _which: int) -> tuple[int, int]:
        return self.soft, self._hard

    def setrlimit(self, _which: int, limits: tuple[int, int]) -> None:
        soft, hard = limits
        assert hard == self._hard, "what is given up is never had back"
        if self._most < soft or soft == NO_BOUND:
            raise ValueError("not allowed to raise maximum limit")
        self.soft = soft


@pytest.mark.parametrize(
    ("soft", "hard", "most", "then"),
    [
        (1024, 4096, 4096, 4096),
        (1024, 1_048_576, 1_048_576, 1_048_576),
        (256, NO_BOUND, 10_240, 10_240),
        (256, NO_BOUND, 24_576, 24_576),
        (256, NO_BOUND, 122_880, 65_536),
        (12_000, NO_BOUND, 10_240, 12_000),
        (256, NO_BOUND, 256, 256),
        (256, 2**40, 1_048_576, 1_048_576),
        (1024, 1024, 1024, 1024),
        (NO_BOUND, NO_BOUND, 0, NO_BOUND),
    ],
)
def test_the_limit_is_raised_as_far_as_the_system_grants(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, most: int, then: int
):
    system = System(soft, hard, most)
    monkeypatch.setattr(resource, "getrlimit", system.getrlimit)
    monkeypatch.setattr(resource, "setrlimit", system.setrlimit)
    many_files()
    assert system.soft == then
    assert 16 <= most_connections(64) < 1_048_576


class Waiting:
    """An idle connection, which notes that it was dropped."""

    dropped = False

    def drop(self) -> None:
        self.dropped = True


def test_who_was_idle_longest_makes_room_and_who_is_busy_does_not():
    crowd, waiting = Connections(3), [Waiting() for _ in range(3)]
    for one in waiting:
        assert crowd.has_room(3)
        crowd.idle(one)
    crowd.busy(waiting[0])
    crowd.idle(waiting[0])
    crowd.busy(waiting[1])
    for dropped in ([2], [2, 0]):
        assert crowd.has_room(4)
        assert [number for number in range(3) if waiting[number].dropped] == sorted(dropped)
    assert not crowd.has_room(4)
    assert crowd.has_room(3)
