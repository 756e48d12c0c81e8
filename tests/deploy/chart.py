"""The chart, rendered by Helm's own engine."""

from functools import cache
from typing import Any

import yaml
from helm_python.chart import Chart

from tests.deploy.packages import ROOT

CHART = ROOT / "deploy" / "helm" / "rounds"
EXAMPLES = ROOT / "deploy" / "helm" / "examples"
SITES = ("defaults", "small", "large")

type Manifest = dict[str, Any]


@cache
def values_of(site: str) -> dict[str, Any]:
    """Return the values of an example; ``defaults`` has none of its own."""
    read: dict[str, Any] = {} if site == "defaults" else yaml.safe_load((EXAMPLES / f"{site}.yaml").read_text())
    return read


def render(values: dict[str, Any]) -> list[Manifest]:
    """Return everything that an installation as ``rounds`` would make."""
    with Chart.load(CHART) as chart:
        files = chart.render(values, name="rounds", namespace="clinic")
    return [
        manifest
        for path, text in files.items()
        if path.endswith(".yaml")
        for manifest in yaml.safe_load_all(text)
        if manifest
    ]


@cache
def site(name: str) -> tuple[Manifest, ...]:
    """Return what an example's installation would make."""
    return tuple(render(values_of(name)))


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    """Return the manifests of some kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def pods(manifests: tuple[Manifest, ...]) -> dict[str, Manifest]:
    """Return every pod template by the name of what makes it."""
    return {
        manifest["metadata"]["name"]: manifest["spec"]["template"]
        for manifest in of_kind(manifests, "StatefulSet", "Job")
    }


def room_pods(manifests: tuple[Manifest, ...]) -> dict[str, Manifest]:
    """Return the pod template of each room."""
    return {
        manifest["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]: manifest["spec"]["template"]
        for manifest in of_kind(manifests, "StatefulSet")
    }


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Return whether a label selector takes a pod."""
    if any(labels.get(name) != value for name, value in selector.get("matchLabels", {}).items()):
        return False
    for rule in selector.get("matchExpressions", ()):
        among = labels.get(rule["key"]) in rule["values"]
        if among != (rule["operator"] == "In"):
            return False
    return True
