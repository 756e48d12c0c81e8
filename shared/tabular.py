"""Files of rows that people hand in: CSV and JSON Lines.

What is wrong with the file as a whole is raised; what is wrong with one row is a ``RowProblem`` in its place, and
the rows after it are read all the same.
"""

import csv
import difflib
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import RoundsError
from shared.text_file import UNREADABLE, TextFileError, read_text

LIST_SEPARATOR = "|"
DELIMITERS = (",", ";", "\t")


class TabularError(RoundsError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row, the same for CSV and JSON Lines.

    Attributes:
        line: where it begins in the file, from 1.
        values: what is filled in, by column, without blanks around; an empty cell is not in it.
    """

    line: int
    values: Mapping[str, str]

    def text(self, column: str) -> str | None:
        """Return what is filled in, or None."""
        return self.values.get(column)

    def items(self, column: str) -> list[str]:
        """Return the entries of a ``|``-separated cell, or of a JSON list."""
        entries = (entry.strip() for entry in self.values.get(column, "").split(LIST_SEPARATOR))
        return [entry for entry in entries if entry]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row that cannot be taken.

    Attributes:
        field: the column concerned; empty for the row as a whole.
    """

    line: int
    field: str
    message: str
    remedy: str


def read_rows(path: Path, columns: Sequence[str], required: Collection[str]) -> Iterator[Row | RowProblem]:
    """Read a file of rows; what it holds, not its name, tells CSV from JSON Lines.

    Args:
        path: the file: UTF-8, UTF-16 or Windows-1252; CSV with commas, semicolons or tabs.
        columns: every column there may be.
        required: those that every row fills in.

    Returns:
        The rows and the problems, in the file's order.

    Raises:
        TabularError: no such file, not text, empty, or a header with unknown or missing columns.
    """
    try:
        text = read_text(path)
    except TextFileError as error:
        raise TabularError(str(error)) from error
    lines = list(io.StringIO(text, newline=""))
    first = text.lstrip()[:1]
    if not first:
        raise TabularError(f"{path} is empty. It needs a header with the columns {', '.join(columns)}, and rows.")
    if first == "[":
        raise TabularError(f"{path} is one JSON list. Write JSON Lines: one object a line, without the brackets.")
    read = _json_rows(lines, columns) if first == "{" else _csv_rows(path, lines, columns, required)
    return (_complete(entry, required) if isinstance(entry, Row) else entry for entry in read)


def _complete(row: Row, required: Collection[str]) -> Row | RowProblem:
    """Return the row, or what is wrong with its cells."""
    if unreadable := next((column for column, cell in row.values.items() if UNREADABLE in cell), None):
        message = "A character cannot be read; the file was cut off here or saved in two encodings."
        return RowProblem(row.line, unreadable, message, "Save the file as UTF-8 and import it again.")
    if missing := sorted(set(required) - set(row.values)):
        return RowProblem(row.line, missing[0], f"{', '.join(missing)} is not filled in.", "Fill it in.")
    return row


def _csv_rows(
    path: Path, lines: Sequence[str], columns: Sequence[str], required: Collection[str]
) -> Iterator[Row | RowProblem]:
    begin = next(number for number, line in enumerate(lines) if line.strip())
    delimiter = max(DELIMITERS, key=lines[begin].count)
    cells, at = _record(lines, begin, delimiter)
    if cells is None:
        raise TabularError(f"The header of {path} is not CSV. Its first line should be {','.join(columns)}.")
    header = [cell.strip() for cell in cells]
    _check_header(path, header, columns, required)
    return _csv_body(lines, at, delimiter, header)


def _check_header(path: Path, header: Sequence[str], columns: Sequence[str], required: Collection[str]) -> None:
    if unknown := [cell for cell in header if cell not in columns]:
        hints = "".join(_did_you_mean(cell, columns) for cell in unknown)
        listed = ", ".join(cell or "(empty)" for cell in unknown)
        raise TabularError(
            f"{path} has columns that are not known: {listed}. {hints}The known ones are {', '.join(columns)}."
        )
    if missing := [column for column in columns if column in required and column not in header]:
        raise TabularError(f"{path} lacks the columns {', '.join(missing)}. Add them to the header and fill them in.")
    if twice := sorted({cell for cell in header if header.count(cell) > 1}):
        raise TabularError(f"{path} names these columns twice: {', '.join(twice)}. Remove one of each.")


def _csv_body(lines: Sequence[str], at: int, delimiter: str, header: Sequence[str]) -> Iterator[Row | RowProblem]:
    while at < len(lines):
        number = at + 1
        cells, at = _record(lines, at, delimiter)
        if cells is None:
            message = "A quote is opened and not closed; the file may be cut off here."
            yield RowProblem(number, "", message, 'Close the quote, and write a quote inside a cell as "".')
        elif len(cells) == len(header):
            if any(cell.strip() for cell in cells):
                yield Row(number, _filled(zip(header, cells, strict=True)))
        elif any(cell.strip() for cell in cells):
            message = f"The row has {len(cells)} cells, the header {len(header)}; the file may be cut off here."
            yield RowProblem(number, "", message, f"Give each column a cell; quote a cell that holds a {delimiter!r}.")
            at = number  # a stray quote may have swallowed good lines: go on with the very next one


def _record(lines: Sequence[str], at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """Read the record that begins at a line: its cells (None if malformed) and where the next one begins."""
    reader = csv.reader((lines[index] for index in range(at, len(lines))), delimiter=delimiter, strict=True)
    try:
        return next(reader), at + reader.line_num
    except csv.Error:
        return None, at + 1


def _json_rows(lines: Sequence[str], columns: Sequence[str]) -> Iterator[Row | RowProblem]:
    return (_json_row(number, line, columns) for number, line in enumerate(lines, start=1) if line.strip())


def _json_row(number: int, line: str, columns: Sequence[str]) -> Row | RowProblem:
    try:
        body = json.loads(line)
    except json.JSONDecodeError as error:
        message = f"The line is not JSON ({error.msg}, column {error.colno}); the file may be cut off here."
        return RowProblem(number, "", message, "Write one complete JSON object a line.")
    if not isinstance(body, dict):
        return RowProblem(number, "", "The line is not a JSON object.", "Write one JSON object a line.")
    cells = {}
    for column, value in body.items():
        if column not in columns:
            remedy = f"{_did_you_mean(column, columns)}The known ones are {', '.join(columns)}."
            return RowProblem(number, column, "This field is not known.", remedy)
        cell = _cell(value)
        if cell is None:
            message = f"This is neither a text nor a list of texts without {LIST_SEPARATOR!r}."
            return RowProblem(number, column, message, "Write it as a text.")
        cells[column] = cell
    return Row(number, _filled(cells.items()))


def _cell(value: object) -> str | None:
    """Return a JSON value as the cell a CSV file would have for it; None if no cell can hold it."""
    if value is None:
        return ""
    if isinstance(value, list):
        entries = [_cell(entry) for entry in value]
        held = [entry for entry in entries if entry is not None and LIST_SEPARATOR not in entry]
        return LIST_SEPARATOR.join(held) if len(held) == len(value) else None
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _filled(cells: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {column: cell.strip() for column, cell in cells if cell.strip()}


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]} instead of {word}? " if close else ""
