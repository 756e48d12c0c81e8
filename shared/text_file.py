"""Text files that people hand in, in whatever encoding their spreadsheet wrote."""

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

from shared.errors import RoundsError

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands where bytes could not be read as a character."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's, so it is tried before it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TextFileError(RoundsError):
    """The file cannot be read as text; the message says why and what to do."""


def read_text(path: Path) -> str:
    """Read a file in UTF-8, UTF-16, UTF-32 or Windows-1252; line ends stay as they are.

    Returns:
        The text, with ``UNREADABLE`` where single characters are broken (a file that was cut off).

    Raises:
        TextFileError: no such file, or not text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TextFileError(f"{path} cannot be read: {error.strerror}. Check the path and its permissions.") from error
    if data.startswith(b"PK\x03\x04"):
        raise TextFileError(f"{path} is a workbook or an archive. Save the sheet as CSV (UTF-8) and use that file.")
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data:
        return _guess(path, data, ["utf_16_le", "utf_16_be"])
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":  # UTF-8 that was cut within a character
            return data.decode(errors="replace")
        return _guess(path, data, ["cp1252"])


def _guess(path: Path, data: bytes, encodings: list[str]) -> str:
    match = from_bytes(data, cp_isolation=encodings).best()
    text = "\0" if match is None else str(match)
    if "\0" in text:
        raise TextFileError(f"{path} is not text in UTF-8, UTF-16 or Windows-1252. Save it as UTF-8 and try again.")
    return text
