import datetime as dt
from pathlib import Path

from services.sample.rows import BookingRow, NurseRow, write_bookings, write_nurses
from shared.tabular import Row, read_rows

EST = dt.timezone(dt.timedelta(hours=-5))
BOOKING = BookingRow(
    reference="DEMO-1",
    first_name="Ada",
    last_name="Yoder",
    birth_date=dt.date(1950, 4, 12),
    phone="+1 614 555 0142",
    email="ada.yoder@example.org",
    address='12 "Old" Elm St',
    unit="",
    city="Troy",
    state="OH",
    postcode="01234",
    services=("cbc", "b12-level"),
    windows=("2026-11-23T08:00:00-05:00/2026-11-23T11:00:00-05:00",),
    any_time_on=(),
    notes="Dog, please ring.",
    preferred_nurse="N01",
    excluded_nurses=("N02", "N03"),
    priority="routine",
    area_id="troy",
)
BOOKING_COLUMNS = (
    "reference,first_name,last_name,birth_date,phone,email,address,unit,city,state,postcode,services,windows,"
    "any_time_on,notes,preferred_nurse,excluded_nurses,priority,area_id"
)
NURSE_COLUMNS = (
    "external_id,name,skills,licences,shift_start,shift_end,start_lat,start_lon,end_lat,end_lon,break_minutes,"
    "break_earliest,break_latest,area_id"
)


def test_a_nurse_is_written_as_the_import_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "nurses.csv"
    hours = [dt.datetime(2026, 11, 23, hour, tzinfo=EST) for hour in (8, 16, 11, 13)]
    write_nurses(
        path,
        [
            NurseRow(
                external_id="N01",
                name="Rosa Bell",
                skills=("injection", "venipuncture"),
                licences=("RN:OH",),
                shift_start=hours[0],
                shift_end=hours[1],
                start_lat=40.3,
                start_lon=-82.6,
                end_lat=40.3,
                end_lon=-82.6,
                break_minutes=30,
                break_earliest=hours[2],
                break_latest=hours[3],
                area_id="troy",
            )
        ],
    )
    assert path.read_text(encoding="utf-8").splitlines() == [
        NURSE_COLUMNS,
        (
            "N01,Rosa Bell,injection|venipuncture,RN:OH,2026-11-23T08:00:00-05:00,2026-11-23T16:00:00-05:00,"
            "40.3,-82.6,40.3,-82.6,30,2026-11-23T11:00:00-05:00,2026-11-23T13:00:00-05:00,troy"
        ),
    ]


def test_a_booking_is_written_as_the_import_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "bookings.csv"
    write_bookings(path, [BOOKING])
    assert path.read_text(encoding="utf-8").splitlines() == [
        BOOKING_COLUMNS,
        (
            'DEMO-1,Ada,Yoder,1950-04-12,+1 614 555 0142,ada.yoder@example.org,"12 ""Old"" Elm St",,Troy,OH,01234,'
            "cbc|b12-level,2026-11-23T08:00:00-05:00/2026-11-23T11:00:00-05:00,,"
            '"Dog, please ring.",N01,N02|N03,routine,troy'
        ),
    ]


def test_both_formats_of_bookings_read_back_the_same(tmp_path: Path) -> None:
    table, lines = tmp_path / "bookings.csv", tmp_path / "bookings.jsonl"
    write_bookings(table, [BOOKING])
    write_bookings(lines, [BOOKING])
    columns = BOOKING_COLUMNS.split(",")
    (from_table,), (from_lines,) = (list(read_rows(path, columns, columns[:4])) for path in (table, lines))
    assert isinstance(from_table, Row)
    assert isinstance(from_lines, Row)
    assert from_table.values == from_lines.values
    assert from_lines.items("excluded_nurses") == ["N02", "N03"]
