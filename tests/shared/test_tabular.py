"""Reading the files that people hand in."""

from pathlib import Path

import pytest

from shared.tabular import Row, RowProblem, TabularError, read_rows

COLUMNS = ("code", "name", "skills", "note")
REQUIRED = ("code", "name")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


def read(file: Path, content: bytes | str) -> list[Row | RowProblem]:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(file, COLUMNS, REQUIRED))


def refusal(file: Path, content: bytes | str) -> str:
    with pytest.raises(TabularError) as caught:
        read(file, content)
    return str(caught.value)


def test_a_csv_row_keeps_its_line_and_its_filled_cells(file: Path) -> None:
    rows = read(file, "code,name,skills,note\nN1, Ann ,a|b,\n\nN2,Bo,,x\n")
    assert rows == [
        Row(2, {"code": "N1", "name": "Ann", "skills": "a|b"}),
        Row(4, {"code": "N2", "name": "Bo", "note": "x"}),
    ]


def test_json_lines_read_the_same_as_csv(file: Path) -> None:
    rows = read(file, '{"code": "N1", "name": "Ann", "skills": ["a", "b"], "note": null}\n\n{"code": 7, "name": "Bo"}')
    assert rows == [
        Row(1, {"code": "N1", "name": "Ann", "skills": "a|b"}),
        Row(3, {"code": "7", "name": "Bo"}),
    ]
    assert isinstance(rows[0], Row)
    assert rows[0].items("skills") == ["a", "b"]
    assert rows[0].items("note") == []
    assert rows[0].text("note") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_the_encodings_of_spreadsheets_are_read(file: Path, encoding: str) -> None:
    rows = read(file, "code,name\nN1,José Núñez\nN2,Zoë Smith\n".encode(encoding))
    assert [row.text("name") for row in rows if isinstance(row, Row)] == ["José Núñez", "Zoë Smith"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_seen(file: Path, delimiter: str) -> None:
    rows = read(file, f"code{delimiter}name\nN1{delimiter}Ann, RN\n")
    assert rows == [Row(2, {"code": "N1", "name": "Ann, RN"})]


def test_a_quoted_cell_may_span_lines(file: Path) -> None:
    rows = read(file, 'code,name,note\nN1,Ann,"ring\nthe ""red"" bell"\nN2,Bo,\n')
    assert rows == [
        Row(2, {"code": "N1", "name": "Ann", "note": 'ring\nthe "red" bell'}),
        Row(4, {"code": "N2", "name": "Bo"}),
    ]


def test_an_unclosed_quote_costs_its_own_row_only(file: Path) -> None:
    rows = read(file, 'code,name,note\nN1,"Ann,x\nN2,Bo,y\nN3,Cy,z\n')
    assert [type(row) for row in rows] == [RowProblem, Row, Row]
    assert rows[0].line == 2
    assert isinstance(rows[0], RowProblem)
    assert "quote" in rows[0].message


def test_an_unclosed_quote_that_a_later_quote_closes_costs_its_own_row_only(file: Path) -> None:
    rows = read(file, 'code,name,note\nN1,"Ann,x\nN2,Bo,y\nN3,"Cy",z\n')
    assert [(type(row), row.line) for row in rows] == [(RowProblem, 2), (Row, 3), (Row, 4)]


def test_a_file_cut_off_in_mid_row_names_that_row(file: Path) -> None:
    rows = read(file, "code,name,note\nN1,Ann,x\nN2,B")
    assert rows[0] == Row(2, {"code": "N1", "name": "Ann", "note": "x"})
    assert isinstance(rows[1], RowProblem)
    assert rows[1].line == 3
    assert "2 cells, the header 3; the file may be cut off" in rows[1].message


def test_a_file_cut_off_within_a_character_is_still_utf_8(file: Path) -> None:
    rows = read(file, "code,name\nN1,José\nN2,Zoë".encode()[:-1])
    assert rows[0] == Row(2, {"code": "N1", "name": "José"})
    assert isinstance(rows[1], RowProblem)
    assert (rows[1].line, rows[1].field) == (3, "name")


def test_a_cut_off_json_line_names_itself(file: Path) -> None:
    rows = read(file, '{"code": "N1", "name": "Ann"}\n{"code": "N2", "na')
    assert isinstance(rows[0], Row)
    assert isinstance(rows[1], RowProblem)
    assert rows[1].line == 2
    assert "not JSON" in rows[1].message


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('["N1"]', ""),
        ('{"code": "N1", "name": "Ann", "skils": "a"}', "skils"),
        ('{"code": "N1", "name": {"first": "Ann"}}', "name"),
        ('{"code": "N1", "name": true}', "name"),
        ('{"code": "N1", "name": "Ann", "skills": ["a|b"]}', "skills"),
        ('{"code": "N1"}', "name"),
    ],
)
def test_a_json_line_that_cannot_be_a_row_names_the_field(file: Path, line: str, field: str) -> None:
    (_, problem) = read(file, '{"code": "N0", "name": "Al"}\n' + line)
    assert isinstance(problem, RowProblem)
    assert (problem.line, problem.field) == (2, field)


def test_a_required_cell_that_is_empty_is_a_problem_of_the_row(file: Path) -> None:
    rows = read(file, "code,name\nN1, \nN2,Bo\n")
    assert rows == [
        RowProblem(2, "name", "name is not filled in.", "Fill it in."),
        Row(3, {"code": "N2", "name": "Bo"}),
    ]


def test_unknown_columns_are_listed_with_the_likely_ones(file: Path) -> None:
    sentence = refusal(file, "code,nmae,colour\nN1,Ann,red\n")
    assert "not known: nmae, colour. Did you mean name instead of nmae?" in sentence
    assert "The known ones are code, name, skills, note." in sentence


def test_missing_columns_are_listed(file: Path) -> None:
    assert "lacks the columns code, name" in refusal(file, "skills,note\na,b\n")


def test_a_column_named_twice_is_refused(file: Path) -> None:
    assert "names these columns twice: name" in refusal(file, "code,name,name\n")


@pytest.mark.parametrize("content", ["", " \n\n"])
def test_an_empty_file_is_refused(file: Path, content: str) -> None:
    assert "is empty" in refusal(file, content)


def test_a_json_list_is_refused_with_the_remedy(file: Path) -> None:
    assert "one object a line" in refusal(file, '[{"code": "N1"}]')


def test_a_workbook_is_refused_with_the_remedy(file: Path) -> None:
    assert "Save the sheet as CSV" in refusal(file, b"PK\x03\x04rest")


@pytest.mark.parametrize("content", [bytes(range(256)), b"code,name\nN1,\x81\x8d\x8f\n"])
def test_bytes_that_are_no_text_are_refused(file: Path, content: bytes) -> None:
    assert "is not text" in refusal(file, content)


def test_a_missing_file_is_refused_at_once(file: Path) -> None:
    with pytest.raises(TabularError, match="cannot be read: No such file"):
        read_rows(file, COLUMNS, REQUIRED)
