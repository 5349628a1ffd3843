"""Settings: what is written in `.env.example` is what the program does, and no secret is told."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from ephemeral import settings as module
from ephemeral.settings import VARIABLES, Settings, SettingsError

EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"
KEY = "c0ffee" * 10 + "beef"

SECRETS = {
    "DATABASE_URL", "ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS", "METRICS_TOKEN", "PGPASSWORD",
    "REDIS_URL",
}  # fmt: skip

# What scripts, images and manifests rely on: changing one of these breaks somebody's deployment.
RELIED_ON = {
    "HOST": "127.0.0.1", "PORT": "3000", "DATA_DIR": "./data", "DATABASE_URL": "",
    "ENCRYPTION_KEY": "", "KEYRING_DIR": "", "REDIS_URL": "", "WORKERS": "1", "KDF": "argon2id",
    "TRUSTED_PROXIES": "", "BASE_PATH": "", "METRICS_TOKEN": "",
}  # fmt: skip


def example() -> dict[str, tuple[str, str]]:
    """Name -> (default, sentence) as the example file has them."""
    found = {}
    comment: list[str] = []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"#([A-Z0-9_]+)=(.*)", line):
            assert match[1] not in found, f"{match[1]} stands there twice"
            found[match[1]] = (match[2], " ".join(comment))
            comment = []
        elif line.startswith("# "):
            comment.append(line[2:])
        else:
            comment = []
    return found


def test_the_example_file_has_every_variable_in_order_with_its_default_and_its_sentence():
    expected = {
        name: (declared.default, ("Secret. " if declared.secret else "") + declared.sentence)
        for name, declared in VARIABLES.items()
    }
    assert list(example().items()) == list(expected.items())


def test_the_example_file_uncommented_changes_nothing():
    uncommented = re.sub(
        r"^#([A-Z0-9_]+=)", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert uncommented.count("\nPORT=3000\n") == 1
    assert Settings.parse({}, uncommented) == Settings.parse({})


def test_the_example_file_as_it_is_sets_nothing():
    assert module._parse_dotenv(EXAMPLE.read_text(encoding="utf-8")) == {}


def test_names_and_defaults_that_scripts_rely_on():
    assert {name: VARIABLES[name].default for name in RELIED_ON} == RELIED_ON


def test_every_variable_is_a_sentence():
    for name, declared in VARIABLES.items():
        assert re.fullmatch(r"[A-Z].*[^.]\.", declared.sentence), name


def test_exactly_these_are_secret_and_none_has_a_default():
    assert {name for name, declared in VARIABLES.items() if declared.secret} == SECRETS
    assert all(VARIABLES[name].default == "" for name in SECRETS)


def test_the_defaults_of_the_limits():
    settings = Settings.parse({})
    assert (settings.message_ttl_seconds, settings.message_ttl_max_seconds) == (86400, 604800)
    assert (settings.room_ttl_seconds, settings.room_ttl_max_seconds) == (604800, 2592000)
    assert (settings.seats_default, settings.seats_max) == (2, 50)
    assert (settings.waiting_messages_max, settings.waiting_bytes_max) == (500, 16 * 2**20)
    assert (settings.lease_seconds, settings.seat_grace_seconds) == (120, 60)
    assert (settings.resume_seconds, settings.tombstone_seconds) == (1800, 86400)
    assert (settings.sweep_seconds, settings.hello_seconds) == (1, 5)
    assert (settings.frames_per_second, settings.frames_burst) == (50, 200)
    assert (settings.connections_max, settings.database_pool_size) == (20000, 8)


def test_how_often_is_so_many_in_so_many_seconds_or_off():
    settings = Settings.parse({"POSTS_PER_SEAT": "9999999/86400", "OPENS_PER_SEAT": "off"})
    assert (settings.posts_per_seat, settings.opens_per_seat) == ((9999999, 86400), None)


def test_no_limit_is_off_by_itself():
    settings = Settings.parse({})
    limits = [
        name.lower()
        for name in VARIABLES
        if name.endswith(("_ADDRESS", "_ROOM", "_SEAT", "_ACCOUNT"))
    ]
    assert len(limits) == 25
    assert all(getattr(settings, name) for name in limits)


def test_the_environment_wins_over_the_file_but_an_empty_variable_does_not():
    file = "PORT=4000\nHOST=::1\n"
    settings = Settings.parse({"PORT": "5000", "HOST": " "}, file)
    assert (settings.port, settings.host) == (5000, "::1")


def test_an_empty_variable_is_as_good_as_none():
    assert Settings.parse(dict.fromkeys(VARIABLES, "")) == Settings.parse({})


def test_unknown_names_are_somebody_elses():
    assert Settings.parse({"PORTO": "x", "EPHEMERAL_MODE": "y"}, "Z=1") == Settings.parse({})


def test_the_forms_that_a_line_of_the_file_may_have():
    text = """
# a comment
export PORT = 4000  # with a comment
  HOST='0.0.0.0' # another
PGPASSWORD=" #kept 'as' it is "
PGUSER=a#b
PGDATABASE=
"""
    settings = Settings.parse({}, text)
    assert (settings.port, settings.host) == (4000, "0.0.0.0")
    assert settings.pgpassword == " #kept 'as' it is "
    assert (settings.pguser, settings.pgdatabase) == ("a#b", None)


@pytest.mark.parametrize(
    ("bytes_of_it", "path"),
    [
        (b"\xef\xbb\xbfPORT=4000\nBASE_PATH=/a\n", "/a"),
        (b'\xef\xbb\xbf# Settings\r\nPORT=4000\r\nBASE_PATH="/a"\r\n', "/a"),
        (b"export\tPORT=4000 \t\r\nBASE_PATH= '/a'  \r\n", "/a"),
        (b"PORT=4000\rBASE_PATH=/a", "/a"),
    ],
)
def test_the_file_may_come_from_any_editor(
    bytes_of_it: bytes, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.os, "environ", {})
    (tmp_path / ".env").write_bytes(bytes_of_it)
    settings = Settings.from_environment(tmp_path)
    assert (settings.port, settings.base_path) == (4000, path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_a_line_end_behind_a_secret_is_no_part_of_it(end: str):
    """Orchestrators hand on what is in a file, and the last line of a file has an end."""
    secrets = {
        "PGPASSWORD": " with spaces ", "ENCRYPTION_KEY": KEY, "METRICS_TOKEN": "m" * 20,
        "DATABASE_URL": "postgresql://u:p@h/d", "REDIS_URL": "redis://h",
    }  # fmt: skip
    settings = Settings.parse({name: f"{value}{end}" for name, value in secrets.items()})
    assert {name: getattr(settings, name.lower()) for name in secrets} == secrets


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("PORT 3000", ".env: line 1 is not of the form NAME=value."),
        ("A=b\n3PORT=1", ".env: line 2 is not of the form NAME=value."),
        ("METRICS_TOKEN='planted", ".env: the quotes of METRICS_TOKEN in line 1 don't match."),
        ("METRICS_TOKEN='a'planted", ".env: the quotes of METRICS_TOKEN in line 1 don't match."),
    ],
)
def test_a_malformed_line_is_named_by_its_number_and_not_shown(text: str, sentence: str):
    with pytest.raises(SettingsError) as refused:
        Settings.parse({}, text)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"), ("PORT", "-1"), ("PORT", "3e3"), ("PORT", "٣"), ("PORT", "1_000"),
        ("PORT", "9" * 5000),
        ("KDF", "md5"), ("KDF", "ARGON2ID"), ("LOG_LEVEL", "verbose"),
        ("BASE_PATH", "chat"), ("BASE_PATH", "/chat/"), ("BASE_PATH", "/../x"),
        ("BASE_PATH", "/a//b"), ("BASE_PATH", '/"><script>'),
        ("OPERATOR_NAME", "a\nb"), ("OPERATOR_NAME", "x" * 101), ("OPERATOR_NAME", "\u202eada"),
        ("OPERATOR_URL", "javascript:alert(1)"), ("OPERATOR_URL", "ada.example"),
        ("OPERATOR_URL", "https://"), ("OPERATOR_URL", "https://a.example/\" x"),
        ("OPERATOR_URL", "https://[::1/"), ("SOURCE_URL", "ftp://a.example/"),
        ("TRUSTED_PROXIES", "*"), ("TRUSTED_PROXIES", "10.0.0.0/8,"),
        ("TRUSTED_PROXIES", "proxy.example"), ("TRUSTED_PROXIES", "10.1.2.3/8"),
        ("DATA_DIR", "a\0b"), ("DATA_DIR", "~nobody-of-this-name/x"),
        ("DATABASE_URL", "mysql://h/d"), ("DATABASE_URL", "postgresql:d"),
        ("DATABASE_URL", "postgresql://[::1/d"),
        ("REDIS_URL", "http://r"),
        ("ENCRYPTION_KEY", KEY[:-1]), ("ENCRYPTION_KEY", KEY + "0"),
        ("ENCRYPTION_KEY", "g" + KEY[1:]), ("ENCRYPTION_KEY_PREVIOUS", "0x" + KEY[2:]),
        ("METRICS_TOKEN", "short"), ("METRICS_TOKEN", "with a space in between"),
        ("WORKERS", "0"), ("WORKERS", "two"),
        ("MESSAGE_TTL_SECONDS", "59"), ("MESSAGE_TTL_SECONDS", "604801"),
        ("ROOM_TTL_SECONDS", "299"), ("ROOM_TTL_MAX_SECONDS", "2592001"),
        ("SEATS_DEFAULT", "1"), ("SEATS_MAX", "51"), ("WAITING_MESSAGES_MAX", "501"),
        ("WAITING_BYTES_MAX", "16777217"), ("LEASE_SECONDS", "0"), ("SWEEP_SECONDS", "0.5"),
        ("STORAGE_BYTES", "-1"), ("POST_BYTES_PER_ADDRESS", "65535/60"),
        ("DATABASE_POOL_SIZE", "1"), ("CONNECTIONS_MAX", "0"),
        ("TRUSTED_PROXIES", "unix:/run/x"), ("CONNECTIONS_PER_ROOM", "off"),
        ("POSTS_PER_SEAT", "0/60"), ("POSTS_PER_SEAT", "60/0"), ("POSTS_PER_SEAT", "60"),
        ("POSTS_PER_SEAT", "60/86401"), ("POSTS_PER_SEAT", "60/60s"), ("POSTS_PER_SEAT", "-1/60"),
        ("POSTS_PER_SEAT", "1.5/60"), ("POSTS_PER_SEAT", "none"), ("POSTS_PER_SEAT", "٣/60"),
        ("POSTS_PER_SEAT", "9" * 5000 + "/1"), ("POSTS_PER_SEAT", "60 / 60"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_sentence_that_names_the_variable(name: str, value: str):
    with pytest.raises(SettingsError) as refused:
        Settings.parse({name: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} must ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 240
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("name", sorted(SECRETS - {"PGPASSWORD"}))
def test_a_wrong_secret_is_not_told(name: str):
    planted = "planted canary"
    with pytest.raises(SettingsError) as refused:
        Settings.parse({name: planted})
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_what_settings_show_of_themselves_has_no_secret():
    settings = Settings.parse(
        {
            "DATABASE_URL": "postgresql://u:canary-one@h/d",
            "REDIS_URL": "redis://:canary-two@h",
            "PGPASSWORD": "canary-three",
            "METRICS_TOKEN": "canary-four-long-enough",
            "ENCRYPTION_KEY": KEY,
            "ENCRYPTION_KEY_PREVIOUS": KEY,
            "PORT": "4321",
        }
    )
    for shown in (repr(settings), str(settings), f"{settings}", f"{[settings]}"):
        assert "canary" not in shown
        assert KEY not in shown
        assert "port=4321" in shown
        assert shown.count("***") == len(SECRETS)


def test_several_workers_without_redis_are_refused_with_a_sentence_and_redis_alone_is_accepted():
    with pytest.raises(SettingsError, match=r"^WORKERS=2 needs REDIS_URL, .* or set WORKERS=1\.$"):
        Settings.parse({"WORKERS": "2"})
    assert Settings.parse({"WORKERS": "2", "REDIS_URL": "unix:///r"}).workers == 2
    assert Settings.parse({"REDIS_URL": "rediss://r:1/0"}).redis_url == "rediss://r:1/0"


def test_more_connections_than_the_embedded_database_takes_are_refused():
    many = {"WORKERS": "12", "REDIS_URL": "redis://r"}
    with pytest.raises(SettingsError, match=r"^WORKERS times DATABASE_POOL_SIZE must not be more"):
        Settings.parse(many)
    assert Settings.parse({**many, "DATABASE_POOL_SIZE": "7"}).workers == 12
    assert Settings.parse({**many, "PGHOST": "somewhere"}).workers == 12


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ({"MESSAGE_TTL_SECONDS": "61"}, {"MESSAGE_TTL_MAX_SECONDS": "60"}),
        ({"ROOM_TTL_SECONDS": "301"}, {"ROOM_TTL_MAX_SECONDS": "300"}),
        ({"SEATS_DEFAULT": "3"}, {"SEATS_MAX": "2"}),
    ],
)
def test_a_default_above_its_maximum_is_refused(small: dict[str, str], large: dict[str, str]):
    with pytest.raises(SettingsError, match=f"^{next(iter(small))} must not be more than"):
        Settings.parse(small | large)


def test_a_key_and_a_key_file_together_are_refused():
    with pytest.raises(SettingsError, match="can't both be set"):
        Settings.parse({"ENCRYPTION_KEY": KEY, "ENCRYPTION_KEY_FILE": "/run/secrets/key"})


def test_a_bucket_needs_what_opens_it():
    given = {"S3_BUCKET": "objects"}
    for name, value in (
        ("S3_ENDPOINT", "https://s3.example"),
        ("S3_ACCESS_KEY_FILE", "access"),
        ("S3_SECRET_KEY_FILE", "secret"),
    ):
        with pytest.raises(SettingsError, match=f"S3_BUCKET needs {name}"):
            Settings.parse(given)
        given[name] = value
    assert Settings.parse(given).s3_bucket == "objects"


def test_the_keyring_lies_in_the_data_directory_unless_told_otherwise():
    assert Settings.parse({"DATA_DIR": "/d"}).keyring_dir == Path("/d/keyring")
    assert Settings.parse({"DATA_DIR": "/d", "KEYRING_DIR": "/k"}).keyring_dir == Path("/k")


def test_proxies_and_base_path():
    settings = Settings.parse({"TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,::1", "BASE_PATH": "/a/b"})
    assert settings.trusted_proxies == (
        ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("::1/128"),
    )  # fmt: skip
    assert Settings.parse({"TRUSTED_PROXIES": "unix, ::1"}).trusted_proxies == (
        "unix", ip_network("::1/128"),
    )  # fmt: skip
    assert settings.base_path == "/a/b"
    assert Settings.parse({"BASE_PATH": "/"}).base_path == ""
    assert Settings.parse({}).trusted_proxies == ()


# Which database


def connection_of(settings: Settings) -> dict[str, object]:
    """What the driver makes of the address."""
    import asyncpg.connect_utils

    assert settings.database_dsn is not None
    addresses, parameters = asyncpg.connect_utils._parse_connect_dsn_and_args(
        dsn=settings.database_dsn, host=None, port=None, user=None, password=None, passfile=None,
        database=None, ssl=None, service=None, servicefile=None, direct_tls=None,
        server_settings=None, target_session_attrs=None, krbsrvname=None, gsslib=None,
    )  # fmt: skip
    return {
        "addresses": addresses,
        "user": parameters.user,
        "password": parameters.password,
        "database": parameters.database,
    }


def test_with_neither_an_address_nor_a_host_the_embedded_database_is_meant():
    assert Settings.parse({"PGUSER": "u", "PGDATABASE": "d"}).database_dsn is None


def test_an_address_wins_over_a_host():
    settings = Settings.parse({"DATABASE_URL": "postgres://a/b", "PGHOST": "h"})
    assert settings.database_dsn == "postgres://a/b"


def test_a_host_with_its_companions_names_the_database_whatever_characters_they_hold():
    settings = Settings.parse(
        {
            "PGHOST": "db.example", "PGPORT": "5433", "PGUSER": "us er@",
            "PGPASSWORD": " p@ss:/?#%&=ü", "PGDATABASE": "a/b?c",
        }
    )  # fmt: skip
    assert connection_of(settings) == {
        "addresses": [("db.example", 5433)],
        "user": "us er@",
        "password": " p@ss:/?#%&=ü",
        "database": "a/b?c",
    }


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("/run/post gres", "/run/post gres/.s.PGSQL.5432"),
        ("::1", ("::1", 5432)),
        ("localhost", ("localhost", 5432)),
    ],
)
def test_a_host_may_be_a_socket_directory_or_an_address(host: str, address: object):
    found = connection_of(Settings.parse({"PGHOST": host, "PGUSER": "u"}))
    assert (found["addresses"], found["user"], found["database"]) == ([address], "u", "u")


# From a real process environment and a real file


def test_the_file_is_read_from_the_directory_and_may_be_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.os, "environ", {"HOST": "0.0.0.0"})
    assert Settings.from_environment(tmp_path).port == 3000
    (tmp_path / ".env").write_text("PORT=4000\nHOST=::1\n")
    settings = Settings.from_environment(tmp_path)
    assert (settings.port, settings.host) == (4000, "0.0.0.0")


def test_a_file_that_holds_a_key_and_is_open_to_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.os, "environ", {})
    file = tmp_path / ".env"
    file.write_text(f"ENCRYPTION_KEY={KEY}\n")
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="open to others") as refused:
        Settings.from_environment(tmp_path)
    assert KEY not in str(refused.value)
    file.chmod(0o600)
    assert Settings.from_environment(tmp_path).encryption_key == KEY


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"\xff\xfe")])
def test_a_file_that_cannot_be_read_is_one_sentence(
    make: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.os, "environ", {})
    make(tmp_path / ".env")
    with pytest.raises(SettingsError, match=r"\.env (can't be read|isn't UTF-8)"):
        Settings.from_environment(tmp_path)
