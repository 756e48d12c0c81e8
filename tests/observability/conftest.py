"""Spans kept in memory, and the whole house on the sample city."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.observability.tracing import start_tracing
from tests.cli.conftest import rounds, system
from tests.flow.conftest import addresses, data, desk, map_dir

__all__ = ["addresses", "data", "desk", "map_dir", "rounds", "system"]


@pytest.fixture(scope="session")
def exporter() -> InMemorySpanExporter:
    start_tracing("rounds-tests")
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    """What this test's spans are kept in."""
    exporter.clear()
    yield exporter
    exporter.clear()
