"""HTTP at the edge, the same in every room: problem details (RFC 9457), a limit on bodies, security headers."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db import transient
from shared.errors import FieldProblem, Problem, TransientError
from shared.observability.http import ASKED_BY_MACHINES, Observed
from shared.try_again import TryAgain, note_contention

MAX_BODY_BYTES = 1_000_000
PROBLEM_JSON = "application/problem+json"
NOT_ITS_OWN: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""The framework's own spans carry paths and queries, and a path may be a nurse's signed link; see ``Observed``."""

log = structlog.get_logger()


class FieldDetail(BaseModel):
    """One field that cannot be accepted."""

    field: str
    message: str
    remedy: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; ``fields`` names what to change."""

    type: str
    title: str
    status: int
    detail: str
    fields: list[FieldDetail] = []


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries for the problems an endpoint may answer with."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {
        status: {"model": ProblemDetails, "content": content, "description": HTTPStatus(status).phrase}
        for status in statuses
    }


def create_app(title: str, routers: Iterable[APIRouter]) -> FastAPI:
    """Return the application that serves some rooms' routers."""
    app = FastAPI(title=title, version="1", docs_url="/docs", redoc_url=None, telemetry=NOT_ITS_OWN)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for failure in (*transient.ERRORS, Exception):
        app.add_exception_handler(failure, _on_failure)
    app.add_middleware(TryAgain)
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    app.add_middleware(Observed)
    for router in routers:
        app.include_router(router)
    return app


def problem_response(problem: Problem) -> Response:
    """Return a problem as the body and status of a response."""
    body: dict[str, Any] = {
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.fields:
        body["fields"] = [{"field": f.field, "message": f.message, "remedy": f.remedy} for f in problem.fields]
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=PROBLEM_JSON)


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class only
    return problem_response(error)


async def _on_invalid_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    return problem_response(invalid_request(error.errors()))


def invalid_request(errors: Iterable[Mapping[str, Any]]) -> Problem:
    """Return the problem for pydantic's errors: one field each, and no value of the request."""
    fields = [_field_problem(entry) for entry in errors]
    names = ", ".join(field.field for field in fields)
    detail = f"{len(fields)} field(s) cannot be accepted: {names}. Correct them and send the request again."
    return Problem(422, "invalid-request", "The request is not valid", detail, fields=fields)


def _field_problem(entry: Mapping[str, Any]) -> FieldProblem:
    location = [str(part) for part in entry["loc"] if part not in ("body", "query", "path", "header")]
    message = str(entry["msg"]).removeprefix("Value error, ")
    if entry["type"] == "json_invalid":
        return FieldProblem("body", "The body is not valid JSON.", "Send one JSON object as UTF-8.")
    remedy = {
        "missing": "Add this field.",
        "extra_forbidden": "Leave this field out; the reference at /docs lists the known ones.",
    }.get(entry["type"], "See this field in the reference at /docs.")
    return FieldProblem(".".join(location) or "body", message, remedy)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    phrase = HTTPStatus(error.status_code).phrase
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and detail == phrase:
        detail = f"There is nothing at {request.url.path}. The reference at /docs lists what there is."
    slug = phrase.lower().replace(" ", "-")
    return problem_response(Problem(error.status_code, slug, phrase, detail, headers=dict(error.headers or {})))


async def _on_failure(request: Request, error: Exception) -> Response:
    where = {"method": request.method, "route": _route(request)}
    if note_contention(request.scope, error):
        return Response(status_code=503)  # nobody sees it: the request comes again
    if transient.is_transient(error):
        log.warning("postponed_request", **where, reason=type(error).__name__)
        return problem_response(_unavailable(error))
    log.error("failed_request", **where, exc_info=error)
    detail = "Something failed on our side; nothing was changed. Try again, and tell the operator if it stays."
    return problem_response(Problem(500, "internal-error", "Internal error", detail))


def _unavailable(error: Exception) -> Problem:
    advice = "Nothing was changed. Tell the operator if it stays, and try again with the same request."
    again = {"Retry-After": "2"}
    if isinstance(error, TransientError):
        return Problem(503, "unavailable", "Not available now", f"{error} {advice}", headers=again)
    what = "The disk is full." if transient.is_disk_full(error) else "The database is busy or away."
    return Problem(503, "storage-unavailable", "Storage does not answer", f"{what} {advice}", headers=again)


def _route(request: Request) -> str:
    """Name the route by its template: the path itself may carry a signed link."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


class UntilOpen:
    """Answers 503 while the rooms behind do not work yet: their database is away, or being brought up to date."""

    def __init__(self, app: ASGIApp, is_open: Callable[[], bool]) -> None:
        self._app = app
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if it may be answered."""
        if scope["type"] != "http" or self._is_open() or scope["path"] in ASKED_BY_MACHINES:
            await self._app(scope, receive, send)
        else:
            detail = "This part of the system is starting: it waits for its database. Try again in a moment."
            starting = Problem(503, "starting", "Not available yet", detail, headers={"Retry-After": "2"})
            await problem_response(starting)(scope, receive, send)


class BodyLimit:
    """Refuses a body over the limit with 413, by its declared length or, failing that, as it arrives."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limit:
            await problem_response(self._too_large())(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise self._too_large()
            return message

        async def unless_too_large(message: Message) -> None:
            # The framework turns an error while it reads the body into a 400; ours is the truer answer.
            if seen <= self._limit:
                await send(message)

        await self._app(scope, counted, unless_too_large)
        if seen > self._limit:
            await problem_response(self._too_large())(scope, receive, send)

    def _too_large(self) -> Problem:
        detail = f"The body is larger than {self._limit:,} bytes. Send one booking per request, or import a file."
        return Problem(413, "body-too-large", "The body is too large", detail)
