"""Modules run apart and linked, by the node of Playwright's wheel."""

import hashlib
import json
import subprocess
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

from ephemeral.edge.linking import link

ENTRY = "pages/main.js"


def plain(name: str, text: str) -> str:
    """The address of a file whose name says nothing of what is in it."""
    return name


def fingerprinted(name: str, text: str) -> str:
    return f"{name.removesuffix('.js')}.{hashlib.sha256(text.encode()).hexdigest()[:8]}.js"


def node(*arguments: str) -> str:
    """What node prints."""
    binary, _ = compute_driver_executable()
    done = subprocess.run(
        [binary, *arguments],
        check=False, capture_output=True, text=True, encoding="utf-8", timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def run(folder: Path, files: dict[str, str], start: str) -> list[str]:
    """What a program prints, a JSON value on each line, run by the node of Playwright's wheel."""
    for name, text in {**files, "package.json": '{"type": "module"}'}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    done = node(str(folder / start))
    return [json.loads(line) for line in done.splitlines()]


def both(tmp_path: Path, files: dict[str, str]) -> list[object]:
    """What the modules say, the same apart and linked. `main` is the text of the entry."""
    say = "const say = (value) => console.log(JSON.stringify(value) ?? '\"undefined\"');\n"
    sources = {ENTRY if name == "main" else name: text for name, text in files.items()}
    sources[ENTRY] = say + sources[ENTRY]
    apart = run(tmp_path / "apart", sources, ENTRY)
    linked = link(sources, ENTRY, plain)
    together = run(tmp_path / "linked", {one: two.text for one, two in linked.items()}, "app.js")
    assert together == apart
    assert apart
    return apart
