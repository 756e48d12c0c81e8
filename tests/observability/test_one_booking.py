"""One booking is one trace, from the request to the nurse's page, and none of it names the patient."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.sample.addresses import Address
from tests.flow.conftest import Desk, soon

WAY = [
    "POST /v1/bookings",
    "geocoding handles VisitRequested",
    "geocoding locates address",
    "routing handles PlaceResolved",
    "routing plans visit",
    "dispatch assigns visit",
    "nurse_app handles VisitAssigned",
]
JOBS = {"routing plans day", "routing searches day"}


async def test_one_trace_leads_from_the_request_to_the_nurses_page(
    desk: Desk, addresses: list[Address], spans: InMemorySpanExporter
) -> None:
    await desk.add_nurse("N01", addresses[0])
    booking = await desk.book(addresses[500])

    async def arrived() -> ReadableSpan | None:
        return next((span for span in spans.get_finished_spans() if span.name == WAY[-1]), None)

    last = await soon(arrived, "the visit on the nurse's page")

    found = spans.get_finished_spans()
    by_id = {span.context.span_id: span for span in found}
    way = [last]
    while (parent := way[-1].parent) is not None:
        way.append(by_id[parent.span_id])
    assert [span.name for span in reversed(way)] == WAY
    assert {span.context.trace_id for span in way} == {last.context.trace_id}
    starts = [span.start_time or 0 for span in reversed(way)]
    assert starts == sorted(starts)
    named = [span.attributes["rounds.correlation_id"] for span in way[:-1] if span.attributes]
    assert named == [booking["booking_id"]] * (len(WAY) - 1)
    (job,) = [span for span in found if span.name in JOBS and span.links]
    assert {link.context.trace_id for link in job.links} == {last.context.trace_id}
    assert job.context.trace_id != last.context.trace_id


async def test_the_nurses_acts_belong_to_the_booking_in_traces_of_their_own(
    desk: Desk, addresses: list[Address], spans: InMemorySpanExporter
) -> None:
    nurse_id = await desk.add_nurse("N01", addresses[0])
    booking = await desk.book(addresses[500])
    await desk.until_status(booking, "booked")
    await desk.act(booking, nurse_id, "accept")

    async def handled() -> ReadableSpan | None:
        wanted = "booking handles AssignmentAccepted"
        return next((span for span in spans.get_finished_spans() if span.name == wanted), None)

    span = await soon(handled, "the act in the booking room")

    assert span.attributes is not None
    assert span.attributes["rounds.correlation_id"] == booking["booking_id"]
    (act,) = named(spans.get_finished_spans(), "POST /v1/visits/{visit_id}/acts")
    assert span.context.trace_id == act.context.trace_id
    (request,) = named(spans.get_finished_spans(), "POST /v1/bookings")
    assert act.context.trace_id != request.context.trace_id


async def test_each_stage_is_measured_once_for_a_booking(desk: Desk, addresses: list[Address]) -> None:
    before = await counts(desk)
    await desk.add_nurse("N01", addresses[0])
    booking = await desk.book(addresses[500])
    await desk.until_status(booking, "booked")
    await desk.add_nurse("N02", addresses[501])  # the day is planned again
    second = await desk.book(addresses[502])
    await desk.until_status(second, "booked")

    async def both_on_phone() -> dict[str, float] | None:
        now = await counts(desk)
        return now if now["on_phone"] - before["on_phone"] == 2 else None

    after = await soon(both_on_phone, "both visits on phones")

    assert {stage: after[stage] - before[stage] for stage in after} == {
        "located": 2,
        "planned": 2,
        "assigned": 2,
        "on_phone": 2,
    }


async def test_a_request_from_outside_goes_on_in_its_senders_trace(desk: Desk, spans: InMemorySpanExporter) -> None:
    theirs = f"00-{'ab' * 16}-{'cd' * 8}-01"
    await desk.http.get("/v1/services", headers={"traceparent": theirs})
    (request,) = named(spans.get_finished_spans(), "GET /v1/services")
    assert request.context.trace_id == int("ab" * 16, 16)


async def counts(desk: Desk) -> dict[str, float]:
    lines = (await desk.http.get("/metrics")).text.splitlines()
    found = [
        line.removeprefix("rounds_stage_seconds_count")
        for line in lines
        if line.startswith("rounds_stage_seconds_count")
    ]
    return {line.split('"')[1]: float(line.split()[-1]) for line in found}


def named(spans: Sequence[ReadableSpan], name: str) -> list[ReadableSpan]:
    return [span for span in spans if span.name == name]
