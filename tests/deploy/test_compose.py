"""docker-compose.yml, read by the real Compose and held against the code."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.packages import ROOT
from tests.deploy.routes import ROOMS, public_paths
from tests.deploy.settings import known_variables
from tests.deploy.tools import PROGRAMS, run

ENTRY = (ROOT / "deploy" / "compose" / "entry.conf").read_text()
PORTS = {"board": 8080, "booking": 8081, "geocoding": 8082, "routing": 8083, "dispatch": 8084, "nurse_app": 8085}


@cache
def project() -> dict[str, Any]:
    said = run(PROGRAMS / "docker-compose", "--profile", "*", "config", "--format", "json")
    assert said.returncode == 0, said.stderr
    read: dict[str, Any] = json.loads(said.stdout)
    return read


def services() -> dict[str, Any]:
    found: dict[str, Any] = project()["services"]
    return found


def lasting() -> dict[str, Any]:
    return {name: service for name, service in services().items() if service["restart"] != "no"}


@pytest.mark.parametrize("profile", ["", "osrm", "traces", "all-in-one", "tools"])
def test_compose_accepts_every_profile(profile: str) -> None:
    said = run(PROGRAMS / "docker-compose", "--profile", profile, "config", "--quiet")
    assert (said.returncode, said.stderr) == (0, "")


def test_every_image_is_pinned_by_version() -> None:
    images = {name: service["image"] for name, service in services().items()}
    assert {name for name, image in images.items() if not re.search(r":v?\d+\.\d+\.\d+|:\d+\.\d+", image)} == set()


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in services().values() for port in service.get("ports", ())]
    assert len(published) >= len(PORTS)
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_what_stays_is_restarted_limited_and_unprivileged() -> None:
    for name, service in lasting().items():
        assert service["restart"] == "unless-stopped", name
        assert int(service["deploy"]["resources"]["limits"]["memory"]) > 0, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_what_stays_is_asked_for_its_health() -> None:
    in_the_image = {name for name, service in services().items() if service["image"].startswith("rounds:")}
    jaeger_has_no_program_to_ask_with = {"jaeger"}
    asked = {name for name, service in services().items() if "healthcheck" in service}
    assert set(lasting()) - asked - in_the_image == jaeger_has_no_program_to_ask_with


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_waits_for_topics_and_migrations_and_can_run_several_times(room: str) -> None:
    service = services()[room]
    assert service["command"] == ["python", "-m", f"services.{room}"]
    assert set(service["depends_on"]) == {"topics", "migrations"}
    assert {wait["condition"] for wait in service["depends_on"].values()} == {"service_completed_successfully"}
    assert "ports" not in service
    assert "container_name" not in service
    assert service["read_only"]


def test_the_one_shot_services_wait_for_servers_that_answer() -> None:
    assert services()["topics"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    assert services()["migrations"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_every_variable_is_one_that_the_code_reads() -> None:
    ours = [service for service in services().values() if service["image"].startswith("rounds:")]
    given = {name for service in ours for name in service.get("environment", {})}
    assert "ROUNDS_DATABASE_URL" in given
    assert {name for name in given if not name.startswith("OTEL_")} - known_variables() == set()


def test_no_secret_stands_in_the_file() -> None:
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEY|KEK|TOKEN", variable):
                assert re.search(r"_FILE$", variable), (name, variable)
                assert value.startswith("/run/secrets/"), (name, variable)
                assert value.removeprefix("/run/secrets/") in {secret["source"] for secret in service["secrets"]}
    assert all(set(secret) <= {"name", "file"} for secret in project()["secrets"].values())


def test_the_key_of_the_patients_keys_is_given_to_booking_alone() -> None:
    holders = {
        name
        for name, service in services().items()
        for secret in service.get("secrets", ())
        if secret["source"] == "booking_kek"
    }
    assert holders == {"booking", "all-in-one"}


def test_the_secrets_are_made_once_and_not_kept_in_git() -> None:
    script = (ROOT / "deploy" / "compose" / "secrets.sh").read_text()
    made = set(re.findall(r"^make (\S+) ", script, flags=re.MULTILINE))
    assert made == {file["file"].rsplit("/", 1)[1] for file in project()["secrets"].values()}
    assert "deploy/compose/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_room_has_its_database_made_and_brought_to_this_release() -> None:
    assert services()["migrations"]["command"] == ["sh", "-ec", "rounds db create; rounds db upgrade"]
    assert services()["migrations"]["environment"]["ROUNDS_DATABASE_URL"].endswith("/rounds_{room}")


def test_the_script_makes_every_secret_once_for_the_rooms_to_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    script = ROOT / "deploy" / "compose" / "secrets.sh"
    first = run(Path("/usr/bin/env"), f"ROUNDS_SECRETS={folder}", "sh", script)
    assert first.returncode == 0, first.stderr
    made = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert {name: len(made[name]) for name in ("signing.key", "booking.kek")} == {"signing.key": 32, "booking.kek": 32}
    assert len(set(made.values())) == 4
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o444}
    assert folder.stat().st_mode & 0o777 == 0o700
    again = run(Path("/usr/bin/env"), f"ROUNDS_SECRETS={folder}", "sh", script)
    assert again.stdout == ""
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == made


def test_the_broker_is_the_one_that_is_tested() -> None:
    tested = re.search(r'^VERSION = "(.+)"', (ROOT / "deploy/dev/kafka/jars.py").read_text(), flags=re.MULTILINE)
    assert tested
    assert services()["kafka"]["image"] == f"apache/kafka:{tested[1]}"


def test_every_path_of_every_room_leads_there_from_the_one_address() -> None:
    table = re.findall(r"^    ~(\S+)\s+(\$?\w+);$", ENTRY.replace("(?<", "(?P<"), flags=re.MULTILINE)
    assert len(table) == 7
    led = dict.fromkeys(public_paths(), "board")
    for path in led:
        for rule, room in table:
            if found := re.search(rule, path):
                led[path] = found[room[1:]] if room.startswith("$") else room
                break
    assert [path for path, rooms in public_paths().items() if led[path] not in rooms] == []
    assert set(led.values()) == set(ROOMS)


def test_each_room_has_the_port_that_make_up_gives_it() -> None:
    doors = {room: int(port) for port, room in re.findall(r"^    (\d{4}) (\w+);$", ENTRY, flags=re.MULTILINE)}
    assert doors | {"board": 8080} == PORTS
    published = {int(port["published"]) for port in services()["entry"]["ports"]}
    assert published == set(PORTS.values())
    assert published == {int(port) for port in re.findall(r"^    listen (80[0-9]{2});$", ENTRY, flags=re.MULTILINE)} - {
        8079
    }


@pytest.mark.parametrize("path", ["/internal/patient-keys", "/metrics", "/healthz", "/readyz"])
def test_what_only_rooms_ask_for_is_closed_at_the_entry(path: str) -> None:
    closed = re.search(r"location ~ (\S+) \{\s+return 404;", ENTRY)
    assert closed
    assert re.search(closed[1], path)


def test_prometheus_asks_every_room() -> None:
    read = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    (job,) = read["scrape_configs"]
    assert job["job_name"] == "rounds"
    assert sorted(job["dns_sd_configs"][0]["names"]) == sorted(ROOMS)
