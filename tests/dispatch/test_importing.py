"""Nurses and shifts from files."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from services.dispatch.importing import COLUMNS, ImportReport, import_rows
from services.sample.rows import NurseRow
from shared.errors import ConfigurationError
from shared.tabular import RowProblem, TabularError
from tests.dispatch.floor import Floor, open_floor

HEADER = ",".join(COLUMNS)
ANN = "N01,Ann Canary,injection|venipuncture,RN:OH,2030-05-06T08:00:00-04:00,2030-05-06T16:30:00-04:00"
PLACES = "40.1,-82.5,40.1,-82.5"
BREAK = "30,2030-05-06T11:00:00-04:00,2030-05-06T13:30:00-04:00"
BEA = "N02,Bea Canary,injection,LPN:OH,2030-05-06T09:00:00-04:00,2030-05-06T15:00:00-04:00,40.1,-82.5,,,,,,maple"
GOOD = f"{HEADER}\n{ANN},{PLACES},{BREAK},maple\n{BEA}\n"


async def taken(floor: Floor, path: Path, content: str | bytes) -> ImportReport:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return await import_rows(floor.client, path, lambda _done, _of: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "nurses.csv"


async def test_the_columns_are_those_of_the_sample(file: Path) -> None:
    assert tuple(NurseRow.__dataclass_fields__) == COLUMNS
    assert not file.exists()


async def test_rows_become_nurses_and_shifts(floor: Floor, file: Path) -> None:
    report = await taken(floor, file, GOOD)
    assert (report.rows, report.created, report.refused) == (2, 2, [])
    nurses = (await floor.client.get("/v1/nurses")).json()["nurses"]
    assert [(nurse["nurse_ref"], nurse["skills"], nurse["licences"]) for nurse in nurses] == [
        ("N01", ["injection", "venipuncture"], ["RN:OH"]),
        ("N02", ["injection"], ["LPN:OH"]),
    ]
    ann, bea = (await floor.client.get("/v1/shifts", params={"area_id": "maple"})).json()["shifts"]
    assert (ann["start"], ann["breaks"][0]["duration_minutes"]) == ("2030-05-06T12:00:00Z", 30)
    assert (bea["end_point"], bea["breaks"]) == ({"lat": 40.1, "lon": -82.5}, [])


async def test_the_same_file_twice_changes_nothing(floor: Floor, file: Path) -> None:
    await taken(floor, file, GOOD)
    await floor.said()
    report = await taken(floor, file, GOOD)
    assert (report.created, report.changed, report.unchanged) == (0, 0, 2)
    assert await floor.said() == []


async def test_a_changed_row_changes_its_nurse_or_its_shift(floor: Floor, file: Path) -> None:
    await taken(floor, file, GOOD)
    longer = GOOD.replace("T15:00:00", "T15:30:00").replace("|venipuncture", "")
    report = await taken(floor, file, longer)
    assert (report.created, report.changed, report.unchanged) == (0, 2, 0)


async def test_a_shift_that_was_closed_since_stays_closed(floor: Floor, file: Path) -> None:
    await taken(floor, file, GOOD)
    shifts = (await floor.client.get("/v1/shifts")).json()["shifts"]
    await floor.post(f"/v1/shifts/{shifts[0]['shift_id']}/close")
    report = await taken(floor, file, GOOD)
    assert (report.created, report.unchanged) == (0, 2)


async def test_two_shifts_of_a_nurse_are_two_rows(floor: Floor, file: Path) -> None:
    second = BEA.replace("2030-05-06", "2030-05-07")
    report = await taken(floor, file, f"{HEADER}\n{BEA}\n{second}\n")
    assert report.created == 2
    assert len((await floor.client.get("/v1/nurses")).json()["nurses"]) == 1


async def test_json_lines_are_taken_too(floor: Floor, file: Path) -> None:
    line = (
        '{"external_id": "N03", "name": "Zoë", "skills": ["injection"], "licences": ["RN:OH"], "area_id": "maple", '
        '"shift_start": "2030-05-06T08:00:00-04:00", "shift_end": "2030-05-06T16:00:00-04:00", '
        '"start_lat": 40.1, "start_lon": -82.5}\n'
    )
    assert (await taken(floor, file, line)).created == 1


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        (("injection,LPN", "injektion,LPN"), "skills", "Did you mean injection?"),
        (("LPN:OH", "LPN"), "licences", "KIND:STATE"),
        (("T15:00:00", "T08:00:00"), "shift_end", "ends before it starts"),
        (("T09:00:00-04:00", "T09:00:00"), "shift_start", "not a time with an offset"),
        (("2030-05-06T09", "06.05.2030 09"), "shift_start", "not a time with an offset"),
        (("40.1,-82.5,,", "-82.5,40.1,,"), "start_lat", "not swapped"),
        (("40.1,-82.5,,", "north,-82.5,,"), "start_lat", "valid number"),
        (("40.1,-82.5,,", "40.1,-82.5,40.1,"), "end_lon", "required"),
        ((",,,,,maple", ",,30,,,maple"), "break_earliest", "required"),
        ((",maple", ",mapel"), "area_id", "The areas are: maple."),
        (("N02", "N01"), "name", "Line 2 has another name for N01"),
        (("Bea Canary", ""), "name", "not filled in"),
    ],
)
async def test_a_bad_row_names_its_column_and_stops_no_other(
    floor: Floor, file: Path, change: tuple[str, str], field: str, sentence: str
) -> None:
    third = BEA.replace("N02", "N03")
    report = await taken(floor, file, f"{HEADER}\n{ANN},{PLACES},{BREAK},maple\n{BEA.replace(*change)}\n{third}\n")
    assert report.created == 2
    (problem,) = report.refused
    assert (problem.line, problem.field) == (3, field)
    assert sentence in f"{problem.message} {problem.remedy}"


async def test_a_second_shift_at_the_same_time_is_refused_and_names_the_first(floor: Floor, file: Path) -> None:
    overlapping = BEA.replace("T09", "T10")
    report = await taken(floor, file, f"{HEADER}\n{BEA}\n{overlapping}\n")
    (problem,) = report.refused
    assert (problem.line, report.created) == (3, 1)
    assert "She works already from 2030-05-06 09:00" in problem.message


async def test_a_file_cut_off_in_mid_row_keeps_the_rows_before(floor: Floor, file: Path) -> None:
    report = await taken(floor, file, GOOD[: len(GOOD) - 40])
    assert (report.created, [problem.line for problem in report.refused]) == (1, [3])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
async def test_names_survive_the_encodings_of_spreadsheets(floor: Floor, file: Path, encoding: str) -> None:
    await taken(floor, file, GOOD.replace("Ann Canary", "José Núñez").encode(encoding))
    names = [nurse["name"] for nurse in (await floor.client.get("/v1/nurses")).json()["nurses"]]
    assert names == ["José Núñez", "Bea Canary"]


async def test_an_unknown_column_stops_the_import_with_a_sentence(floor: Floor, file: Path) -> None:
    with pytest.raises(TabularError, match="Did you mean licences instead of licenses"):
        await taken(floor, file, GOOD.replace("licences", "licenses", 1))


async def test_progress_is_told_after_each_row(floor: Floor, file: Path) -> None:
    file.write_text(GOOD)
    told: list[tuple[int, int]] = []
    await import_rows(floor.client, file, lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


async def test_the_import_goes_on_where_a_restarted_system_answers_again(tmp_path: Path, file: Path) -> None:
    file.write_text(GOOD)
    async with open_floor(tmp_path) as floor:
        fails = failing(floor.client, lambda number: number in (2, 3, 6))
        report = await import_rows(fails, file, lambda _done, _of: None)
        assert (report.created, report.unsent, report.refused) == (2, 0, [])
        assert len((await floor.client.get("/v1/shifts")).json()["shifts"]) == 2
        await fails.aclose()


async def test_the_import_ends_when_its_patience_does_and_says_what_was_not_sent(floor: Floor, file: Path) -> None:
    file.write_text(GOOD)
    fails = failing(floor.client, lambda number: number > 4)
    report = await import_rows(fails, file, lambda _done, _of: None, patience=0.15)
    assert (report.created, report.unsent) == (1, 1)
    await fails.aclose()


async def test_an_address_where_something_else_answers_is_told_so(file: Path) -> None:
    file.write_text(GOOD)
    stranger = httpx.MockTransport(lambda _request: httpx.Response(404, text="<html>"))
    async with httpx.AsyncClient(base_url="http://test", transport=stranger) as client:
        with pytest.raises(ConfigurationError, match="is not Rounds"):
            await import_rows(client, file, lambda _done, _of: None)


def failing(client: httpx.AsyncClient, when: Callable[[int], bool]) -> httpx.AsyncClient:
    """A client whose requests of these numbers are answered by nobody, although they may have arrived."""
    number = 0

    async def pass_on(request: httpx.Request) -> httpx.Response:
        nonlocal number
        number += 1
        answer = await client.request(
            request.method,
            request.url.raw_path.decode(),
            content=request.content,
            headers={"content-type": "application/json"},
        )
        if when(number):
            raise httpx.ReadError("gone", request=request)
        return answer

    return httpx.AsyncClient(base_url="http://test", transport=httpx.MockTransport(pass_on))


async def test_a_problem_is_a_row_of_the_report(floor: Floor, file: Path) -> None:
    report = await taken(floor, file, f"{HEADER}\n{BEA[:30]}\n")
    assert (report.taken, [type(problem) for problem in report.refused]) == (0, [RowProblem])
