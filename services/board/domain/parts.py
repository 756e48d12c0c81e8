"""A day cut into named parts for the stream: only those that changed are sent.

Times are seconds since 1970, points ``[lon, lat]`` as on the map.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from services.board.domain.view import DayView, ReviewView, RouteView, StopView, UnassignedView
from shared.events.values import GeoPoint

type Parts = Mapping[str, Any]
"""``route:<shift>`` for each route, ``unassigned:<visit>`` and ``review:<visit>`` for each open visit."""


def parts(view: DayView) -> Parts:
    """Return the whole day in parts."""
    return {
        **{f"route:{route.shift_id}": _route(route) for route in view.routes},
        **{f"unassigned:{visit.visit_id}": _unassigned(visit) for visit in view.unassigned},
        **{f"review:{visit.visit_id}": _review(visit) for visit in view.review},
    }


def changes(before: Parts, after: Parts) -> dict[str, Any]:
    """Return the parts that are new or other than before, and None for those that are gone."""
    gone: dict[str, Any] = {name: None for name in before if name not in after}
    return gone | {name: part for name, part in after.items() if before.get(name) != part}


def _route(route: RouteView) -> dict[str, Any]:
    return {
        "id": str(route.shift_id),
        "ref": route.nurse_ref,
        "nurse": route.nurse,
        "colour": route.colour,
        "shift": [_seconds(instant) for instant in route.shift] if route.shift else None,
        "start": _lon_lat(route.start_point),
        "last": _lon_lat(route.last_known),
        "geometry": route.geometry,
        "stops": [_stop(stop) for stop in route.stops],
    }


def _stop(stop: StopView) -> dict[str, Any]:
    return {
        "kind": stop.kind.value,
        "number": stop.number,
        "at": _lon_lat(stop.point),
        "arrival": _seconds(stop.arrival),
        "start": _seconds(stop.start),
        "end": _seconds(stop.end),
        "drive": round(stop.drive.total_seconds()),
        "status": stop.status.value if stop.status else None,
    }


def _unassigned(visit: UnassignedView) -> dict[str, Any]:
    return {"id": str(visit.visit_id), "at": _lon_lat(visit.point), "reason": visit.reason}


def _review(visit: ReviewView) -> dict[str, Any]:
    return {"id": str(visit.visit_id), "reason": visit.reason.value, "candidates": visit.candidates}


def _seconds(instant: dt.datetime) -> int:
    return round(instant.timestamp())


def _lon_lat(point: GeoPoint | None) -> list[float] | None:
    return [round(point.lon, 6), round(point.lat, 6)] if point else None
