"""The chart makes what Kubernetes accepts, for a small and a large site, and no secret stands in it."""

import json
import re
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from helm_python.chart import lint
from helm_python.errors import HelmError

from services.board.handlers import HANDLERS as BOARD
from services.booking.handlers import HANDLERS as BOOKING
from services.dispatch.handlers import HANDLERS as DISPATCH
from services.geocoding.handlers import HANDLERS as GEOCODING
from services.nurse_app.handlers import HANDLERS as NURSE_APP
from services.routing.handlers import HANDLERS as ROUTING
from tests.deploy.chart import CHART, SITES, Manifest, of_kind, pods, render, room_pods, selects, site, values_of
from tests.deploy.packages import ROOT
from tests.deploy.queries import faults
from tests.deploy.routes import ROOMS, public_paths
from tests.deploy.settings import known_variables

OLDEST, NEWEST = "1.30", "1.37"
CUSTOM = json.loads((ROOT / "tests" / "deploy" / "schemas" / "custom-resources.json").read_text())
HANDLERS = {
    "booking": BOOKING,
    "geocoding": GEOCODING,
    "routing": ROUTING,
    "dispatch": DISPATCH,
    "board": BOARD,
    "nurse_app": NURSE_APP,
}
every_site = pytest.mark.parametrize("name", SITES)


def settings_of(container: Manifest, manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    maps = {manifest["metadata"]["name"]: manifest["data"] for manifest in of_kind(manifests, "ConfigMap")}
    given: dict[str, Any] = {}
    for source in container.get("envFrom", ()):
        given |= maps[source["configMapRef"]["name"]]
    return given | {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", ())}


def test_helm_lints_it_without_a_warning() -> None:
    report = lint(CHART, strict=True)
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] > 1] == []


@every_site
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_accepts_every_manifest(name: str, version: str) -> None:
    for manifest in site(name):
        if manifest["kind"] not in CUSTOM["definitions"]:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_custom_resources_have_only_fields_there_are() -> None:
    custom = of_kind(site("large"), *CUSTOM["definitions"])
    assert {manifest["kind"] for manifest in custom} == {
        "ScaledObject",
        "TriggerAuthentication",
        "ServiceMonitor",
        "PrometheusRule",
    }
    for manifest in custom:
        schema = {"$ref": f"#/definitions/{manifest['kind']}", "definitions": CUSTOM["definitions"]}
        jsonschema.validate(manifest["spec"], schema)


@every_site
def test_names_are_not_used_twice(name: str) -> None:
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in site(name)]
    assert len(names) == len(set(names))


@every_site
def test_no_pod_runs_as_root_writes_to_its_root_or_has_a_pass_to_the_cluster(name: str) -> None:
    for made_by, pod in pods(site(name)).items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, made_by
        assert spec["securityContext"]["runAsNonRoot"], made_by
        assert spec["securityContext"]["runAsUser"] == 10001, made_by
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, made_by
        for container in [*spec["containers"], *spec.get("initContainers", ())]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"], made_by
            assert context["allowPrivilegeEscalation"] is False, made_by
            assert context["capabilities"] == {"drop": ["ALL"]}, made_by
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, made_by
            assert "memory" in container["resources"]["limits"], made_by


@every_site
def test_no_secret_stands_in_a_manifest(name: str) -> None:
    assert of_kind(site(name), "Secret") == []
    for made_by, pod in pods(site(name)).items():
        for container in pod["spec"]["containers"]:
            for variable, value in settings_of(container, site(name)).items():
                if re.search(r"PASSWORD|SECRET|_KEY|KEK|TOKEN", variable):
                    assert variable.endswith("_FILE"), (made_by, variable)
                    assert value.startswith("/run/secrets/rounds/"), (made_by, variable)
                assert not re.search(r"://[^/@\s]+:[^/@\s]+@", str(value)), (made_by, variable)


@every_site
def test_every_file_a_setting_names_is_mounted_from_a_secret(name: str) -> None:
    for made_by, pod in pods(site(name)).items():
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        for container in pod["spec"]["containers"]:
            paths = {
                f"{mount['mountPath']}/{item['path']}"
                for mount in container["volumeMounts"]
                for source in volumes[mount["name"]].get("projected", {}).get("sources", ())
                for item in source["secret"]["items"]
            }
            named = {
                value for variable, value in settings_of(container, site(name)).items() if variable.endswith("_FILE")
            }
            assert named <= paths, made_by
            assert paths == named, f"{made_by} is given a secret that it does not read"


@every_site
def test_the_key_of_the_patients_keys_is_given_to_booking_alone(name: str) -> None:
    holders = {
        made_by for made_by, pod in pods(site(name)).items() if "booking.kek" in json.dumps(pod["spec"]["volumes"])
    }
    assert holders == {"rounds-booking"}


@every_site
def test_every_setting_is_one_that_the_code_reads(name: str) -> None:
    given = {
        variable
        for pod in pods(site(name)).values()
        for container in pod["spec"]["containers"]
        for variable in settings_of(container, site(name))
    }
    assert "ROUNDS_DATABASE_URL" in given
    assert {variable for variable in given if not variable.startswith("OTEL_")} - known_variables() == set()


@every_site
def test_every_room_has_its_process_service_and_budget_with_labels_that_match(name: str) -> None:
    running = room_pods(site(name))
    assert set(running) == set(ROOMS)
    for room, pod in running.items():
        labels = pod["metadata"]["labels"]
        (container,) = pod["spec"]["containers"]
        assert container["command"] == ["python", "-m", f"services.{room}"]
        (workload,) = [s for s in of_kind(site(name), "StatefulSet") if s["spec"]["template"] is pod]
        assert selects(workload["spec"]["selector"], labels)
        (service,) = [
            s for s in of_kind(site(name), "Service") if selects({"matchLabels": s["spec"]["selector"]}, labels)
        ]
        (budget,) = [b for b in of_kind(site(name), "PodDisruptionBudget") if selects(b["spec"]["selector"], labels)]
        assert service["metadata"]["name"] == workload["spec"]["serviceName"] == budget["metadata"]["name"]
        assert service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
        assert service["spec"]["ports"][0]["port"] == container["ports"][0]["containerPort"] == 8080


@every_site
def test_a_room_is_asked_for_life_and_readiness_and_keeps_its_name(name: str) -> None:
    for pod in room_pods(site(name)).values():
        (container,) = pod["spec"]["containers"]
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
        assert container["startupProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
        named = settings_of(container, site(name))["ROUNDS_KAFKA_INSTANCE"]
        assert named == {"fieldRef": {"fieldPath": "metadata.name"}}
        assert pod["spec"]["terminationGracePeriodSeconds"] >= 60


@every_site
def test_rooms_find_each_other_by_services_there_are(name: str) -> None:
    (container,) = room_pods(site(name))["board"]["spec"]["containers"]
    peers = json.loads(settings_of(container, site(name))["ROUNDS_PEERS"])
    services = {service["metadata"]["name"] for service in of_kind(site(name), "Service")}
    assert set(peers) == set(ROOMS)
    assert {url.removeprefix("http://").removesuffix(":8080") for url in peers.values()} == services


@every_site
def test_maps_are_read_by_rooms_and_written_by_their_builder_alone(name: str) -> None:
    for made_by, pod in pods(site(name)).items():
        for container in pod["spec"]["containers"]:
            for mount in container["volumeMounts"]:
                if mount["name"] == "maps":
                    assert mount.get("readOnly", False) is not ("-area-" in made_by), made_by


@every_site
def test_migrations_and_topics_come_before_everything(name: str) -> None:
    jobs = {
        job["metadata"]["name"]: job for job in of_kind(site(name), "Job") if "-area-" not in job["metadata"]["name"]
    }
    assert set(jobs) == {"rounds-topics", "rounds-migrations"}
    for job in jobs.values():
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    migrated = [
        container["command"] for container in jobs["rounds-migrations"]["spec"]["template"]["spec"]["containers"]
    ]
    assert migrated == [["rounds", "db", "upgrade", "--room", room] for room in sorted(ROOMS)]


def test_a_changed_map_is_another_job() -> None:
    build = {"id": "queens-ny", "timezone": "America/New_York", "url": "https://maps.example.org/a.osm.pbf"}
    names = {
        job["metadata"]["name"]
        for url in ("a", "b", "a")
        for job in of_kind(tuple(render({"maps": {"builds": [build | {"url": f"https://x.example/{url}"}]}})), "Job")
        if "-area-" in job["metadata"]["name"]
    }
    assert len(names) == 2


def test_scaling_follows_each_rooms_own_topics_and_what_waits_for_a_plan() -> None:
    scaled = {
        thing["spec"]["scaleTargetRef"]["name"]: thing["spec"] for thing in of_kind(site("large"), "ScaledObject")
    }
    workloads = {thing["metadata"]["name"]: thing for thing in of_kind(site("large"), "StatefulSet")}
    assert set(scaled) == set(workloads)
    assert all("replicas" not in workload["spec"] for workload in workloads.values())
    for room, handlers in HANDLERS.items():
        triggers = scaled[f"rounds-{room.replace('_', '-')}"]["triggers"]
        lag = [trigger["metadata"] for trigger in triggers if trigger["type"] == "kafka"]
        assert sorted(trigger["topic"] for trigger in lag) == sorted({event.topic for event in handlers})
        assert {trigger["consumerGroup"] for trigger in lag} == {room}
        queries = [trigger["metadata"]["query"] for trigger in triggers if trigger["type"] == "prometheus"]
        assert len(queries) == (room == "routing")
        assert [fault for query in queries for fault in faults(query)] == []


def test_the_cluster_watches_by_the_same_alerts_and_dashboard() -> None:
    (rule,) = of_kind(site("large"), "PrometheusRule")
    assert "RoundsOutboxStuck" in {entry["alert"] for group in rule["spec"]["groups"] for entry in group["rules"]}
    assert "{{ $labels.room }}" in json.dumps(rule["spec"])
    (board,) = [thing for thing in of_kind(site("large"), "ConfigMap") if "rounds.json" in thing["data"]]
    assert json.loads(board["data"]["rounds.json"])["title"] == "Rounds"
    (monitor,) = of_kind(site("large"), "ServiceMonitor")
    for service in of_kind(site("large"), "Service"):
        assert selects(monitor["spec"]["selector"], service["metadata"]["labels"])
        assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


def routed(paths: list[Manifest], path: str) -> str | None:
    fitting = [
        rule
        for rule in paths
        if path == rule["path"] or (rule["pathType"] == "Prefix" and path.startswith(rule["path"].rstrip("/") + "/"))
    ]
    if not fitting:
        return None
    best = max(fitting, key=lambda rule: len(rule["path"]))
    return str(best["backend"]["service"]["name"])


@pytest.mark.parametrize("name", ["small", "large"])
def test_every_path_leads_to_its_room_through_one_of_two_doors(name: str) -> None:
    doors = {
        door["metadata"]["name"]: door["spec"]["rules"][0]["http"]["paths"] for door in of_kind(site(name), "Ingress")
    }
    assert set(doors) == {"rounds-nurses", "rounds-desk"}
    both = [rule for paths in doors.values() for rule in paths]
    assert len({rule["path"] for rule in both}) == len(both)
    for path, rooms in public_paths().items():
        assert routed(both, path) in {f"rounds-{room.replace('_', '-')}" for room in rooms}, path
    for closed in ("/internal/patient-keys", "/metrics", "/healthz", "/readyz"):
        assert routed(both, closed) is None
    open_to_all = {rule["path"] for rule in doors["rounds-nurses"]}
    assert not any(path.startswith(("/v1", "/board")) for path in open_to_all)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"ingress": {"desk": {"enabled": True}}}, "guardedElsewhere"),
        ({"database": {"url": "postgresql+asyncpg://rounds:secret@db/rounds_{room}"}}, "database"),
        ({"database": {"url": "postgresql+asyncpg://rounds@db/rounds"}}, "database"),
        ({"rooms": {"booking": {"environment": {"SOME_PASSWORD": "x"}}}}, "SOME_PASSWORD"),
        ({"rooms": {"kitchen": {"replicas": 1}}}, "kitchen"),
        ({"kafka": {"securityProtocol": "TLS"}}, "securityProtocol"),
        ({"publicUrl": "https://rounds.example.org/"}, "publicUrl"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(HelmError, match=named):
        render(values)


def test_the_examples_change_only_what_there_is() -> None:
    assert values_of("small")["kafka"]["securityProtocol"] == "PLAINTEXT"
    assert "SASL" not in json.dumps(pods(site("small")))
    assert "ROUNDS_KAFKA_SASL_USERNAME" in json.dumps(pods(site("large")))
