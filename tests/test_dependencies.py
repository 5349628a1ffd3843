"""What others wrote is listed, licensed, as it was locked, and in the bill of materials."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT / "tools" / "dependencies.py"

_spec = importlib.util.spec_from_file_location("dependencies", TOOL)
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the tool reads, for changing it."""
    for name in ("requirements", "tools/page", "web/static/vendor"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("THIRD_PARTY.md", "ephemeral/__init__.py", "ephemeral/protocol/words.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_nothing_is_wrong_with_what_others_wrote():
    assert list(tool.problems(ROOT)) == []


def test_every_locked_package_and_every_vendored_module_is_listed_with_its_licence():
    listed = tool.listed(ROOT)
    parts = {one.name for lock in tool.LOCKS for one in tool.locked(ROOT, lock)}
    parts |= {one["name"] for one in tool.vendored(ROOT)}
    assert set(listed) == parts | {"eff-large-wordlist", "@biomejs/biome", "esbuild", "typescript"}
    assert all(listed.values())


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("requirements/runtime.lock", "httpx==", "newer==", "THIRD_PARTY.md is not what"),
        ("requirements/runtime.lock", "h11==0", "h11==9", "h11 is 9.16.0, and 0.16.0 is installed"),
        (tool.PAGE_LOCK, '"integrity": "sha512-', '"integrity": "sha1-', "by its integrity alone"),
        (tool.PAGE_LOCK, '"integrity"', '"resolved": "x", "integrity"', "by its integrity alone"),
        ("THIRD_PARTY.md", "| MIT |", "| GPL-3.0-only |", '"GPL-3.0-only", which nobody has'),
        ("web/static/vendor/lean-qr/nano.js", "const", "let", "nano.js is not the file"),
    ],
)
def test_what_is_wrong_is_told(copy: Path, path: str, old: str, new: str, told: str):
    change(copy / path, old, new)
    assert [one for one in tool.problems(copy) if told in one]


def test_a_requirement_without_a_hash_and_a_missing_module_are_told(copy: Path):
    lock = copy / "requirements" / "runtime.lock"
    lock.write_text(re.sub(r" \\\n +--hash=\S+", "", lock.read_text("utf-8")), "utf-8")
    (copy / "web/static/vendor/hash-wasm/argon2.js").unlink()
    found = list(tool.problems(copy))
    assert "runtime.lock: starlette has no hash." in found
    assert "web/static/vendor/hash-wasm/argon2.js is not the file that the manifest names." in found


# The bill of materials: the form is that of CycloneDX 1.6, as far as it is used


def test_the_bill_of_materials_has_everything_that_runs():
    made = tool.bill(ROOT)
    assert {key: made[key] for key in ("bomFormat", "specVersion", "version")} == {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
    }
    purls = {one["purl"] for one in made["components"] if "purl" in one}
    locked = {f"pkg:pypi/{one.name}@{one.version}" for one in tool.locked(ROOT, "runtime")}
    vendored = [(one["name"].replace("@", "%40"), one["version"]) for one in tool.vendored(ROOT)]
    modules = {f"pkg:npm/{name}@{version}" for name, version in vendored}
    assert purls == locked | modules
    for one in (*made["components"], made["metadata"]["component"]):
        assert set(one) <= {"type", "bom-ref", "name", "version", "licenses", "purl", "hashes"}
        assert one["type"] in {"application", "library", "data"}
        assert [set(each) for each in one["licenses"]] == [{"expression"}]
        for each in one.get("hashes", []):
            sizes = {"SHA-256": 64, "SHA-512": 128}
            assert re.fullmatch(r"[0-9a-f]+", each["content"])
            assert len(each["content"]) == sizes[each["alg"]]


def test_everything_in_the_bill_of_materials_is_there_because_of_something():
    made = tool.bill(ROOT)
    references = [one["bom-ref"] for one in made["components"]]
    assert len(references) == len(set(references))
    needs = {one["ref"]: one["dependsOn"] for one in made["dependencies"]}
    reached, left = set(), [made["metadata"]["component"]["bom-ref"]]
    while left:
        reference = left.pop()
        if reference not in reached:
            reached.add(reference)
            left += needs.get(reference, [])
    assert reached == {*references, made["metadata"]["component"]["bom-ref"]}


def test_the_bill_of_materials_is_made_where_nothing_is_installed(copy: Path):
    """As in the image's build, by a bare Python."""
    shutil.copy(TOOL, copy / "tools")
    made = subprocess.run(
        [sys.executable, "-I", "-S", str(copy / "tools" / TOOL.name), "sbom"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(made.stdout) == tool.bill(ROOT)
