"""The answers of Nominatim, Photon and Pelias, read as findings.

Sources: nominatim.org/release-docs (output formats, ``jsonv2``), github.com/komoot/photon (GeoJSON properties),
github.com/pelias/documentation (``result_quality``: ``layer``, ``match_type``, ``accuracy``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.geocoding.domain.regions import postcode, state_code


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """A place as a remote geocoder describes it; "" where it says nothing.

    Attributes:
        interpolated: the service computed the point from neighbours instead of knowing the house.
    """

    lat: float
    lon: float
    label: str
    number: str
    street: str
    city: str
    postcode: str
    state: str
    interpolated: bool = False


def from_nominatim(raw: Mapping[str, Any]) -> RemotePlace:
    """Read one object of a Nominatim answer with ``addressdetails``.

    Raises:
        KeyError: it is no such thing.
    """
    address = raw["address"]
    city = next((address[kind] for kind in ("city", "town", "village", "hamlet", "suburb") if kind in address), "")
    region = address.get("ISO3166-2-lvl4", "").rpartition("-")[2] or address.get("state", "")
    return RemotePlace(
        lat=float(raw["lat"]),
        lon=float(raw["lon"]),
        label=raw["display_name"],
        number=address.get("house_number", ""),
        street=address.get("road", ""),
        city=city,
        postcode=postcode(address.get("postcode", "")) or "",
        state=state_code(region) or "",
    )


def from_photon(raw: Mapping[str, Any]) -> RemotePlace:
    """Read one feature of a Photon answer.

    Raises:
        KeyError: it is no such thing.
    """
    lon, lat = raw["geometry"]["coordinates"]
    found = raw["properties"]
    street = found.get("street") or (found.get("name", "") if found.get("type") == "street" else "")
    number = str(found.get("housenumber", ""))
    first = f"{number} {street}".strip()
    parts = (first, found.get("city", ""), found.get("state", ""), found.get("postcode", ""))
    return RemotePlace(
        lat=float(lat),
        lon=float(lon),
        label=", ".join(part for part in parts if part),
        number=number,
        street=street,
        city=found.get("city", ""),
        postcode=postcode(found.get("postcode", "")) or "",
        state=state_code(found.get("state", "")) or "",
    )


def from_pelias(raw: Mapping[str, Any]) -> RemotePlace:
    """Read one feature of a Pelias answer.

    Raises:
        KeyError: it is no such thing.
    """
    lon, lat = raw["geometry"]["coordinates"]
    found = raw["properties"]
    street = found.get("street") or (found.get("name", "") if found.get("layer") == "street" else "")
    return RemotePlace(
        lat=float(lat),
        lon=float(lon),
        label=found["label"],
        number=str(found.get("housenumber", "")),
        street=street,
        city=found.get("locality") or found.get("borough", ""),
        postcode=postcode(found.get("postalcode", "")) or "",
        state=state_code(found.get("region_a", "")) or "",
        interpolated="interpolated" in {found.get("match_type"), found.get("accuracy")},
    )
