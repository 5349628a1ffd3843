"""A text that is to hold no code and no link to a room is looked through to its end."""

import os

import pytest

from ephemeral.protocol.codes import has_code, new_code
from ephemeral.protocol.links import has_link, make_link

BEFORE = "He calls himself Max, and wants money first. " * 80


@pytest.mark.parametrize(
    "write",
    [
        lambda code: code,
        lambda code: code.replace("-", " ").upper(),
        lambda code: " ".join(f"{n}. {word}" for n, word in enumerate(code.split("-"), 1)),
        lambda code: f"https://example.org/{code}",
        lambda code: f"{code}, mine",
    ],
    ids=["hyphens", "spaces", "numbers", "in an address", "and on"],
)
@pytest.mark.parametrize("before", ["", "So: ", BEFORE], ids=["alone", "short", "long"])
def test_a_code_is_found_wherever_it_stands(before, write):
    code = new_code(os.urandom)
    while code.count("-") > 6:
        code = new_code(os.urandom)
    assert has_code(f"{before}{write(code)}")
    assert not has_code(f"{before}{write(code.rpartition('-')[0])}")


def test_a_link_is_found_wherever_it_stands_though_a_word_of_it_is_wrong():
    code = new_code(os.urandom).rpartition("-")[0]
    link = make_link("https://example.org/", 1, b"salt", f"{code}-xyzzy")
    assert has_link(link)
    assert has_link(f"{BEFORE}{link} and on")
    assert not has_link(f"{BEFORE} #1")
