"""An address as providers print it is understood; what isn't is named, and no value is told."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from asyncpg import connect_utils
from support.machines.database import Server
from support.machines.proxies import Certificate, make_certificate

from ephemeral.store.address import understood
from ephemeral.store.migrations import migrate, read_migrations
from ephemeral.store.postgres import open_pool
from ephemeral.store.reaching import each_host
from ephemeral.store.start_error import StartError

U = "postgresql://"
# As they are printed by Neon, Supabase (session mode, and the one that Vercel is given), Heroku,
# RDS, DigitalOcean, Render, Railway, Fly, Azure (with its older names of users) and Google's Cloud
# SQL, then as tools of other languages write them.
PRINTED = {
    f"{U}neondb_owner:npg_x@ep-a-b-pooler.eu-central-1.aws.neon.tech/neondb"
    "?sslmode=require&channel_binding=require": ("ep-a-b-pooler.eu-central-1.aws.neon.tech", 5432),
    f"{U}u:p@ep-a.neon.tech/neondb?options=endpoint%3Dep-a&sslmode=require":
        ("ep-a.neon.tech", 5432),
    f"{U}postgres.abcd:p@aws-0-eu-central-1.pooler.supabase.com:5432/postgres":
        ("aws-0-eu-central-1.pooler.supabase.com", 5432),
    "postgres://postgres.abcd:p@aws-0-eu.pooler.supabase.com:6543/postgres"
    "?sslmode=require&supa=base-pooler.x&pgbouncer=true": ("aws-0-eu.pooler.supabase.com", 6543),
    "postgres://u:p@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d":
        ("ec2-1-2-3-4.compute-1.amazonaws.com", 5432),
    f"{U}u:p@db.x.eu-west-1.rds.amazonaws.com/postgres?sslmode=verify-full&sslrootcert=PEM":
        ("db.x.eu-west-1.rds.amazonaws.com", 5432),
    f"{U}doadmin:AVNS_x@db-do-user-1-0.k.db.ondigitalocean.com:25060/defaultdb?sslmode=require":
        ("db-do-user-1-0.k.db.ondigitalocean.com", 25060),
    f"{U}u:p@dpg-x-a.frankfurt-postgres.render.com/d_x": ("dpg-x-a.frankfurt-postgres.render.com",
                                                          5432),
    f"{U}postgres:p@monorail.proxy.rlwy.net:12345/railway": ("monorail.proxy.rlwy.net", 12345),
    "postgres://u:p@app-db.flycast:5432/d?sslmode=disable": ("app-db.flycast", 5432),
    f"{U}u%40server:p@server.postgres.database.azure.com:5432/postgres?sslmode=require":
        ("server.postgres.database.azure.com", 5432),
    f"{U}u@server:p@server.postgres.database.azure.com/postgres":
        ("server.postgres.database.azure.com", 5432),
    f"{U}u:p@/d?host=/cloudsql/project:region:instance":
        "/cloudsql/project:region:instance/.s.PGSQL.5432",
    f"{U}u:p@%2Fcloudsql%2Fproject%3Aregion%3Ainstance/d":
        "/cloudsql/project:region:instance/.s.PGSQL.5432",
    f"{U}u:p@h/d?connection_limit=5&pool_timeout=10&schema=public&connect_timeout=15": ("h", 5432),
    f"{U}u:p@h/d?serverVersion=16&charset=utf8": ("h", 5432),
    f"{U}u:p@h/d?keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3"
    "&gssencmode=disable&application_name=x&target_session_attrs=any&sslsni=1": ("h", 5432),
    f"{U}u:p@h/d?ssl=true": ("h", 5432),
    f"{U}u:p@[2001:db8::1]:6000/d": ("2001:db8::1", 6000),
    f" {U}u:p@h:1/d\n": ("h", 1),
}  # fmt: skip


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def for_the_driver(dsn: str) -> tuple[list, object]:
    """Hosts with their ports, and all else, as the driver understands an address that was
    understood here."""
    nothing = dict.fromkeys(
        ("host", "port", "user", "password", "passfile", "database", "ssl", "service",
         "servicefile", "direct_tls", "server_settings", "target_session_attrs", "krbsrvname",
         "gsslib")
    )  # fmt: skip
    hosts = []
    for one in each_host(understood(dsn).dsn):
        found, parameters = connect_utils._parse_connect_dsn_and_args(dsn=one, **nothing)
        hosts += found
    return hosts, parameters


def refusal(dsn: str) -> str:
    with pytest.raises(StartError) as refused:
        understood(dsn)
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert str(refused.value).endswith(".")
    return str(refused.value)


@pytest.mark.parametrize("dsn", PRINTED)
def test_what_providers_print_is_understood(dsn: str, certificate: Certificate):
    hosts, parameters = for_the_driver(dsn.replace("PEM", str(certificate.path)))
    assert hosts == [PRINTED[dsn]]
    # What is left goes to the server, which knows nothing of what was meant for a client.
    assert set(parameters.server_settings or {}) <= {"options"}
    assert parameters.password in {"p", "npg_x", "AVNS_x"}
    for words, mode in (("=require", "require"), ("ssl=true", "require"), ("=disable", "disable")):
        if words in dsn.replace("binding=require", "").replace("gssencmode=disable", ""):
            assert parameters.sslmode.name.replace("_", "-") == mode


@pytest.mark.parametrize(
    ("written", "password"),
    [("p%40%3A%2F%3F%23%25%20", "p@:/?#% "), ("p@ss", "p@ss"), ("100%", "100%"), ("a+b", "a+b")],
)
def test_a_password_may_hold_any_character(written: str, password: str):
    hosts, parameters = for_the_driver(f"postgresql://u:{written}@h:1,k:2/d?sslmode=disable")
    assert hosts == [("h", 1), ("k", 2)]
    assert parameters.password == password


@pytest.mark.parametrize("password", ["canary#x", "can?canary=1", "canary?x", "canary/x"])
def test_a_password_that_breaks_the_address_is_told_without_a_piece_of_it(password: str):
    dsn = f"postgresql://u:{password}@h/d"
    try:
        sentence = refusal(dsn)
    except pytest.fail.Exception:
        # The driver sees it: the password is where a port should be.
        with pytest.raises(ValueError, match="invalid literal"):
            for_the_driver(dsn)
    else:
        assert "is malformed" in sentence
        assert "%40" in sentence


def test_an_unknown_parameter_is_named_and_its_value_is_not():
    for name in ("sslcrldir", "require_auth", "search_path", "work_mem", "SSLMODE"):
        sentence = refusal(f"postgresql://u:canary@h/d?sslmode=require&{name}=canary")
        assert f"a parameter that isn't known here: {name}. " in sentence
    for name in ("canary%20x", "can%0Aary", "c" * 50):
        assert "whose name is no name" in refusal(f"postgresql://u:canary@h/d?{name}=canary")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sslmode=no-verify", "sslmode in DATABASE_URL must be one of disable, "),
        ("ssl=canary", "sslmode in DATABASE_URL must be one of disable, "),
        ("sslrootcert=/canary", "The file that sslrootcert in DATABASE_URL names can't be read: "),
        ("sslcert=/proc/self/status", "it isn't in PEM form"),
        ("sslrootcert=system&sslkey=/canary", "The file that sslkey in DATABASE_URL names"),
        ("sslrootcert=system&ssl_min_protocol_version=canary", "names no version such as"),
    ],
)
def test_what_is_asked_of_tls_and_can_not_be_done_is_told(query: str, words: str):
    assert words in refusal(f"postgresql://u:canary@h/d?{query}")


@pytest.mark.parametrize("port", ["0", "65536", "91416", "9" * 20])
@pytest.mark.parametrize(
    "where", ["h:{}/d", "h:1,k:{}/d", "[::1]:{}/d", "h/d?port={}", "/d?host=h,k&port=1,{}",
              "/d?host=h:{}"],
)  # fmt: skip
def test_a_port_that_no_host_has_is_refused_by_name(where: str, port: str):
    # The driver would take the rest by 65536, and reach another database.
    assert (
        "the port in the address of the database"
        in refusal(f"postgresql://u:canary@{where.format(port)}").lower()
    )


def test_the_address_is_in_no_representation():
    assert "canary" not in repr(understood("postgresql://u:canary@h/d?options=canary"))


async def test_a_schema_is_where_the_tables_are_and_must_be_there(postgres: Server):
    with postgres.database(migrated=False) as url:
        named = f"{url}&schema=apart"
        pool = await open_pool(named, size=2, wait_seconds=0)
        with pytest.raises(StartError, match="make it first"):
            await migrate(pool, read_migrations())
        await pool.execute("CREATE SCHEMA apart")
        await migrate(pool, read_migrations())
        where = "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'rooms'"
        assert await pool.fetchval(where) == "apart"
        await pool.close()


@pytest.mark.parametrize("error", [KeyError("uid"), OSError("No username set in the environment")])
async def test_an_address_without_a_user_where_there_is_no_account_is_told(
    error: Exception, database_url: str, monkeypatch: pytest.MonkeyPatch
):
    """A user id that an orchestrator gave has no name; by the version of Python the error is one
    or the other."""

    def no_account() -> str:
        raise error

    monkeypatch.setattr(connect_utils.getpass, "getuser", no_account)
    monkeypatch.delenv("PGUSER", raising=False)
    assert "names no user" in await told(database_url.replace("//ephemeral:", "//:"))


# TLS


@asynccontextmanager
async def speaking_tls(certificate: Certificate, database_url: str) -> AsyncIterator[int]:
    """A port before the database that asks for TLS, as the PostgreSQL of a provider does."""
    (directory,) = parse_qs(urlsplit(database_url).query)["host"]

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readexactly(8) == struct.pack("!ii", 8, 80877103)
            writer.write(b"S")
            await writer.start_tls(certificate.serving)
            onward = await asyncio.open_unix_connection(f"{directory}/.s.PGSQL.5432")
            await asyncio.gather(pump(reader, onward[1]), pump(onward[0], writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1]


def by_tls(database_url: str, port: int, query: str, host: str = "127.0.0.1") -> str:
    parts = urlsplit(database_url)
    user = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{user}@{host}:{port}", query=query).geturl()


async def told(dsn: str) -> str:
    with pytest.raises(StartError) as refused:
        await open_pool(dsn, size=2, wait_seconds=3600)
    return str(refused.value)


async def test_tls_is_checked_as_it_is_asked_to(
    certificate: Certificate, database_url: str, monkeypatch: pytest.MonkeyPatch
):
    async with speaking_tls(certificate, database_url) as port:

        async def opens(query: str) -> None:
            pool = await open_pool(by_tls(database_url, port, query), size=2, wait_seconds=0)
            assert await pool.fetchval("SELECT 1") == 1
            await pool.close()

        await opens("sslmode=require")
        await opens("ssl=true&channel_binding=require&connect_timeout=10")
        await opens(f"sslmode=verify-full&sslrootcert={certificate.path}")
        untrusted = "no authority that is trusted here"
        # The system's authorities know nothing of it, whatever weaker mode is named beside.
        for query in ("sslrootcert=system", "sslmode=require&sslrootcert=system"):
            assert untrusted in await told(by_tls(database_url, port, query))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
        await opens("sslrootcert=system")
        await opens("sslmode=verify-full&sslrootcert=system&ssl_min_protocol_version=TLSv1.3")
        wrong = by_tls(database_url, port, "sslrootcert=system", "localhost")
        assert "another host name" in await told(wrong)


async def test_tls_that_is_refused_is_called_so(database_url: str):
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        for query in ("sslmode=require", "sslrootcert=system"):
            assert "refuses TLS" in await told(by_tls(database_url, port, query))


async def test_what_is_no_postgresql_is_called_so(database_url: str):
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        for query in ("sslmode=prefer", "application_name=x"):
            assert "isn't PostgreSQL" in await told(by_tls(database_url, port, query))
