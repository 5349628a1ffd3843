"""Settings and `.env`: whatever stands there is a setting or a sentence, and no secret is told."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.any_input import any_text, steady, told

from ephemeral.settings import VARIABLES, Settings, SettingsError, _parse_dotenv

NAMES = sorted(VARIABLES)
SECRETS = sorted(name for name, declared in VARIABLES.items() if declared.secret)
CANARY = "vq7x0canary0k2wz"

likely = st.sampled_from(
    [declared.default for declared in VARIABLES.values()]
    + ["off", "1", "0", "-1", "9" * 20, "1/1", "a/b", "10.0.0.0/8,unix", "/x", "//", "é", "\0"]
)
values = likely | any_text | st.text("0123456789/.-, \t", max_size=20)


@steady
@given(st.dictionaries(st.sampled_from(NAMES) | any_text, values, max_size=6), any_text)
def test_any_environment_is_settings_or_one_sentence(environment, dotenv):
    for text in ("", dotenv):
        settings, said = told(SettingsError, Settings.parse, environment, text)
        if said is None:
            assert repr(settings)
            assert settings.database_dsn is None or settings.database_dsn
        else:
            assert said.endswith(".")


@pytest.mark.parametrize("name", SECRETS)
@steady
@given(any_text, any_text)
def test_no_secret_is_told_whatever_it_is(name, before, after):
    settings, said = told(SettingsError, Settings.parse, {name: f"{before}{CANARY}{after}"})
    assert CANARY not in (said or repr(settings))


@steady
@given(any_text | st.text("ABC=\"'# \n\t\\$export", max_size=60))
@example("A='\n'")
def test_any_dotenv_is_names_and_values_or_one_sentence(text):
    found, said = told(SettingsError, _parse_dotenv, text)
    if said is None:
        for name, value in found.items():
            assert name in text
            assert value in text
    else:
        assert said.endswith(".")
        assert len(said) < 150


@steady
@given(st.dictionaries(st.sampled_from(NAMES), st.text("abc019/:@", max_size=20)))
def test_a_value_in_quotes_is_itself(values):
    text = "".join(f"{name}='{value}'\n" for name, value in values.items())
    assert _parse_dotenv(text) == values
