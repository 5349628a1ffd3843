"""Many people in one room, without browsers: in a node process each has a client of the page."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import playwright

_ROOT = Path(__file__).resolve().parent.parent.parent.parent
_NODE = Path(playwright.__file__).parent / "driver" / "node"


class Crowd:
    """People who do what they are told (tests/js/crowd.mjs), one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, who: str, what: str, *values: object) -> None:
        """Let somebody do something, and wait until it is done."""
        assert self._process.stdin is not None
        print(json.dumps([who, what, *values]), file=self._process.stdin, flush=True)
        self.hear("done")

    def hear(self, word: str) -> None:
        """Wait for this word."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == word


@contextmanager
def crowd(url: str, code: str, *names: str) -> Iterator[Crowd]:
    """These people, inside of the room with this code."""
    program = _ROOT / "tests" / "js" / "crowd.mjs"
    with subprocess.Popen(
        [_NODE, program, code, *names], env={"EPHEMERAL_URL": url}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        people = Crowd(process)
        try:
            people.hear("here")
            yield people
        finally:
            process.kill()
