"""What a visit of several services needs, by the default catalogue."""

import datetime as dt

import pytest

from services.booking.domain.catalogue import Catalogue, did_you_mean
from services.booking.store.catalogue_file import load_catalogue


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_the_default_catalogue_has_the_services_on_offer(catalogue: Catalogue) -> None:
    assert [service.code for service in catalogue.services] == [
        "b12-im-1000",
        "b12-im-500",
        "b12-level",
        "b12-folate",
        "cbc",
        "wellness-panel",
    ]


@pytest.mark.parametrize(
    ("codes", "first_dose", "minutes"),
    [
        (["b12-level"], False, 20),
        (["b12-im-1000"], False, 20),
        (["b12-im-1000"], True, 30),
        (["b12-level"], True, 20),
        (["b12-im-1000", "b12-level"], False, 40),
        (["b12-im-1000", "b12-im-500", "cbc"], True, 65),
    ],
)
def test_a_visit_takes_the_sum_of_its_services_and_one_observation(
    catalogue: Catalogue, codes: list[str], minutes: int, *, first_dose: bool
) -> None:
    assert catalogue.visit_needs(codes, first_dose=first_dose).duration == dt.timedelta(minutes=minutes)


def test_blood_is_drawn_before_the_injection_whatever_the_order_of_the_request(catalogue: Catalogue) -> None:
    needs = catalogue.visit_needs(["b12-im-500", "cbc", "b12-level"])
    assert needs.services == ("cbc", "b12-level", "b12-im-500")


def test_a_visit_needs_every_skill_and_one_licence_for_each_kind_of_work(catalogue: Catalogue) -> None:
    needs = catalogue.visit_needs(["b12-im-1000", "wellness-panel", "cbc"])
    assert needs.skills == ("injection", "venipuncture")
    assert needs.licence_options == (("RN", "PHLEB"), ("RN", "LVN", "LPN"))


def test_the_strictest_age_of_its_services_holds_for_the_visit(catalogue: Catalogue) -> None:
    file = catalogue.model_dump()
    file["services"][0]["minimum_age"] = 12
    mixed = Catalogue.model_validate(file)
    assert mixed.visit_needs(["b12-im-1000"]).minimum_age == 12
    both = mixed.visit_needs(["b12-im-1000", "cbc"])
    assert (both.minimum_age, both.age_service) == (18, "Complete blood count")


def test_a_service_no_longer_on_offer_gives_and_measures_nothing(catalogue: Catalogue) -> None:
    assert catalogue.given(["b12-im-1000", "gone"]) == {"b12"}
    assert catalogue.assayed(["wellness-panel", "gone"]) == {"b12", "folate"}


def test_a_near_miss_is_told_and_a_far_one_is_not() -> None:
    assert did_you_mean("B12-im-100", ["b12-im-1000", "cbc"]) == "Did you mean b12-im-1000? "
    assert did_you_mean("massage", ["b12-im-1000", "cbc"]) == ""
