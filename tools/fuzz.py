"""Try every parser with very many inputs, and count them: `python tools/fuzz.py [ARGUMENT ...]`.

What is tried are the tests of arbitrary input, tests/**/test_any_*.py, which run with every test
run, there with few inputs. Here each gets as many as the profile `fuzz` of tests/conftest.py says.
The page's are with them: tests/browser/test_hostile.py says how many, and counts them by batches.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TEST = re.compile(r"^(tests/\S+?)::(\S.*):$")
_COUNT = re.compile(r"- (\d+) passing, (\d+) failing, and \d+ invalid test cases")


def counted(output: str) -> Counter[str]:
    """File -> inputs that were tried, by what hypothesis tells of each test."""
    found: Counter[str] = Counter()
    test = ""
    for line in output.splitlines():
        if named := _TEST.match(line):
            test = named[1]
        elif count := _COUNT.search(line):
            found[test] += int(count[1]) + int(count[2])
    return found


def main() -> int:
    """Run them; the exit code is pytest's."""
    files = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_any_*.py"))
    files += ["tests/browser/test_hostile.py", "tests/protocol/test_two_languages.py"]
    ended = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile",
            "--hypothesis-profile=fuzz",
            "--hypothesis-show-statistics", "--timeout=3600", *files, *sys.argv[1:],
        ],
        cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    inputs = counted(ended.stdout)
    if ended.returncode != 0:
        print(ended.stdout)
    for file, count in sorted(inputs.items()):
        print(f"{count:>9,} {file}")
    print(f"{inputs.total():>9,} inputs in all")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
