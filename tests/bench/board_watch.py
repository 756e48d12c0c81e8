"""The board's stream as a page follows it: what stands on the map now."""

import asyncio
import json
from typing import Any

import httpx


class BoardWatch:
    """One open board.

    Attributes:
        parts: what the stream told, as the page keeps it.
        moved: set with every message that changed something.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Any] = {}
        self.moved = asyncio.Event()

    @property
    def stops(self) -> int:
        """How many visits stand on routes."""
        routes = (part for name, part in self.parts.items() if name.startswith("route:"))
        return sum(stop["kind"] == "visit" for route in routes for stop in route["stops"])

    async def follow(self, client: httpx.AsyncClient, path: str) -> None:
        """Read the stream until cancelled, or until the system ends it."""
        name, data = "", ""
        async with client.stream("GET", path, timeout=None) as reply:
            reply.raise_for_status()
            async for line in reply.aiter_lines():
                field, _, value = line.partition(": ")
                match field:
                    case "event":
                        name = value
                    case "data":
                        data += value
                    case "":
                        self._take(name, data)
                        name, data = "", ""

    def _take(self, name: str, data: str) -> None:
        if name != "day":
            return
        said = json.loads(data)
        if said["whole"]:
            self.parts.clear()
        for part, content in said["parts"].items():
            if content is None:
                self.parts.pop(part, None)
            else:
                self.parts[part] = content
        self.moved.set()
