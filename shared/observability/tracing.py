"""Traces: one booking is one trace, from its request through every room to the nurse's page.

A span's context travels as ``traceparent``: in HTTP headers, in the headers of events, and in rows that wait for a job.
Attributes are identifiers and codes only. An error's text may quote a patient, so only its kind is kept.
"""

import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.events.values import Cause

CORRELATION = "rounds.correlation_id"
ROOM = "rounds.room"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

EXPORTING = ("opentelemetry.exporter.otlp.common.http", "opentelemetry.exporter.otlp.proto.http.trace_exporter")
QUIET_SECONDS = 300.0
"""A collector that is away is mentioned this often: nobody's visit depends on it."""
PATIENCE_SECONDS = 3.0
"""How long to try to send a batch; a process that leaves waits for it once."""

type _Async[**P, R] = Callable[P, Coroutine[Any, Any, R]]

_W3C = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("rounds")
_CAUSE: ContextVar[Cause | None] = ContextVar("cause", default=None)


def start_tracing(service: str) -> None:
    """Make spans from now on, once for the process; send them where OTEL_EXPORTER_OTLP_ENDPOINT says, if it does.

    Sampling, limits and the resource follow OpenTelemetry's own environment variables.

    Args:
        service: this process's name, unless OTEL_SERVICE_NAME gives another.
    """
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or service}))
    if any(os.environ.get(name) for name in ENDPOINTS):
        for name in EXPORTING:
            logging.getLogger(name).addFilter(_Rarely())
        patience = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else PATIENCE_SECONDS
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=patience)))
    trace.set_tracer_provider(provider)


@contextmanager
def span(
    name: str,
    cause: Cause | None = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    links: Iterable[Cause] = (),
    start_time: int | None = None,
    **attributes: str | int,
) -> Iterator[Span]:
    """Open a span. What is logged and said meanwhile belongs to its cause.

    Args:
        name: a verb and its object; no ids.
        cause: what it follows from; by default the present span.
        kind: its side of a call or of the bus.
        links: causes in other traces that it serves or is served by.
        start_time: when it began, if that was earlier; nanoseconds since the epoch.
        attributes: codes and identifiers; an underscore in a name becomes a dot.
    """
    present = _CAUSE.get() if cause is None else cause
    known: dict[str, str | int] = {key.replace("_", "."): value for key, value in attributes.items()}
    if present is not None and present.correlation_id is not None:
        known[CORRELATION] = present.correlation_id
    with _TRACER.start_as_current_span(
        name,
        context=None if cause is None else _context(cause),
        kind=kind,
        links=[link for each in links if (link := _link(each))],
        attributes=known,
        start_time=start_time,
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        token = _CAUSE.set(present)
        try:
            yield opened
        except BaseException as error:
            opened.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            _CAUSE.reset(token)


def begins_trace[**P, R](name: str, *, rounds_room: str) -> Callable[[_Async[P, R]], _Async[P, R]]:
    """Make a coroutine function a trace of its own: a job that serves many bookings at once."""

    def wrap(function: _Async[P, R]) -> _Async[P, R]:
        @wraps(function)
        async def traced(*args: P.args, **kwargs: P.kwargs) -> R:
            with span(name, Cause(), rounds_room=rounds_room):
                return await function(*args, **kwargs)

        return traced

    return wrap


def link_present(cause: Cause) -> None:
    """Link the present span to a cause in another trace."""
    link = _link(cause)
    if link is not None:
        trace.get_current_span().add_link(link.context)


def correlate(cause: Cause) -> None:
    """From here to the end of the present span, what is logged and said belongs to this cause."""
    _CAUSE.set(cause)
    if cause.correlation_id is not None:
        trace.get_current_span().set_attribute(CORRELATION, cause.correlation_id)


def present_cause() -> Cause:
    """Return what an event said now follows from: the cause of the present work, by way of the present span."""
    known = _CAUSE.get() or Cause()
    return known.model_copy(update={"traceparent": traceparent() or known.traceparent})


def traceparent() -> str | None:
    """Return the present span as W3C trace context; None outside any."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def log_fields() -> dict[str, str]:
    """Return what a log line of the present work names: its trace and its correlation."""
    fields = {}
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        fields["trace_id"] = f"{context.trace_id:032x}"
    known = _CAUSE.get()
    if known is not None and known.correlation_id is not None:
        fields["correlation_id"] = known.correlation_id
    return fields


def _context(cause: Cause) -> Context:
    """Return the parent a cause names; one that names none begins a trace of its own."""
    carrier = {"traceparent": cause.traceparent} if cause.traceparent else {}
    return _W3C.extract(carrier, Context())


def _link(cause: Cause) -> Link | None:
    context = trace.get_current_span(_context(cause)).get_span_context()
    return Link(context) if context.is_valid else None


class _Rarely(logging.Filter):
    """Lets one line pass every few minutes."""

    def __init__(self) -> None:
        super().__init__()
        self._quiet_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line passes."""
        del record
        now = time.monotonic()
        if now < self._quiet_until:
            return False
        self._quiet_until = now + QUIET_SECONDS
        return True
