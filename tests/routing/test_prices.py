from dataclasses import fields

import pytest

from services.routing.domain.prices import RULES, Price, Prices
from shared.events.values import Priority


def test_every_rule_that_charges_is_named_and_documented() -> None:
    assert [rule.name for rule in RULES] == [field.name for field in fields(Price)]
    assert all(rule.sentence.endswith(".") and rule.unit.startswith("cents") for rule in RULES)


def test_prices_add_up_rule_by_rule() -> None:
    both = Price(driving_time=1, waiting=10, left_out=100) + Price(driving_time=2, shift_used=1000)

    assert both == Price(driving_time=3, waiting=10, shift_used=1000, left_out=100)
    assert both.total == 1113
    assert sum(both.by_rule().values()) == both.total


def test_rates_are_per_hour_and_kilometre_and_round_down_to_whole_cents() -> None:
    prices = Prices(driving_hour=3000, driving_km=42, waiting_hour=1200)

    assert [prices.driving_time(s) for s in (0, 1, 2, 3600, 5400)] == [0, 0, 1, 3000, 4500]
    assert [prices.driving_distance(m) for m in (0, 23, 24, 1000)] == [0, 0, 1, 42]
    assert [prices.waiting(s) for s in (0, 2, 3, 1800)] == [0, 0, 1, 600]


@pytest.mark.parametrize(
    ("priority", "cents"),
    [(Priority.ROUTINE, 20_000), (Priority.URGENT, 50_000), (Priority.ASAP, 100_000), (Priority.STAT, 300_000)],
)
def test_the_more_urgent_a_visit_the_dearer_it_is_to_leave_out(priority: Priority, cents: int) -> None:
    assert Prices().leave_out(priority) == cents
