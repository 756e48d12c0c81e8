"""Alerts and the dashboard: every query can be answered by what the processes serve, every text helps."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.deploy.packages import ROOT
from tests.deploy.queries import faults, labels_after, labels_of_text, series

RULES = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
ALERTS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "rounds.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES = {variable["name"] for variable in DASHBOARD["templating"]["list"]}


def test_a_query_for_what_nobody_serves_is_found() -> None:
    assert faults("sum by (room) (rounds_nothing_total)") == {"no series rounds_nothing_total", "no label room"}
    assert faults('rounds_visits_late{room="x"}') == {"rounds_visits_late has no label room"}
    assert faults("sum by (colour) (rounds_bus_up)") == {"no label colour"}
    with pytest.raises(ValueError, match="parenthesis"):
        faults("sum by (room) (rounds_bus_up")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_can_be_answered_and_says_what_to_do(alert: dict[str, Any]) -> None:
    assert faults(alert["expr"]) == set()
    assert alert["labels"]["severity"] in {"warning", "critical"}
    said = alert["annotations"]
    assert set(said) == {"summary", "description", "runbook_url"}
    assert labels_of_text(said["summary"]) <= labels_after(alert["expr"])
    assert said["description"].endswith(".")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_the_runbook_has_the_alerts_remedy(alert: dict[str, Any]) -> None:
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), flags=re.MULTILINE)
    assert alert["alert"] in headings
    assert anchor == alert["alert"].lower()


def test_every_trouble_that_was_asked_for_has_its_alert() -> None:
    asked = " ".join(alert["expr"] for alert in ALERTS)
    for metric in (
        "rounds_consumer_lag_records",
        "rounds_outbox_oldest_seconds",
        "rounds_dead_letters_total",
        "rounds_bus_up",
        "rounds_solve_seconds_bucket",
        "rounds_plan_requests_oldest_seconds",
        "rounds_visits_late",
        "up{",
    ):
        assert metric in asked


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_can_be_answered_and_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) > 40
    assert panel["targets"]
    for target in panel["targets"]:
        assert faults(target["expr"]) == set()
        assert labels_of_text(target["legendFormat"]) <= labels_after(target["expr"])
        assert set(re.findall(r"\$(\w+)", target["expr"])) <= VARIABLES


def test_the_dashboard_answers_three_questions_in_order() -> None:
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ["Is the day on track?", "Is the pipe flowing?", "Where is it stuck?"]


def test_every_stage_is_shown_with_its_percentiles() -> None:
    shown = {
        target["expr"][len("histogram_quantile(") :].split(",")[0]
        for panel in PANELS
        for target in panel["targets"]
        if "rounds_stage_seconds_bucket" in target["expr"] and "{{stage}}" in target["legendFormat"]
    }
    assert shown == {"0.5", "0.95", "0.99"}


def test_every_metric_of_the_house_is_shown_or_wakes_somebody() -> None:
    asked = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    asked += " ".join(alert["expr"] for alert in ALERTS)
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in series()}
    assert {family for family in families if family not in asked} == set()


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
