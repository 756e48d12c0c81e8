"""Spans follow causes, name no error's text, and cost little; log lines and events know what they belong to."""

import json
import logging
import time
from pathlib import Path

import pytest
import structlog
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from shared.events.values import Cause
from shared.observability.logging import configure_logging
from shared.observability.tracing import (
    _Rarely,
    begins_trace,
    correlate,
    link_present,
    present_cause,
    span,
    traceparent,
)

TRACE, SPAN = "ab" * 16, "cd" * 8
BOOKING = Cause(correlation_id="booking-7", traceparent=f"00-{TRACE}-{SPAN}-01")


def test_a_span_goes_on_in_the_trace_of_its_cause(spans: InMemorySpanExporter) -> None:
    with span("routing plans visit", BOOKING, rounds_room="routing"):
        inside = present_cause()
    (made,) = spans.get_finished_spans()
    assert (made.context.trace_id, made.parent and made.parent.span_id) == (int(TRACE, 16), int(SPAN, 16))
    assert made.attributes == {"rounds.room": "routing", "rounds.correlation_id": "booking-7"}
    assert inside.correlation_id == "booking-7"
    assert inside.traceparent == f"00-{TRACE}-{made.context.span_id:016x}-01"
    assert present_cause() == Cause()


def test_a_cause_whose_trace_cannot_be_read_begins_a_new_one(spans: InMemorySpanExporter) -> None:
    with span("outer"), span("handle", Cause(traceparent="00-ab-cd-01")):
        pass
    handled, outer = spans.get_finished_spans()
    assert handled.parent is None
    assert handled.context.trace_id != outer.context.trace_id


def test_an_error_leaves_its_kind_and_not_its_text(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Ada"), span("handle", BOOKING):
        raise ValueError("Ada Example lives at 7 Quillfeather Way")
    (failed,) = spans.get_finished_spans()
    assert (failed.status.status_code, failed.status.description) == (StatusCode.ERROR, "ValueError")
    assert failed.events == ()
    assert "Ada" not in failed.to_json()


async def test_a_job_is_a_trace_of_its_own_with_links_to_those_it_serves(spans: InMemorySpanExporter) -> None:
    @begins_trace("routing plans day", rounds_room="routing")
    async def plan() -> None:
        link_present(BOOKING)

    with span("request"):
        await plan()
    job, request = spans.get_finished_spans()
    assert job.context.trace_id != request.context.trace_id
    assert [link.context.trace_id for link in job.links] == [int(TRACE, 16)]


def test_a_booking_made_within_a_request_names_it_from_there_on(spans: InMemorySpanExporter) -> None:
    with span("POST /v1/bookings", Cause()):
        assert present_cause().correlation_id is None
        correlate(Cause(correlation_id="booking-8"))
        assert present_cause() == Cause(correlation_id="booking-8", traceparent=traceparent())
    (request,) = spans.get_finished_spans()
    assert request.attributes is not None
    assert request.attributes["rounds.correlation_id"] == "booking-8"
    assert present_cause() == Cause()


def test_a_log_line_names_its_booking_and_its_trace(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    root = logging.getLogger()
    before = root.handlers[:]
    configure_logging(tmp_path / "log.jsonl")
    try:
        with span("handle", BOOKING):
            structlog.get_logger().info("handled_it")
            logging.getLogger("a.library").warning("said something")
        structlog.get_logger().info("outside")
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers[:] = before
    inside, library, outside = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    for line in (inside, library):
        assert (line["correlation_id"], line["trace_id"]) == ("booking-7", TRACE)
    assert "trace_id" not in outside
    assert len(spans.get_finished_spans()) == 1


def test_a_span_costs_less_than_a_third_of_a_millisecond() -> None:
    count = 2000
    began = time.process_time()
    for _ in range(count):
        with span("booking handles VisitRequested", BOOKING, rounds_room="booking"):
            present_cause()
    assert (time.process_time() - began) / count < 0.0003


def test_a_collector_that_is_away_is_mentioned_once_in_a_while() -> None:
    seldom = _Rarely()
    line = logging.LogRecord("exporter", logging.WARNING, "", 0, "away", None, None)
    assert [seldom.filter(line) for _ in range(3)] == [True, False, False]
