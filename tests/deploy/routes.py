"""Every path the rooms answer, as people and booking systems ask for it."""

import re
from collections.abc import Iterator
from importlib import import_module

from fastapi import APIRouter
from fastapi.routing import APIRoute

ROOMS = ("booking", "geocoding", "routing", "dispatch", "board", "nurse_app")
EXAMPLE = re.compile(r"\{[^}]+\}")


def public_paths() -> dict[str, set[str]]:
    """Return the rooms that answer each path; its parameters are filled in with ``x``, internal ones are left out."""
    found: dict[str, set[str]] = {}
    for room in ROOMS:
        routers: list[object] = []
        for value in vars(import_module(f"services.{room}.api")).values():
            routers += value if isinstance(value, list | tuple) else [value]
        found[f"/v1/{room}/trace/x"] = {room}  # the router of shared/observability/following.py
        for router in routers:
            if isinstance(router, APIRouter):
                for path in _paths(router):
                    found.setdefault(EXAMPLE.sub("x", path), set()).add(room)
    return {path: rooms for path, rooms in found.items() if not path.startswith("/internal/")}


def _paths(router: APIRouter) -> Iterator[str]:
    """Give every path of a router and of those it includes, which no router of the rooms does under a prefix."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route.path or "/"
        else:
            yield from _paths(route.original_router)  # type: ignore[attr-defined] # FastAPI's own, without a public type
