"""Which area a booking belongs to: as it says, else by postcode, else by city and state, else the only one there is."""

from collections.abc import Iterable, Mapping

from services.booking.domain.catalogue import did_you_mean
from shared.areas import Area
from shared.errors import invalid
from shared.events.booking_request import Address
from shared.events.ids import AreaId


def choose_area(asked: AreaId | None, address: Address, areas: Mapping[AreaId, Area]) -> Area:
    """Return the area.

    An address that no area claims goes to the only area there is: geocoding says whether it lies outside.

    Raises:
        Problem: 422 that lists the areas there are.
    """
    if not areas:
        remedy = "Build one with `rounds area build EXTRACT.osm.pbf`, then book again."
        raise invalid("area_id", "No area has been built yet.", remedy)
    if asked is not None:
        if asked in areas:
            return areas[asked]
        hint = did_you_mean(asked, list(areas))
        raise invalid("area_id", "There is no such area.", f"{hint}The areas are {_listed(areas)}.")
    claims = _by_postcode(address, areas.values()) or _by_city(address, areas.values())
    candidates = claims or list(areas.values())
    if len(candidates) == 1:
        return candidates[0]
    message = "More than one area covers this address." if claims else "No area covers this address's postcode or city."
    raise invalid("area_id", message, f"Name the area; there are {_listed(areas)}.")


def _by_postcode(address: Address, areas: Iterable[Area]) -> list[Area]:
    wanted = address.postcode_key()
    return [area for area in areas if wanted in area.postcodes]


def _by_city(address: Address, areas: Iterable[Area]) -> list[Area]:
    """Return the areas that have the city; the state decides between cities of one name."""
    city = (address.city or "").casefold()
    line = f" {' '.join((address.line or '').replace(',', ' ').split())} ".casefold()
    found = [
        area
        for area in areas
        if any(name.casefold() == city or (name and f" {name.casefold()} " in line) for name in area.cities)
    ]
    state = (address.state or "").upper()
    return [area for area in found if state in area.states] or found


def _listed(areas: Mapping[AreaId, Area]) -> str:
    return ", ".join(f"{area.id} ({area.name})" for area in areas.values())
