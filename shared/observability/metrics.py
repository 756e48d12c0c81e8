"""Every metric of the house. Base units (seconds, counts); labels are codes, and never a patient's or a nurse's.

Each process serves its own at ``/metrics``; the label ``room`` tells the rooms of one process apart.
"""

from datetime import datetime
from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from shared.events.values import Cause

HANDLER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30)
HTTP_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
SOLVE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
STAGE_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 300, 1800, 7200)

CONSUMER_LAG = Gauge(
    "rounds_consumer_lag_records",
    "Records on this process's lanes not yet handled",
    ["room", "topic", "partition"],
)
CONSUMER_REBUILT = Counter("rounds_consumer_rebuilt_total", "Subscriptions made anew after a stall", ["room"])
HANDLED_EVENTS = Counter(
    "rounds_handled_events_total", "Records settled: handled, repeated or skipped", ["room", "event", "outcome"]
)
HANDLER_SECONDS = Histogram(
    "rounds_handler_seconds", "Time in a handler, its SQL included", ["room", "event"], buckets=HANDLER_BUCKETS
)
HANDLER_FAILURES = Counter("rounds_handler_failures_total", "Attempts that are made again", ["room", "event"])
DEAD_LETTERS = Counter("rounds_dead_letters_total", "Records put among the dead letters", ["room", "topic"])

OUTBOX_WAITING = Gauge("rounds_outbox_waiting_events", "Events said and not yet published", ["room"])
OUTBOX_OLDEST = Gauge("rounds_outbox_oldest_seconds", "Age of the oldest event not yet published", ["room"])
BUS_UP = Gauge("rounds_bus_up", "1 while the bus answers this process", ["room"])
BUS_FAILURES = Counter("rounds_bus_failures_total", "Times the bus did not answer", ["room"])
POOL_IN_USE = Gauge("rounds_database_pool_in_use", "Connections to the database in use", ["room"])

PLAN_REQUESTS_WAITING = Gauge("rounds_plan_requests_waiting", "Days that want a plan", ["room"])
PLAN_REQUESTS_OLDEST = Gauge("rounds_plan_requests_oldest_seconds", "Age of the oldest unanswered wish", ["room"])
SOLVE_SECONDS = Histogram(
    "rounds_solve_seconds", "From the lease of a day to its saved plan", ["area"], buckets=SOLVE_BUCKETS
)
STAGE_SECONDS = Histogram(
    "rounds_stage_seconds", "From a booking's request to the stage, the first time", ["stage"], buckets=STAGE_BUCKETS
)

HTTP_REQUESTS = Counter("rounds_http_requests_total", "Requests answered", ["method", "route", "status"])
HTTP_SECONDS = Histogram(
    "rounds_http_seconds", "From a request to the head of its answer", ["method", "route"], buckets=HTTP_BUCKETS
)

VISITS = Gauge("rounds_visits", "Visits of today, by how far the nurse has come", ["area", "progress"])
VISITS_LATE = Gauge("rounds_visits_late", "Visits of today whose nurse should be there and is not", ["area"])


class Stage(StrEnum):
    """What a booking reaches on its way to a nurse."""

    LOCATED = "located"
    PLANNED = "planned"
    ASSIGNED = "assigned"
    ON_PHONE = "on_phone"


for _stage in Stage:
    STAGE_SECONDS.labels(_stage)  # a stage that nothing has reached yet shows as zero, not as missing


def reached(stage: Stage, cause: Cause | None, now: datetime) -> None:
    """Note that a booking has reached a stage for the first time; without a known request there is nothing to note."""
    if cause is not None and cause.requested_at is not None:
        STAGE_SECONDS.labels(stage).observe(max(0.0, (now - cause.requested_at).total_seconds()))
