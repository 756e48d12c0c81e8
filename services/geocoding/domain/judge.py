"""Judging what a source found against what was asked: the same prices for every source."""

from dataclasses import dataclass

from services.geocoding.domain import score
from services.geocoding.domain.address import Candidate, ParsedAddress
from services.geocoding.domain.area import AreaProfile
from services.geocoding.domain.text import fold
from shared.events.values import MatchKind


@dataclass(frozen=True, slots=True)
class Finding:
    """A place as a source describes it; "" where it says nothing.

    Attributes:
        lat: WGS84 degrees.
        lon: WGS84 degrees.
        match: how exactly the number was found.
        label: the address as the source has it.
        city: the city the source puts it in.
        postcode: normalised.
        state: two-letter code.
        guessed_city: the city is not the place's own but its neighbours'.
        guessed_postcode: likewise.
    """

    lat: float
    lon: float
    match: MatchKind
    label: str
    city: str = ""
    postcode: str = ""
    state: str = ""
    guessed_city: bool = False
    guessed_postcode: bool = False


def judge(
    asked: ParsedAddress,
    found: Finding,
    area: AreaProfile,
    *,
    street_price: float = 0.0,
    other_price: float = 0.0,
    provider: str,
) -> Candidate:
    """Return a finding as a candidate, with the confidence that is left after all prices are paid.

    Args:
        asked: the address in one of its readings.
        found: what a source found for it.
        area: for the names of its places.
        street_price: how much the streets' names differ (``score.street_price``).
        other_price: for anything else that is doubtful.
        provider: the source.
    """
    nowhere = 0.0 if asked.names_a_place else score.NOWHERE_NAMED
    paid = street_price + other_price + score.KINDS[found.match] + _place_price(asked, found, area) + nowhere
    return Candidate(
        lat=found.lat,
        lon=found.lon,
        match=found.match,
        confidence=round(max(0.0, 1.0 - paid), 3),
        label=found.label,
        state=found.state or (area.states[0] if len(area.states) == 1 else None),
        provider=provider,
    )


def _place_price(asked: ParsedAddress, found: Finding, area: AreaProfile) -> float:
    price = 0.0
    if asked.postcode and found.postcode and asked.postcode != found.postcode:
        price += score.GUESSED_DIFFERS if found.guessed_postcode else score.POSTCODE_DIFFERS
    if not asked.places:
        return price
    known = {name for place in asked.places if (name := area.known_place(place))}
    if not known:
        return price + (score.PLACE_UNKNOWN if area.place_names else 0.0)
    if found.city and fold(found.city) not in known and known <= area.city_names:
        price += score.GUESSED_DIFFERS if found.guessed_city else score.PLACE_DIFFERS
    return price
