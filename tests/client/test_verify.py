"""`verify`: whatever an instance serves that was not released is told, and nothing else."""

import asyncio
import gzip
import importlib.util
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import brotli
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.machines.forward_proxies import forward_proxy
from support.machines.server import Program
from support.people.command_line import Cli
from support.people.tampering import Answer, Tamperer, tampering

from ephemeral.client import browsing
from ephemeral.client.browsing import Visit
from ephemeral.client.exits import ClientError, Exit
from ephemeral.client.verifying import found_differences, trusted_release
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.release import Release
from ephemeral.protocol.served import Difference

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "release.py"

_spec = importlib.util.spec_from_file_location("release", TOOL)
tool = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tool)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The manifest of this checkout, signed with a key of the test's."""
    folder = tmp_path_factory.mktemp("release")
    key = tool.write_key(folder / "release.pem")
    path = tool.write_manifest(folder, folder / "release.pem")
    release = trusted_release(path, key, None, unsigned=False)
    return SimpleNamespace(folder=folder, key=key, path=path, release=release)


@pytest.fixture
def proxy(shared_server: Program) -> Iterator[Tamperer]:
    with tampering(shared_server.port) as tamperer:
        yield tamperer


def compared(url: str, release: Release, *paths: str) -> list[Difference]:
    """The differences that are found at this address, of these items or of all."""
    items = tuple(one for one in release.items if not paths or one.path in paths)
    assert items

    async def compare() -> list[Difference]:
        visit = Visit(url)
        async with visit:
            some = release._replace(items=items)
            return [one async for one in found_differences(visit, some)]

    return asyncio.run(compare())


def kinds(found: list[Difference]) -> set[str]:
    return {one.kind for one in found}


# What is as it was released


def test_what_was_released_is_found_to_be_so(cli: Cli, signed: SimpleNamespace):
    ended = cli.run("verify", cli.url, "--manifest", str(signed.path), "--key", signed.key)
    assert (ended.returncode, ended.stderr) == (0, "")
    places = {(one.path, one.language) for one in signed.release.items}
    assert f"All {len(places)} documents and files" in ended.stdout
    (signed.folder / "release.pub").write_text(f"{signed.key}\n")
    from_file = str(signed.folder / "release.pub")
    told = cli.json("verify", "--manifest", str(signed.path), "--key", from_file)
    assert told == {"version": signed.release.version, "differences": 0}


def test_an_instance_below_a_path_serves_the_same_release(
    serve: Callable[..., Program], signed: SimpleNamespace
):
    assert compared(serve(BASE_PATH="/chat/a", KDF="pbkdf2").url, signed.release) == []


def test_an_instance_without_accounts_serves_the_same_release(
    serve: Callable[..., Program], signed: SimpleNamespace
):
    assert compared(serve(ACCOUNTS="false", KDF="pbkdf2").url, signed.release) == []


def test_a_manifest_has_everything_that_a_page_loads(signed: SimpleNamespace):
    paths = [one.path for one in signed.release.items]
    stems = {path.split("/")[-1].split(".")[0] for path in paths}
    assert {
        "home",
        "room",
        "derive-worker",
        "page",
        "old",
        "icon",
        "manifest",
        "de",
        "ar",
        "en",
        "fr",
    } <= stems
    languages = {one.language for one in signed.release.items if one.path == ""}
    assert languages == {"ar", "de", "en", "fr"}


def test_everybody_makes_the_same_manifest_of_the_same_sources(
    signed: SimpleNamespace, tmp_path: Path
):
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "7"}
    arguments = [sys.executable, str(TOOL), "manifest", str(tmp_path)]
    subprocess.run(arguments, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / signed.path.name).read_bytes() == signed.path.read_bytes()


# What was tampered with


def test_a_changed_byte_is_told_in_each_document_and_each_file(
    proxy: Tamperer, signed: SimpleNamespace
):
    paths = list(dict.fromkeys(one.path for one in signed.release.items))
    assert len(paths) > 15
    for path in paths:

        def change(asked: str, answer: Answer, path: str = path) -> None:
            if asked.partition("?")[0] == f"/{path}":
                answer.change_a_byte()

        proxy.change = change
        found = compared(proxy.url, signed.release, path)
        changed = {one.where for one in found if one.kind == "changed"}
        assert {where.split("?")[0].split(" ")[0] for where in changed} == {f"/{path}"}
    # And of all that is served nothing else is told.
    everything = compared(proxy.url, signed.release)
    assert everything == found
    assert len(everything) == 1


def test_a_file_that_is_missing_is_told(proxy: Tamperer, signed: SimpleNamespace):
    path = next(one.path for one in signed.release.items if "/derive-worker." in one.path)

    def change(asked: str, answer: Answer) -> None:
        if asked == f"/{path}":
            answer.status = 404

    proxy.change = change
    assert compared(proxy.url, signed.release) == [
        Difference("missing", f"/{path}", "it answers 404, not 200")
    ]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('<script src="/static/more.js"></script>', "it loads /static/more.js, which"),
        ('<link rel="preload" href="https://elsewhere.example/x">', "it loads https://elsewhere"),
        ("<script>send(location.hash)</script>", "it has a script of its own"),
        ('<img src="/static/x.png">', "it loads /static/x.png"),
        ('<base href="https://elsewhere.example/">', "it has an element base"),
        ('<meta http-equiv="refresh" content="0;/x">', "it has an element meta"),
        ('<p onclick="send()">', "p has onclick"),
    ],
)
def test_what_a_changed_page_loads_or_runs_beside_it_is_told(
    proxy: Tamperer, signed: SimpleNamespace, more: str, told: str
):
    def change(asked: str, answer: Answer) -> None:
        answer.body = answer.body.replace(b"</head>", f"{more}</head>".encode())

    proxy.change = change
    found = compared(proxy.url, signed.release)
    assert kinds(found) == {"changed", "extra"}
    assert all(told in one.sentence for one in found if one.kind == "extra")


def test_a_page_of_another_version_or_for_one_language_alone_is_told(
    proxy: Tamperer, signed: SimpleNamespace
):
    def change(asked: str, answer: Answer) -> None:
        if b'<html lang="de"' in answer.body:
            version = f'data-version="{signed.release.version}"'.encode()
            answer.body = answer.body.replace(version, b'data-version="9.9"')

    proxy.change = change
    found = [one for one in compared(proxy.url, signed.release) if one.where[:2] in {"/ ", "/?"}]
    assert {one.where for one in found} == {"/ (de)", "/?lang=de (de)"}
    assert "it calls itself version 9.9" in {one.sentence for one in found}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("content-security-policy", "script-src 'unsafe-inline' *", 'instead of "default-src'),
        ("content-security-policy", None, "says nothing instead of"),
        ("integrity-policy", None, "says nothing instead of"),
        ("content-type", "image/svg+xml", "instead of"),
        ("set-cookie", "who=you", 'set-cookie says "who=you" instead of nothing'),
        ("link", "</x.js>; rel=preload", "instead of nothing"),
        ("reporting-endpoints", 'x="https://elsewhere.example"', "instead of nothing"),
    ],
)
def test_what_a_page_is_told_beside_or_instead_is_told(
    proxy: Tamperer, signed: SimpleNamespace, name: str, value: str | None, told: str
):
    proxy.change = lambda asked, answer: answer.says(name, value)
    found = compared(proxy.url, signed.release, "")
    assert kinds(found) == {"header"}
    assert all(told in one.sentence for one in found)


def test_a_second_policy_is_told(proxy: Tamperer, signed: SimpleNamespace):
    def change(asked: str, answer: Answer) -> None:
        answer.headers.append(("content-security-policy", "upgrade-insecure-requests"))

    proxy.change = change
    found = compared(proxy.url, signed.release, "")
    assert kinds(found) == {"header"}


def test_another_path_in_the_place_of_the_instances_own_is_told(
    proxy: Tamperer, signed: SimpleNamespace
):
    def change(asked: str, answer: Answer) -> None:
        answer.body = answer.body.replace(b'src="/static/home', b'src="/xtatic/home')

    proxy.change = change
    assert kinds(compared(proxy.url, signed.release)) == {"changed", "extra"}


def test_programs_are_told_by_the_exit_code_and_people_where_and_what(
    cli: Cli, proxy: Tamperer, signed: SimpleNamespace
):
    proxy.change = lambda asked, answer: answer.says("referrer-policy", "\x1b[2J")
    arguments = ["verify", proxy.url, "--manifest", str(signed.path), "--key", signed.key]
    ended = cli.run(*arguments)
    assert ended.returncode == Exit.DIFFERENT
    assert '/ (en): referrer-policy says "\u241b[2J" instead of "no-referrer".' in ended.stdout
    assert "differences from version" in ended.stderr
    *lines, last = map(json.loads, cli.run(*arguments, "--json").stdout.splitlines())
    assert last["differences"] == len(lines) > 0
    assert {one["difference"]["kind"] for one in lines} == {"header"}


@pytest.mark.parametrize("coding", ["br", "gzip", "deflate", "gzip, br", "zstd", ""])
def test_what_unpacks_to_more_than_a_file_has_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch, coding: str
):
    monkeypatch.setattr(browsing, "_LARGEST", 100_000)
    pack = {"br": brotli.compress, "gzip": gzip.compress, "deflate": zlib.compress}
    for size, comes in ((1_000, True), (5_000_000, False)):
        packed = pack.get(coding, bytes)(bytes(size))
        body = browsing._unpacked(packed, coding)
        assert body == (bytes(size) if comes and coding in {*pack, ""} else None)
        if coding in pack:
            assert browsing._unpacked(packed[:-1], coding) is None


# Which manifest is believed


def test_a_manifest_that_was_changed_or_signed_by_another_is_refused(
    cli: Cli, signed: SimpleNamespace, tmp_path: Path
):
    other = b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    with pytest.raises(Refusal, match="release_signature"):
        trusted_release(signed.path, other, None, unsigned=False)
    forged = tmp_path / signed.path.name
    forged.write_bytes(signed.path.read_bytes().replace(b'"size":', b'"size": ', 1))
    signature = Path(f"{signed.path}.sig").read_bytes()
    Path(f"{forged}.sig").write_bytes(signature)
    ended = cli.run("verify", "--manifest", str(forged), "--key", signed.key)
    assert ended.returncode == Exit.REFUSED
    assert "was not signed with this release key" in ended.stderr
    for text in (b"", b"x", signature.strip()[:-1], b"\xff" + signature, signature * 2):
        Path(f"{forged}.sig").write_bytes(text)
        with pytest.raises(Refusal, match="release_signature"):
            trusted_release(forged, signed.key, None, unsigned=False)
    with pytest.raises(Refusal, match="release_key"):
        trusted_release(signed.path, signed.key[:-1], None, unsigned=False)


def test_an_older_release_than_one_asks_for_or_has_is_refused(
    signed: SimpleNamespace, tmp_path: Path
):
    old = tmp_path / "old.json"
    version = signed.release.version
    old.write_bytes(signed.path.read_bytes().replace(version.encode(), b"0.0.9", 1))
    with pytest.raises(Refusal, match="release_old"):
        trusted_release(old, None, None, unsigned=True)
    assert trusted_release(old, None, "0.0.9", unsigned=True).version == "0.0.9"
    for newer in ("0.1.0.1", "0.2", "1.0", "0.10"):
        with pytest.raises(Refusal, match="release_old"):
            trusted_release(signed.path, signed.key, newer, unsigned=False)
    with pytest.raises(Refusal, match="release_version"):
        trusted_release(signed.path, signed.key, "newest", unsigned=False)


def test_a_manifest_without_a_signature_is_taken_from_oneself_alone(
    cli: Cli, signed: SimpleNamespace, tmp_path: Path
):
    own = tmp_path / "own.json"
    own.write_bytes(signed.path.read_bytes())
    assert cli.run("verify", "--manifest", str(own)).returncode == Exit.USAGE
    assert cli.run("verify", "--manifest", str(own), "--unsigned").returncode == 0
    with pytest.raises(ClientError, match="can't be read"):
        trusted_release(own, signed.key, None, unsigned=False)
    with pytest.raises(ClientError, match="Say --key, or --unsigned"):
        trusted_release(own, signed.key, None, unsigned=True)


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_verifier_goes_through_the_proxy_that_is_named(
    cli: Cli, signed: SimpleNamespace, kind: str
):
    with forward_proxy(1) as proxy:
        proxy.refuses = 403 if kind == "http" else 2
        way = {"ALL_PROXY": f"{kind}://127.0.0.1:{proxy.port}"}
        asked = ["verify", "https://rooms.example", "--manifest", str(signed.path), "--unsigned"]
        told = cli.run(*asked, environment=way)
        assert told.returncode == Exit.NETWORK
        assert "through the proxy" in told.stderr
        assert {one[1:] for one in proxy.asked} == {("rooms.example", 443)}


def test_what_can_not_be_reached_and_what_is_a_link_with_a_code_are_told_apart(
    cli: Cli, signed: SimpleNamespace
):
    manifest = ["--manifest", str(signed.path), "--unsigned"]
    assert cli.run("verify", "http://127.0.0.1:9", *manifest).returncode == Exit.NETWORK
    link = cli.run("verify", f"{cli.url}/#1.AAAAAA.secret-words", *manifest)
    assert link.returncode == Exit.USAGE
    assert "secret" not in link.stdout + link.stderr
