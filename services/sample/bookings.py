"""A day of bookings: patients, places, services and wishes about time."""

import datetime as dt
from collections.abc import Collection, Sequence
from random import Random

from services.sample.addresses import Address
from services.sample.day import Day
from services.sample.noise import Written, elsewhere, is_directed, nowhere, undirected, written
from services.sample.persons import persons
from services.sample.rows import BookingRow
from shared.errors import ConfigurationError

# What is asked for, with how often in a hundred: half need a nurse who injects, a third one who draws blood, and some
# one who may do both.
_MIX = {
    ("b12-im-1000",): 38,
    ("b12-im-500",): 12,
    ("wellness-panel",): 13,
    ("b12-level",): 9,
    ("cbc",): 6,
    ("b12-folate",): 5,
    ("b12-level", "b12-im-1000"): 9,
    ("wellness-panel", "b12-im-1000"): 6,
    ("cbc", "b12-level"): 2,
}
_FASTING = frozenset({"wellness-panel", "b12-folate"})
_MORNINGS = {(8, 10): 24, (8, 11): 24, (8, 12): 24, (9, 12): 24, (6, 7): 4}  # the last before any shift begins
_WINDOWS = ((8, 12), (9, 13), (10, 14), (12, 16), (13, 17), (14, 18), (9, 12), (11, 14), (13, 16), (15, 17), (16, 18))
_HOUR_STARTS = (9, 10, 11, 13, 14, 15, 16)
_LOST_SHARE, _ELSEWHERE_SHARE, _VAGUE_SHARE = 0.02, 0.01, 0.01
_PRIORITIES = {"routine": 90, "urgent": 7, "asap": 2, "stat": 1}
_NOTES = (
    "Gate code 4417.",
    "Dog in the yard, please ring first.",
    "Hard of hearing: knock loudly.",
    "Fainted at an earlier draw, would like to lie down.",
    "Park behind the house.",
    "Second door on the left.",
    "Prefers the left arm.",
    "Baby asleep: please text, do not ring.",
)
_YEAR = dt.timedelta(days=365.25)


def bookings(
    addresses: Sequence[Address],
    count: int,
    day: Day,
    catalogue_codes: Collection[str],
    nurse_ids: Sequence[str] = (),
) -> list[BookingRow]:
    """Make `count` bookings for `day` at some of the `addresses`; `nurse_ids` are preferred or excluded now and then.

    One booking in fifty cannot be found on the map, one in a hundred lies in another state and one in a hundred may
    mean several streets (at least one each), so that there is something to review. Only services among
    `catalogue_codes` are asked for.

    Raises:
        ConfigurationError: the catalogue has none of the services that the sample asks for.
    """
    mix = {services: weight for services, weight in _MIX.items() if set(services) <= set(catalogue_codes)}
    if not mix:
        asked = ", ".join(sorted({code for services in _MIX for code in services}))
        message = f"The catalogue has none of the services that the sample asks for ({asked}). Add one of them."
        raise ConfigurationError(message)
    rng = day.dice("bookings")
    places = _places(addresses, count, rng)
    people = persons(rng, count)
    asked_for = rng.choices(list(mix), list(mix.values()), k=count)
    return [
        _booking(number, people[number], places[number], asked_for[number], day, nurse_ids, rng)
        for number in range(count)
    ]


def _places(addresses: Sequence[Address], count: int, rng: Random) -> list[Written]:
    chosen = rng.sample(addresses, count) if count <= len(addresses) else rng.choices(addresses, k=count)
    lost, away, vague = (max(1, round(share * count)) for share in (_LOST_SHARE, _ELSEWHERE_SHARE, _VAGUE_SHARE))
    streets = frozenset(address.street for address in addresses)
    chosen.sort(key=is_directed)  # stable: the directed ones, where there are any, come last
    places = [nowhere(address, streets, turn) for turn, address in enumerate(chosen[:lost])]
    places += [elsewhere(address.state, rng) for address in chosen[lost : lost + away]]
    for number, address in enumerate(chosen[lost + away :], start=lost + away):
        at_the_end = number >= count - vague
        places.append(undirected(address) if at_the_end and is_directed(address) else written(address, rng))
    rng.shuffle(places)
    return places


def _booking(
    number: int,
    person: tuple[str, str],
    place: Written,
    services: tuple[str, ...],
    day: Day,
    nurse_ids: Sequence[str],
    rng: Random,
) -> BookingRow:
    first, last = person
    windows = _windows(services, day, rng)
    preferred = rng.choice(nurse_ids) if nurse_ids and rng.random() < 0.05 else ""  # noqa: PLR2004 - one in twenty
    others = [nurse for nurse in nurse_ids if nurse != preferred]
    excluded = (rng.choice(others),) if others and rng.random() < 0.01 else ()  # noqa: PLR2004 - one in a hundred
    return BookingRow(
        reference=f"DEMO-{day.date:%Y%m%d}-{number + 1:04}",
        first_name=first,
        last_name=last,
        birth_date=day.date - rng.uniform(19, 92) * _YEAR,
        phone=f"+1 {rng.choice((212, 415, 614, 740))} 555 01{rng.randrange(100):02}",
        email=f"{first}.{last}.{number + 1}@example.org".lower(),
        address=place.address,
        unit=place.unit,
        city=place.city,
        state=place.state,
        postcode=place.postcode,
        services=services,
        windows=windows,
        any_time_on=() if windows else (day.date,),
        notes=rng.choice(_NOTES) if rng.random() < 0.15 else "",  # noqa: PLR2004 - one in seven
        preferred_nurse=preferred,
        excluded_nurses=excluded,
        priority=rng.choices(list(_PRIORITIES), list(_PRIORITIES.values()))[0],
        area_id=day.area_id,
    )


def _windows(services: tuple[str, ...], day: Day, rng: Random) -> tuple[str, ...]:
    """Wished windows; none for any time on the day. Who has to fast wants the morning."""
    if _FASTING & set(services):
        return (_window(day, *rng.choices(list(_MORNINGS), list(_MORNINGS.values()))[0]),)
    shape = rng.choices(("any", "wide", "two", "hour"), (42, 43, 9, 6))[0]
    if shape == "any":
        return ()
    if shape == "hour":
        hour = rng.choice(_HOUR_STARTS)
        return (_window(day, hour, hour + 1),)
    if shape == "two":
        return _window(day, 8, 11), _window(day, 14, 17)
    return (_window(day, *rng.choice(_WINDOWS)),)


def _window(day: Day, start: float, end: float) -> str:
    return f"{day.at(start).isoformat()}/{day.at(end).isoformat()}"
