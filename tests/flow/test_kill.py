"""kill -9 during an import loses no booking and doubles none; and the judge of that would notice."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.demo import DemoDay
from services.sample.addresses import Address
from services.sample.day import Day
from shared.areas import load_areas
from shared.bus.port import Record
from shared.clock import new_id, utc_now
from shared.events.envelope import encode
from shared.events.ids import EventId
from tests.bench.kill_drill import Evidence, drill, faults
from tests.contract.room import fact
from tests.flow.conftest import AREA


async def test_nothing_acknowledged_is_lost_or_doubled_by_three_kills(
    data: Path, map_dir: Path, addresses: list[Address]
) -> None:
    area = load_areas(data)[AREA]
    date = area.local_date(utc_now()) + dt.timedelta(days=7)
    day = DemoDay(area, date, addresses, map_dir / "city.osm.pbf", Day(AREA, area.timezone, date, 1))

    result = await drill(data, day, count=24, kills=3, seed=5)

    assert result.faults == []
    assert result.kills == 3
    assert result.left_behind == 0
    assert len(result.evidence.acknowledged) == 24
    assert result.evidence.assigned


@pytest.fixture
def sound() -> Evidence:
    said = [encode(fact(1, n), event_id=EventId(new_id()), source="/test", time=utc_now()) for n in (1, 2, 3)]
    records = [Record(message.topic, message.key, message.value, message.headers) for message in said]
    return Evidence(["A", "B"], [("A", "a"), ("B", "b")], ["a"], {"b": "left out (no_room)"}, records)


def test_the_judge_finds_nothing_where_nothing_is_wrong(sound: Evidence) -> None:
    assert faults(sound) == []


def test_the_judge_takes_a_record_that_came_again_for_one(sound: Evidence) -> None:
    assert faults(replace(sound, records=[*sound.records[:2], *sound.records])) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"bookings": [("A", "a")]}, "B was acknowledged and is lost."),
        ({"bookings": [("A", "a"), ("B", "b"), ("B", "b2")], "assigned": ["a", "b2"]}, "B is booked 2 times."),
        ({"assigned": ["a", "a"]}, "Visit a is assigned 2 times."),
        ({"assigned": ["a", "b"]}, "B is assigned and also left out (no_room)."),
        ({"reasons": {}}, "B is neither assigned nor is there a reason."),
        ({"reasons": {"b": ""}}, "B is neither assigned nor is there a reason."),
    ],
)
def test_the_judge_finds_what_is_wrong(sound: Evidence, change: dict[str, Any], fault: str) -> None:
    assert faults(replace(sound, **change)) == [fault]


def test_the_judge_finds_a_gap_in_the_versions(sound: Evidence) -> None:
    (gap,) = faults(replace(sound, records=[sound.records[0], sound.records[2]]))

    assert gap.startswith("The versions of ")
    assert gap.endswith(" are not 1 to 2.")
