"""Break the code on purpose and see a test go red: `python tools/mutations.py [WORD ...]`.

Each mutation of tests/mutations/*.toml is made in a copy of this checkout, and the test that it
names is run there. A test that passes all the same guards nothing, and this ends with 1. Words
choose mutations by what they say.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTS = ROOT / "tests" / "mutations"
_FAILED = 1


@dataclass(frozen=True)
class Mutation:
    """One guard that is broken: in `file` the text `old` becomes `new`, and `test` must fail."""

    what: str
    file: str
    old: str
    new: str
    test: str

    def applied(self, content: str) -> str:
        """The file with the mutation; raises ValueError if it doesn't fit any more."""
        if content.count(self.old) != 1:
            raise ValueError(
                f"{self.what}: {self.file} has that text {content.count(self.old)} times"
            )
        return content.replace(self.old, self.new)


def read() -> list[Mutation]:
    """All mutations, in the order of the lists."""
    found = []
    for path in sorted(LISTS.glob("*.toml")):
        found += [Mutation(**one) for one in tomllib.loads(path.read_text("utf-8"))["mutation"]]
    return found


def copy(to: Path) -> None:
    """This checkout as git sees it, with what isn't committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, to / name)


def bundle(mutation: Mutation, checkout: Path) -> None:
    """See that the page loads what its sources say now."""
    if mutation.file.startswith("web/static/"):
        subprocess.run([sys.executable, "tools/bundles.py"], cwd=checkout, check=True)


def goes_red(mutation: Mutation, checkout: Path) -> bool:
    """Whether the test notices."""
    path = checkout / mutation.file
    whole = path.read_text("utf-8")
    path.write_text(mutation.applied(whole), "utf-8")
    try:
        bundle(mutation, checkout)
        # From the checkout, whose modules come first then.
        command = [sys.executable, "-m", "pytest", "-q", "-x", *mutation.test.split()]
        ended = subprocess.run(command, cwd=checkout, check=False, capture_output=True)
    finally:
        path.write_text(whole, "utf-8")
        bundle(mutation, checkout)
    return ended.returncode == _FAILED


def main() -> int:
    """Run them all, or those whose `what` has one of the words."""
    words = sys.argv[1:]
    chosen = [one for one in read() if not words or any(word in one.what for word in words)]
    passed = 0
    with tempfile.TemporaryDirectory(prefix="ephemeral-mutations-") as folder:
        checkout = Path(folder)
        copy(checkout)
        for mutation in chosen:
            red = goes_red(mutation, checkout)
            passed += not red
            print(f"{'red' if red else 'NOT NOTICED':<12} {mutation.what}", flush=True)
    print(f"{len(chosen)} guards broken, {passed} of them unnoticed.")
    return 1 if passed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
