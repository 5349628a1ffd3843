"""docs/files.md says what the code does: its labels, refusals and numbers."""

import json
import re
from pathlib import Path

import pytest

from ephemeral.protocol.files import contents, info, keys, layout, segments

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
LABEL = re.compile(r"ephemeral/v1/file/[a-z]+")
VECTORS = [json.loads(one.read_text("utf-8")) for one in ROOT.glob("tests/vectors/files_*.json")]


def test_every_refusal_of_files_is_told_and_each_is_a_vector():
    table = TEXT.partition("## 10. ")[2].partition("## 11. ")[0]
    told = set(re.findall(r"`([a-z]+_[a-z]+)`", table))
    met = {one["refusal"] for file in VECTORS for one in file["cases"] if "refusal" in one}
    assert told | {"content_form"} == met
    assert sum("refusal" in one for file in VECTORS for one in file["cases"]) >= 60


def test_both_clients_have_the_labels_of_the_document_and_none_begins_another():
    told = set(LABEL.findall(TEXT))
    modules = ROOT / "web" / "static" / "js" / "protocol" / "files"
    browser = "".join(one.read_text("utf-8") for one in modules.glob("*.js"))
    assert set(LABEL.findall(browser)) == told
    ours = (keys.INFO_LABEL, keys._SEGMENT_LABEL, segments._CHUNK_LABEL, segments._DIGEST_LABEL)
    assert {one.decode() for one in ours} == told
    for name in ("protocol.md", "accounts.md", "conversations.md", "keyring.md"):
        assert "ephemeral/v1/file" not in (ROOT / "docs" / name).read_text("utf-8")
    assert not any(one != other and one.startswith(other) for one in told for other in told)


@pytest.mark.parametrize(
    "said",
    [
        f"{layout.CHUNK_SIZE:,} bytes of plaintext",
        f"0 to {layout.SIZE_MAX:,} bytes (16 GiB)",
        f"padme(max({layout.PADDED_MIN}, size))",
        f"{layout.SEALED_MAX:,} at most",
        f"Of 4 GiB there are {layout.Layout(2**32).count}",
        f"{', '.join(f'{one:,}' for one in info.INFO_SIZES[:3])} or {info.INFO_SIZES[3]:,} bytes",
        f"1 to {info.NAME_MAX} bytes of UTF-8",
        f"1 to {info.SIDE_MAX:,}, or both null",
        f"0 to {info.SECONDS_MAX:,}, or null",
        f"base64url of 1 to {info.THUMBNAIL_MAX:,} bytes",
        f"1 to {contents.FILES_MAX} files, none twice",
    ],
)
def test_the_numbers_are_those_of_the_code(said):
    assert said in TEXT
