"""What a bench found, and how it is shown."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

WIDTH = 140


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a table.

    Attributes:
        target: what it must be at least, or at most; empty: it is told for information.
        met: whether it is.
    """

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


def show(title: str, findings: Iterable[Finding]) -> None:
    """Print findings as a table."""
    table = Table("what", "at least", "measured", "met", title=title, title_justify="left")
    for finding in findings:
        table.add_row(finding.what, finding.target, finding.measured, {True: "yes", False: "NO", None: ""}[finding.met])
    Console(width=WIDTH).print(table)
