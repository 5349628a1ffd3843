"""The documents point at what exists: files, tests, and the names of docs/architecture.md."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
HOPS = re.findall(r"`([\w./-]+\.(?:py|js)): ([\w.]+)`", TEXT)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Paths from the top of the repository, in backticks.
NAMED = r"`((?:tests|ephemeral|web|sql|docs|deploy|tools|bench)/[\w./-]+)`"


def defined(path: Path) -> set[str]:
    """Functions and classes of a Python module, methods with their class's name before them."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{one.name}"
                for one in node.body
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return found


def declared(path: Path, name: str) -> bool:
    """Whether a script exports this, and has the method of it."""
    owner, _, method = name.partition(".")
    text = path.read_text("utf-8")
    if not re.search(rf"^export (?:async )?(?:class|function) {owner}\b", text, re.MULTILINE):
        return False
    return not method or re.search(rf"^  (?:async )?{method}\(", text, re.MULTILINE) is not None


def test_the_way_of_a_message_is_told_hop_by_hop():
    assert len(HOPS) >= 20


@pytest.mark.parametrize(("file", "name"), HOPS)
def test_a_hop_is_where_the_document_says(file: str, name: str):
    path = ROOT / file
    assert path.is_file()
    assert declared(path, name) if path.suffix == ".js" else name in defined(path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_what_a_document_names_exists(document: Path):
    named = set(re.findall(NAMED, document.read_text("utf-8")))
    assert {one for one in named if not (ROOT / one).exists() and "/xx." not in one} == set()


def test_every_promise_of_the_readme_has_a_test():
    table = (ROOT / "README.md").read_text("utf-8").partition("| promise |")[2].partition("\n\n")[0]
    rows = table.splitlines()[2:]
    assert len(rows) >= 12
    assert [row for row in rows if not re.search(r"`tests/", row)] == []
