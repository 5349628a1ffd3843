"""The list of guards that are broken on purpose still fits the code and the tests."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

_spec = importlib.util.spec_from_file_location("mutations", ROOT / "tools" / "mutations.py")
assert _spec is not None
assert _spec.loader is not None
mutations = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(mutations)


@pytest.mark.parametrize("mutation", mutations.read(), ids=lambda one: one.what)
def test_every_mutation_can_be_made_and_names_a_test_that_exists(mutation):
    content = (ROOT / mutation.file).read_text("utf-8")
    assert mutation.applied(content) != content
    path, _, name = mutation.test.split()[0].partition("::")
    assert re.search(
        rf"^(?:async )?def {name or 'test_'}", (ROOT / path).read_text("utf-8"), re.MULTILINE
    )


def test_a_mutation_that_no_longer_fits_is_refused():
    mutation = mutations.Mutation("nothing", "app.py", "no such text", "", "tests/test_app.py")
    with pytest.raises(ValueError, match="has that text 0 times"):
        mutation.applied((ROOT / "app.py").read_text("utf-8"))
