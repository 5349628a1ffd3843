"""deploy/kubernetes as kubectl itself puts it together, held against the schemas of Kubernetes.

kubectl comes from requirements/engine.lock; no cluster is asked. Started by `make test-compose`.
"""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from support.machines.debian_base import run
from support.machines.engine import install_programs

from ephemeral import __version__

pytestmark = pytest.mark.engine

KUBERNETES = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_programs(tmp_path_factory.mktemp("programs") / "of the lock") / "kubectl"


def test_what_kubectl_makes_of_the_folder_is_what_the_schemas_ask_for(kubectl: Path):
    made = list(yaml.safe_load_all(run(kubectl, "kustomize", KUBERNETES)))
    files = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert len(made) == len(files)
    for manifest in made:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    [deployment] = [one for one in made if one["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"registry.example/ephemeral:{__version__}"
