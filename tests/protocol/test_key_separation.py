"""Every derived key has one label and one purpose, and every label is the document's."""

import itertools
import re
from pathlib import Path

from ephemeral.protocol.accounts.signing import LABELS
from ephemeral.protocol.keys import RoomKeys
from ephemeral.sealing import seals

ROOT = Path(__file__).resolve().parents[2]
LABEL = re.compile(r"ephemeral/v1/[a-z/-]+[a-z]")


def labels_in(*paths: str) -> set[str]:
    return {label for path in paths for label in LABEL.findall((ROOT / path).read_text("utf-8"))}


def test_no_two_keys_of_any_room_are_alike():
    keys = []
    for root in (bytes(32), bytes(range(32))):
        room = RoomKeys(root)
        keys += [room.locator, room.charter_key, room.room_secret]
        for nonce in (bytes(32), bytes([1]) * 32):
            content = room.content(nonce)
            keys += [content.message, content.profile]
    assert len(set(keys)) == len(keys) == 14


def test_both_clients_and_the_document_have_the_same_labels():
    law = labels_in("docs/protocol.md")
    browser = labels_in("web/static/js/protocol/keys.js", "web/static/js/protocol/attachments.js")
    assert browser == law
    python = (ROOT / "ephemeral" / "protocol" / "keys.py").read_text("utf-8")
    derived = {f"ephemeral/v1/{name}" for name in re.findall(r'_hkdf\([^)]*?"([a-z-]+)"', python)}
    derived |= labels_in("ephemeral/protocol/attachments.py")
    # Python keeps no resume secret.
    assert derived == law - {"ephemeral/v1/resume"}


def test_no_label_of_the_server_is_one_of_a_client_nor_the_beginning_of_one():
    server = labels_in("ephemeral/sealing/seals.py")
    clients = labels_in("docs/protocol.md")
    names = ("payload", "data-key", "keyring", "attachment")
    assert server == {f"ephemeral/v1/server/{name}" for name in names}
    for one, other in itertools.permutations(server | clients, 2):
        assert not one.startswith(other)


def test_no_associated_data_of_the_server_is_that_of_another_kind():
    """Each context is of a length of its own, or differs before its ids begin."""
    contexts = [*seals._CONTEXT.values(), seals._DATA_KEY, seals._CHUNK]
    for one, other in itertools.permutations(contexts, 2):
        assert not one.startswith(other)


def labels_of_accounts():
    """Labels and words of the modules of accounts."""
    text = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "ephemeral" / "protocol" / "accounts").glob("*.py")
    )
    words = set(re.findall(r'derived\([^()]*?"([a-z-]+)"\)', text))
    words |= {"locator-link", "to-old", "to-new"}
    return set(re.findall(r'labelled(?:_hash)?\(\s*"([a-z/-]+)"', text)) | LABELS, words


def test_accounts_have_the_labels_of_their_document_and_none_of_a_room():
    labels, words = labels_of_accounts()
    law = (ROOT / "docs" / "accounts.md").read_text("utf-8")
    table = law.partition("| word |")[2].partition("1.4.")[0]
    named = {
        word
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for word in row.split(", ")
    }
    assert {f"`{word}`" for word in words} == named
    # The server's own is no client's, and what is signed stands in 2.1.
    told = set(re.findall(r'L\("([a-z/-]+)"', law)) - {"server/address"}
    assert told == labels - LABELS | {"pins"}
    rooms = labels_in("docs/protocol.md")
    ours = {f"ephemeral/v1/{label}\0" for label in labels}
    ours |= {f"ephemeral/v1/account/{word}" for word in words}
    for one, other in itertools.permutations(ours | rooms, 2):
        assert not one.startswith(other)
