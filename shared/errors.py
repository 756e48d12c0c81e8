"""The errors that cross a seam: how a consumer treats a failure, and what an HTTP caller is told.

A refusal by the domain (a visit that cannot be planned, an address that cannot be found) is an event, never an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class RoundsError(Exception):
    """Root of the house's own errors; its message is a sentence that says what is wrong and what to do."""


class TransientError(RoundsError):
    """Something outside is away; the same work will succeed later. The consumer retries in place, without a commit."""


class PoisonError(RoundsError):
    """This record can never be handled as it is. The consumer puts it among the dead letters and goes on."""


class ConfigurationError(RoundsError):
    """The system was set up in a way that cannot work; it refuses to start and says what to change."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field of a request that cannot be accepted.

    Attributes:
        field: where it stands, in dotted form (``windows.0.end``).
        message: what is wrong with it.
        remedy: what the caller can do.
    """

    field: str
    message: str
    remedy: str


class Problem(RoundsError):  # noqa: N818 - RFC 9457 calls it a problem
    """A request that is answered with problem details (RFC 9457) instead of a result.

    Args:
        status: the HTTP status.
        slug: short name of the kind of problem; becomes ``type`` as ``/problems/<slug>``.
        title: the kind of problem in a few words, the same each time.
        detail: this occurrence in a sentence: what is wrong and what to do.
        fields: the fields concerned.
        headers: extra response headers (``Retry-After``).
    """

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str,
        *,
        fields: Sequence[FieldProblem] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.fields = tuple(fields)
        self.headers = headers or {}


def not_found(what: str, identity: object) -> Problem:
    """Return the problem for a thing that does not exist or is not the caller's to see."""
    return Problem(
        404, "not-found", "Not found", f"There is no {what} {identity}. Check the id, or list what there is."
    )


def invalid(field: str, message: str, remedy: str) -> Problem:
    """Return the 422 problem that names one field."""
    return Problem(
        422,
        "invalid-request",
        "The request is not valid",
        f"{field}: {message} {remedy}",
        fields=[FieldProblem(field, message, remedy)],
    )
