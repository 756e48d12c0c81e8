"""Refusing a request, with every field that stands against it."""

from collections.abc import Iterable

from shared.errors import FieldProblem, Problem


def refuse_if(problems: Iterable[FieldProblem]) -> None:
    """Go on when there is no problem.

    Raises:
        Problem: 422 that names every field with what is wrong and what to do.
    """
    fields = list(problems)
    if fields:
        detail = " ".join(f"{field.field}: {field.message} {field.remedy}" for field in fields)
        raise Problem(422, "invalid-request", "The request is not valid", detail, fields=fields)
