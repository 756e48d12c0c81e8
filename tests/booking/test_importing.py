"""Importing a file: each row once, none stopped by another, and a system that is away is waited for."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.booking.importing import ImportReport, import_rows
from shared.tabular import TabularError
from tests.booking.desk import Desk
from tests.booking.faulty import Faulty

HEADER = "reference,first_name,last_name,birth_date,address,postcode,services,any_time_on\n"
GOOD = "Ada,Example,1980-04-12,12 Maple Ave,43001,cbc,2030-05-06\n"


def write(folder: Path, text: str | bytes, name: str = "bookings.csv") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


async def run(client: httpx.AsyncClient, file: Path, **how: Any) -> ImportReport:
    return await import_rows(client, file, lambda _done, _total: None, **how)


async def references(desk: Desk) -> list[str]:
    items = (await desk.client.get("/v1/bookings", params={"limit": 200})).json()["items"]
    return sorted(str(item["reference"]) for item in items)


async def test_every_row_is_booked_and_the_same_file_again_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    file = write(tmp_path, HEADER + "".join(f"R{n},{GOOD}" for n in range(30)))
    first, again = await run(desk.client, file), await run(desk.client, file)
    assert first == ImportReport(created=30)
    assert again == ImportReport(already_there=30)
    assert len(await references(desk)) == 30


async def test_the_rows_of_another_file_or_format_are_known_again(desk: Desk, tmp_path: Path) -> None:
    await run(desk.client, write(tmp_path, HEADER + f"R1,{GOOD}"))
    lines = (
        '{"reference": "R1", "first_name": "Ada", "last_name": "Example", "birth_date": "1980-04-12",'
        ' "address": "12 Maple Ave", "postcode": "43001", "services": ["cbc"], "any_time_on": ["2030-05-06"]}\n'
    )
    report = await run(desk.client, write(tmp_path, lines, "bookings.jsonl"))
    assert report == ImportReport(already_there=1)


async def test_a_bad_row_stops_no_good_one_and_is_told_by_line_and_column(desk: Desk, tmp_path: Path) -> None:
    rows = [
        f"R1,{GOOD}",
        f"R2,{GOOD}".replace("cbc", "cbx"),
        f"R3,{GOOD}".replace("1980-04-12", "2020-04-12"),
        "R4,too,short\n",
        f"R5,{GOOD}".replace("2030-05-06", "2030-04-06"),
        f"R6,{GOOD}".replace("Ada", ""),
        f"R7,{GOOD}",
    ]
    report = await run(desk.client, write(tmp_path, HEADER + "".join(rows)))
    assert (report.created, report.refused_rows) == (2, 5)
    assert [(problem.line, problem.field) for problem in report.refused] == [
        (3, "services"),
        (4, "birth_date"),
        (5, ""),
        (6, "any_time_on"),
        (7, "first_name"),
    ]
    assert all(problem.message and problem.remedy for problem in report.refused)
    assert await references(desk) == ["R1", "R7"]


async def test_a_row_with_several_faults_tells_them_all_and_counts_once(desk: Desk, tmp_path: Path) -> None:
    row = f"R1,{GOOD}".replace("cbc", "cbx|cby")
    report = await run(desk.client, write(tmp_path, HEADER + row))
    assert (report.refused_rows, len(report.refused)) == (1, 2)


async def test_a_file_cut_off_in_a_quote_loses_only_that_row(desk: Desk, tmp_path: Path) -> None:
    report = await run(desk.client, write(tmp_path, HEADER + f'R1,{GOOD}R2,"Ada,Example,1980'))
    assert (report.created, [problem.line for problem in report.refused]) == (1, [3])
    assert "cut off" in report.refused[0].message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_the_encodings_of_spreadsheets_are_read(desk: Desk, tmp_path: Path, encoding: str) -> None:
    text = HEADER + "".join(f"R{n},{GOOD}".replace("Ada", "Zoë Müller") for n in range(3))
    assert await run(desk.client, write(tmp_path, text.encode(encoding))) == ImportReport(created=3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (HEADER, "has a header and no rows"),
        (HEADER.replace("services", "service") + f"R1,{GOOD}", "Did you mean services instead of service?"),
        ("first_name,last_name\nAda,Example\n", "lacks the columns birth_date, address, services"),
        (bytes(range(256)) * 4, "is not text"),
    ],
)
async def test_a_file_that_cannot_be_read_as_a_whole_is_told_why(
    desk: Desk, tmp_path: Path, text: str | bytes, said: str
) -> None:
    with pytest.raises(TabularError, match=said.replace("?", r"\?")):
        await run(desk.client, write(tmp_path, text))


async def test_a_changed_row_under_a_known_reference_is_refused(desk: Desk, tmp_path: Path) -> None:
    await run(desk.client, write(tmp_path, HEADER + f"R1,{GOOD}"))
    report = await run(desk.client, write(tmp_path, HEADER + f"R1,{GOOD}".replace("cbc", "b12-level")))
    assert "with another body" in report.refused[0].message


async def test_a_reference_booked_by_other_means_is_already_there(desk: Desk, tmp_path: Path) -> None:
    await desk.book(reference="R1")
    assert await run(desk.client, write(tmp_path, HEADER + f"R1,{GOOD}")) == ImportReport(already_there=1)


async def test_the_same_row_twice_in_a_file_is_booked_once(desk: Desk, tmp_path: Path) -> None:
    report = await run(desk.client, write(tmp_path, HEADER + f",{GOOD}" * 4))
    assert report == ImportReport(created=1, already_there=3)


async def test_progress_is_told_row_by_row(desk: Desk, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    file = write(tmp_path, HEADER + "".join(f"R{n},{GOOD}" for n in range(10)))
    await import_rows(desk.client, file, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 10) for done in range(1, 11)]


def faulty(desk: Desk, fault: Callable[[int], str]) -> tuple[httpx.AsyncClient, Faulty]:
    transport = Faulty(desk.client._transport, fault)
    return httpx.AsyncClient(base_url="http://test", transport=transport), transport


@pytest.mark.parametrize("fault", ["refused", "lost reply", "502", "503"])
async def test_a_system_that_comes_back_gets_every_row_once(desk: Desk, tmp_path: Path, fault: str) -> None:
    client, _ = faulty(desk, lambda call: fault if call <= 5 else "")
    file = write(tmp_path, HEADER + "".join(f"R{n},{GOOD}" for n in range(12)))
    assert await run(client, file) == ImportReport(created=12)
    assert Counter(await references(desk)) == Counter(f"R{n}" for n in range(12))


async def test_a_system_that_stays_away_is_given_up_and_told_what_was_not_sent(desk: Desk, tmp_path: Path) -> None:
    client, _ = faulty(desk, lambda call: "refused" if call > 3 else "")
    file = write(tmp_path, HEADER + "".join(f"R{n},{GOOD}" for n in range(12)))
    async with asyncio.timeout(20):
        report = await run(client, file, patience_seconds=0.2)
    assert (report.created, len(report.unsent), report.refused) == (3, 9, [])
    assert report.settled == 12


async def test_a_row_the_system_fails_at_is_told_and_stops_no_other(desk: Desk, tmp_path: Path) -> None:
    client, transport = faulty(desk, lambda call: "500" if call == 1 else "")
    report = await run(client, write(tmp_path, HEADER + f"R1,{GOOD}"))
    assert (report.created, transport.calls) == (1, 2)
    always, _ = faulty(desk, lambda _call: "500")
    report = await run(always, write(tmp_path, HEADER + f"R2,{GOOD}"))
    assert [(problem.line, problem.message) for problem in report.refused] == [
        (2, "http://test/v1/bookings answered 500.")
    ]


async def test_a_system_that_moved_is_found_again(desk: Desk, tmp_path: Path) -> None:
    client, _ = faulty(desk, lambda call: "refused" if call == 1 else "")
    assert await run(client, write(tmp_path, HEADER + f"R1,{GOOD}"), relocate=lambda: "http://moved") == ImportReport(1)
    assert client.base_url == "http://moved"
