"""A map, nurses and, if wanted, bookings for a system that has just been started."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from services.area import shown_progress
from services.demo import DemoDay, DemoWish, bring_nurses, prepare, walk_through, write_files
from services.demo_cli import shown_bars
from shared.areas import load_areas
from shared.client import found_system
from shared.clock import utc_now


def prepared(data: Path, extract: Path | None) -> DemoDay | None:
    """Make the area, if there is none yet or a city was named; None where somebody has built areas of their own.

    Raises:
        RoundsError: the extract cannot be used.
    """
    sample_only = not (set(load_areas(data)) - {"harlan-mills-oh"})
    if extract is None and not sample_only:
        return None
    with shown_progress() as progress:
        return prepare(data, DemoWish(extract), progress, utc_now())


def furnish_day(data: Path, day: DemoDay, *, with_bookings: bool, say: Callable[[str], None]) -> None:
    """Bring in tomorrow's nurses, and bookings if wanted; what is there already stays as it is.

    Raises:
        RoundsError: the system refused something.
    """
    asyncio.run(_furnish_day(data, day, with_bookings=with_bookings, say=say))


async def _furnish_day(data: Path, day: DemoDay, *, with_bookings: bool, say: Callable[[str], None]) -> None:
    wish = DemoWish()
    async with AsyncExitStack() as stack:
        clients = {
            room: await stack.enter_async_context(httpx.AsyncClient(base_url=urls[0], timeout=60))
            for room, urls in found_system(data).rooms.items()
        }
        with shown_bars() as bars:
            if with_bookings:
                result = await walk_through(clients.__getitem__, day, wish, data, bars)
                say(f"{result.assigned} of {result.bookings} bookings have a place in tomorrow's routes.")
            else:
                await bring_nurses(clients.__getitem__, await write_files(clients.__getitem__, day, wish, data), bars)
                say(f"There are {wish.nurses} nurses for {day.date}; sample bookings to import: {_files(data, day)}.")


def _files(data: Path, day: DemoDay) -> Path:
    return data / "sample" / f"{day.area.id}-{day.date}" / "bookings.csv"
