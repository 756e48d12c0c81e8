"""Requests as metrics and spans, by route template: a path may carry an id or a signed link."""

import time
from contextlib import AbstractContextManager, nullcontext

from opentelemetry.trace import Span, SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.events.values import Cause
from shared.observability.metrics import HTTP_REQUESTS, HTTP_SECONDS
from shared.observability.tracing import present_cause, span

ASKED_BY_MACHINES = {"/healthz", "/readyz", "/metrics"}
"""Asked every few seconds; they are counted, but they are no span."""
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""Others share a label, so that no client can invent one."""


class Observed:
    """Counts every request and opens its span, as part of the trace its ``traceparent`` names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, watching for the head of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        answered = False

        with _opened(scope, method) as opened:

            def note(status: int) -> None:
                nonlocal answered
                answered = True
                _note(scope, method, status, time.perf_counter() - began, opened)

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start" and not answered:
                    note(message["status"])
                await send(message)

            try:
                await self._app(scope, receive, noting)
            except Exception:
                if not answered:
                    note(500)
                raise


def _opened(scope: Scope, method: str) -> AbstractContextManager[Span | None]:
    if scope["path"] in ASKED_BY_MACHINES:
        return nullcontext()
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
    cause = Cause(correlation_id=present_cause().correlation_id, traceparent=given)
    return span(method, cause, kind=SpanKind.SERVER)


def _note(scope: Scope, method: str, status: int, seconds: float, opened: Span | None) -> None:
    route = str(getattr(scope.get("route"), "path", "unknown"))
    HTTP_REQUESTS.labels(method, route, str(status)).inc()
    HTTP_SECONDS.labels(method, route).observe(seconds)
    if opened is not None:
        opened.update_name(f"{method} {route}")
        opened.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
