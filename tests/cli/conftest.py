"""Commands run as a person would type them, beside a running system on the sample city."""

import datetime as dt
import io
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.cli import main
from services.sample.addresses import Address
from shared.areas import load_areas
from tests.flow.conftest import AREA, addresses, map_dir
from tests.flow.process import START_SECONDS, up

__all__ = ["addresses", "map_dir"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


type Rounds = Callable[..., Done]


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rounds:
    """Type a command: ``rounds("plan", "show", …)``; ``stdin`` is what it is fed."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["rounds", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    return run


@dataclass(frozen=True, slots=True)
class Running:
    """A system with one nurse whose day has one visit.

    Attributes:
        day: that day, as the commands take it.
    """

    data: Path
    url: str
    day: str


@pytest.fixture(scope="module")
def system(map_dir: Path, addresses: list[Address], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The system at work."""
    data = tmp_path_factory.mktemp("cli") / "data"
    shutil.copytree(map_dir / "areas", data / "areas", symlinks=True)
    zone = load_areas(data)[AREA].zone
    day = dt.datetime.now(zone).date() + dt.timedelta(days=7)
    with up(data) as url, httpx.Client(base_url=url, timeout=START_SECONDS) as http:
        _fill(http, addresses, dt.datetime.combine(day, dt.time(8), zone))
        yield Running(data, url, day.isoformat())


def _fill(http: httpx.Client, houses: list[Address], eight: dt.datetime) -> None:
    home, house = houses[0], houses[500]
    nurse = {"nurse_ref": "N01", "name": "Ann Canary", "skills": ["injection"], "licences": ["RN:OH"]}
    nurse_id = http.post("/v1/nurses", json=nurse).raise_for_status().json()["nurse_id"]
    point = {"lat": home.lat, "lon": home.lon}
    hours = {"start": eight.isoformat(), "end": (eight + dt.timedelta(hours=8)).isoformat()}
    shift = {"nurse_id": nurse_id, "area_id": AREA, **hours, "start_point": point}
    http.post("/v1/shifts", json=shift).raise_for_status()
    booking = {
        "services": ["b12-im-1000"],
        "patient": {"first_name": "Ada", "last_name": "Sample", "birth_date": "1980-04-12"},
        "address": {"line": f"{house.number} {house.street}, {house.city}, OH {house.postcode}"},
        "any_time_on": [eight.date().isoformat()],
        "area_id": AREA,
    }
    http.post("/v1/bookings", json=booking, headers={"idempotency-key": '"one"'}).raise_for_status()
