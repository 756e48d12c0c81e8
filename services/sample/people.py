"""Nurses with differing skills, licences and shifts."""

from collections.abc import Sequence
from random import Random

from services.sample.addresses import Address, Landmark
from services.sample.day import Day
from services.sample.persons import persons
from services.sample.rows import NurseRow
from shared.errors import ConfigurationError

# Of ten nurses five may do everything, three only draw blood, two only inject.
_KINDS = ("RN", "PHLEB", "LPN", "RN", "RN", "PHLEB", "RN", "LPN", "PHLEB", "RN")
_SKILLS = {"RN": ("injection", "venipuncture"), "LPN": ("injection",), "PHLEB": ("venipuncture",)}
_VOCATIONAL = frozenset({"CA", "TX"})  # the two states that call practical nurses LVN
_NEIGHBOURS = {"OH": "PA", "NY": "NJ", "CA": "NV"}  # states in which some are licensed as well
_STARTS = (7.5, 8.0, 8.0, 8.5, 9.0, 10.0, 12.0)  # hours; most begin early, someone is there until eight
_LENGTH = 8.0  # hours, with the break
_BREAK_MINUTES, _BREAK_FROM, _BREAK_UNTIL = 30, 3.0, 5.5  # hours after the start
_FROM_HOME = 0.6


def nurses(addresses: Sequence[Address], count: int, day: Day, base: Landmark | None = None) -> list[NurseRow]:
    """Make `count` nurses, each with one shift on `day`; they live at some of the `addresses`.

    Those who do not start from home start at `base`, or where there is none, from one of the addresses.

    Raises:
        ConfigurationError: no address says its state, which the licences need.
    """
    state = next((address.state for address in addresses if address.state), "")
    if not state:
        message = "None of the addresses says its state, so no licence can be named. Choose an extract with ZIP codes."
        raise ConfigurationError(message)
    rng = day.dice("nurses")
    office = base or _landmark(rng.choice(addresses))
    people = persons(rng, count)
    return [_nurse(number, people[number], state, addresses, office, day, rng) for number in range(count)]


def _landmark(address: Address) -> Landmark:
    return Landmark("Base", address.lat, address.lon)


def _nurse(
    number: int,
    person: tuple[str, str],
    state: str,
    addresses: Sequence[Address],
    office: Landmark,
    day: Day,
    rng: Random,
) -> NurseRow:
    kind = _KINDS[number % len(_KINDS)]
    start = _STARTS[number * 3 % len(_STARTS)]
    place = _landmark(rng.choice(addresses)) if rng.random() < _FROM_HOME else office
    paediatric = kind == "RN" and rng.random() < 0.3  # noqa: PLR2004 - three registered nurses in ten
    return NurseRow(
        external_id=f"N{number + 1:02}",
        name=" ".join(person),
        skills=(*_SKILLS[kind], *(("paediatric",) if paediatric else ())),
        licences=_licences(kind, state, rng),
        shift_start=day.at(start),
        shift_end=day.at(start + _LENGTH),
        start_lat=place.lat,
        start_lon=place.lon,
        end_lat=place.lat,
        end_lon=place.lon,
        break_minutes=_BREAK_MINUTES,
        break_earliest=day.at(start + _BREAK_FROM),
        break_latest=day.at(start + _BREAK_UNTIL),
        area_id=day.area_id,
    )


def _licences(kind: str, state: str, rng: Random) -> tuple[str, ...]:
    name = "LVN" if kind == "LPN" and state in _VOCATIONAL else kind
    second = _NEIGHBOURS.get(state)
    both = second and kind == "RN" and rng.random() < 0.2  # noqa: PLR2004 - one registered nurse in five
    return (f"{name}:{state}", *((f"{name}:{second}",) if both else ()))
