"""`ephemeral check --store` says in one sentence whether large objects can be kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, S3Server

from ephemeral.settings import Settings
from ephemeral.store.objects.opening import require_store
from ephemeral.store.objects.s3 import Bucket, S3Store
from ephemeral.store.start_error import StartError

ORIGIN = "https://rooms.example"


def check(folder: Path, *options: str, **settings: str) -> tuple[int, str, str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(
        [sys.executable, "-m", "ephemeral", "check", "--store", *options],
        cwd=folder, env=environment | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return said.returncode, said.stdout, said.stderr


def test_a_folder_is_tried_and_one_that_is_none_is_told(tmp_path: Path) -> None:
    code, out, err = check(tmp_path)
    assert (code, out, err) == (0, "All is well: objects can be kept in data/objects.\n", "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    (tmp_path / "file").write_text("")
    code, out, err = check(tmp_path, DATA_DIR="file")
    assert (code, out) == (1, "")
    assert err == "Objects can't be kept in file/objects: Not a directory.\n"


def test_nobody_loads_the_library_of_s3_without_a_bucket() -> None:
    loaded = "import sys, ephemeral.store.objects.opening; print('boto3' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert said.stdout == "False\n"


@pytest.fixture
async def settings(s3_server: S3Server, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "access").write_text(f"{ACCESS_KEY}\n")
    (tmp_path / "secret").write_text(f"{SECRET_KEY}\n")
    name = f"bucket-{os.urandom(8).hex()}"
    where = s3_server.endpoint
    store = S3Store(Bucket(where, where, name, "us-east-1", ACCESS_KEY, SECRET_KEY, 900))
    await store.ask("create_bucket")
    await store.close()
    return {
        "S3_BUCKET": name,
        "S3_ENDPOINT": where,
        "S3_ACCESS_KEY_FILE": "access",
        "S3_SECRET_KEY_FILE": "secret",
    }


def test_a_bucket_is_tried_and_what_is_wrong_is_told_without_its_keys(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    code, out, err = check(tmp_path, **settings)
    where = f"{settings['S3_BUCKET']} at {settings['S3_ENDPOINT']}"
    assert (code, out, err) == (0, f"All is well: objects can be kept in {where}.\n", "")
    code, out, err = check(tmp_path, "--origin", ORIGIN, **settings)
    assert (code, out) == (1, "")
    assert f"Pages of {ORIGIN} can't use the bucket" in err


async def test_keys_that_cannot_be_read_or_are_wrong_are_told_and_not_shown(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    secret = tmp_path / "other"
    named = settings | {
        "S3_ACCESS_KEY_FILE": str(tmp_path / "access"), "S3_SECRET_KEY_FILE": str(secret),
    }  # fmt: skip
    for text, told in (
        (None, "can't be read"),
        ("planted\nsecret", "one line"),
        ("planted", "don't open the bucket"),
    ):
        if text is not None:
            secret.write_text(text)
        with pytest.raises(StartError, match=told) as raised:
            await require_store(Settings.parse(named), os.urandom, None)
        assert "planted" not in str(raised.value)
