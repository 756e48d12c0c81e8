"""The network policies let through what the code does, and nothing else."""

import re

import pytest

from tests.deploy.chart import SITES, Manifest, of_kind, pods, room_pods, selects, site
from tests.deploy.packages import ROOT
from tests.deploy.routes import ROOMS

every_site = pytest.mark.parametrize("name", SITES)
BY_COMMANDS = {("board", "nurse_app")}
"""`rounds trace`, run in a pod of the board, asks every room."""
CALL = re.compile(r'peers\.client\(\w+, "(\w+)"\)')


def calls() -> set[tuple[str, str]]:
    """Return which room calls which, as the rooms' composition roots say."""
    return {
        (room, callee)
        for room in ROOMS
        for callee in CALL.findall((ROOT / "services" / room / "service.py").read_text())
    }


def labels(pod: Manifest) -> dict[str, str]:
    found: dict[str, str] = pod["metadata"]["labels"]
    return found


def rules(name: str, pod: Manifest, direction: str) -> list[Manifest]:
    """Return every rule of a direction that some policy has for a pod; at least one policy must govern it."""
    governing = [
        policy["spec"]
        for policy in of_kind(site(name), "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], labels(pod)) and direction in policy["spec"]["policyTypes"]
    ]
    assert governing, "without a policy everything is let through"
    return [rule for policy in governing for rule in policy.get(direction.lower(), ())]


def lets(rule: Manifest, port: int, other: Manifest | None = None) -> bool:
    """Return whether a rule is for a port, and for another pod of ours if one is given."""
    if port not in {entry["port"] for entry in rule["ports"]}:
        return False
    peers = rule.get("to") or rule.get("from")
    if other is None or peers is None:
        return True
    return any("podSelector" in peer and selects(peer["podSelector"], labels(other)) for peer in peers)


@every_site
def test_rooms_reach_whom_they_call_and_nobody_else(name: str) -> None:
    assert ("geocoding", "booking") in calls()
    running = room_pods(site(name))
    through = {
        (caller, callee)
        for caller, pod in running.items()
        for callee, other in running.items()
        if any(lets(rule, 8080, other) for rule in rules(name, pod, "Egress"))
        and any(lets(rule, 8080, pod) for rule in rules(name, other, "Ingress"))
    }
    assert through == calls() | BY_COMMANDS


@pytest.mark.parametrize(("name", "database", "kafka"), [("defaults", 5432, 9092), ("large", 6432, 9094)])
def test_every_room_reaches_its_stores_and_the_names_of_things(name: str, database: int, kafka: int) -> None:
    for pod in room_pods(site(name)).values():
        outward = rules(name, pod, "Egress")
        for port in (53, database, kafka):
            assert any(lets(rule, port) for rule in outward), port
        assert not any(lets(rule, 443) for rule in outward)


@every_site
def test_the_jobs_before_an_installation_reach_the_stores_by_policies_that_are_there_by_then(name: str) -> None:
    for policy in of_kind(site(name), "NetworkPolicy"):
        for made_by, pod in pods(site(name)).items():
            if made_by not in {"rounds-topics", "rounds-migrations"}:
                continue
            if selects(policy["spec"]["podSelector"], labels(pod)) and policy["spec"].get("egress"):
                assert policy["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
                assert {entry["port"] for rule in policy["spec"]["egress"] for entry in rule["ports"]} >= {53}
    setup = pods(site(name))["rounds-migrations"]
    assert any(rule["ports"][0]["port"] in {5432, 6432} for rule in rules(name, setup, "Egress"))
    assert rules(name, setup, "Ingress") == []


@every_site
def test_a_running_room_is_under_no_policy_that_an_upgrade_takes_away(name: str) -> None:
    for policy in of_kind(site(name), "NetworkPolicy"):
        if "annotations" in policy["metadata"]:
            for pod in room_pods(site(name)).values():
                assert not selects(policy["spec"]["podSelector"], labels(pod))


def test_people_and_prometheus_come_in_where_the_values_say_so() -> None:
    for pod in room_pods(site("large")).values():
        sources = [peer for rule in rules("large", pod, "Ingress") for peer in rule["from"]]
        spaces = {
            peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            for peer in sources
            if "namespaceSelector" in peer
        }
        assert spaces == {"ingress-nginx", "monitoring"}
    callers = [rule["from"] for rule in rules("defaults", room_pods(site("defaults"))["board"], "Ingress")]
    assert callers == []


def test_only_the_builder_of_maps_reaches_the_web() -> None:
    builders = [pod for made_by, pod in pods(site("small")).items() if "-area-" in made_by]
    assert len(builders) == 1
    outward = rules("small", builders[0], "Egress")
    assert any(lets(rule, 443) for rule in outward)
    assert not any(lets(rule, port) for rule in outward for port in (5432, 9092))
