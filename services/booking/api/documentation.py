"""What the OpenAPI document says of the problems an endpoint may answer with: each with an example."""

from typing import Any

from shared.http import PROBLEM_JSON, problem_responses

EXAMPLES: dict[int, tuple[str, str, str]] = {
    400: (
        "idempotency-key-missing",
        "Idempotency-Key is missing",
        'The header is missing. Send a fresh one with each booking: Idempotency-Key: "8e03978e-40d5".',
    ),
    401: ("unauthorized", "Not authorized", "This address is for the rooms of the house only."),
    404: (
        "not-found",
        "Not found",
        "There is no booking 019b1f6e-6a51-7c3e-9d3b-0a8f3f6a2f10. Check the id, or list what there is.",
    ),
    409: (
        "booking-settled",
        "The booking can no longer be changed",
        "The nurse is on her way. Cancel, or let her come and book again.",
    ),
    413: (
        "body-too-large",
        "The body is too large",
        "The body is larger than 1,000,000 bytes. Send one booking per request, or import a file.",
    ),
    415: (
        "not-json",
        "The body is not declared as JSON",
        "Content-Type is text/plain. Send the body as JSON with Content-Type: application/json.",
    ),
    503: (
        "overloaded",
        "Too many bookings at once",
        "More bookings come in than this process can store. Nothing was changed; repeat the request in a second.",
    ),
}
FIELD = {
    "field": "windows.0.end",
    "message": "The window ends before it starts.",
    "remedy": "Swap start and end, or correct one.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries for problems, with an example each; 422 is always among them."""
    entries = problem_responses(422, *statuses)
    for status, entry in entries.items():
        schema = entry["content"][PROBLEM_JSON]
        entry["content"] = {PROBLEM_JSON: {**schema, "example": _example(int(status))}}
    return entries


def _example(status: int) -> dict[str, Any]:
    if status not in EXAMPLES:
        detail = f"{FIELD['field']}: {FIELD['message']} {FIELD['remedy']}"
        body = _problem("invalid-request", "The request is not valid", status, detail)
        return {**body, "fields": [FIELD]}
    slug, title, detail = EXAMPLES[status]
    return _problem(slug, title, status, detail)


def _problem(slug: str, title: str, status: int, detail: str) -> dict[str, Any]:
    return {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail}
