"""What a check complains of."""

from dataclasses import dataclass

from tests.drill.history import Line


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be.

    Attributes:
        invariant: its number, ``I1`` to ``I11``.
        evidence: the lines of the history that show it.
    """

    invariant: str
    sentence: str
    evidence: tuple[Line, ...] = ()
