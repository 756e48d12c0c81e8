"""Building an area: road graph, address index and basemap from one extract, all of them or nothing.

A build is made in a folder of its own below ``areas/.builds``; when all of it is there, the manifest last, the link
``areas/<id>`` is turned to it in one step. A running system that has the old files open keeps them till it looks again.
"""

import difflib
import errno
import fcntl
import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import available_timezones

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from services.board.basemap import build_basemap
from services.geocoding.index.build import IndexSummary, build_address_index
from services.routing.travel.graph import build_graph
from shared.areas import MANIFEST, Area, area_dir
from shared.clock import new_id, utc_now
from shared.errors import RoundsError
from shared.events.ids import AreaId

ID_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_ID = 40
ROOM_NEEDED = "about 30 times the size of the extract"
"""Measured: Vancouver's 3 MB become 50 MB, and twice the shapes lie about while tiles are made."""

Progress = Callable[[str, float], None]
"""Told what is being done, ``job: step``, and how much of that is behind us, 0 to 1; from several threads."""


class AreaError(RoundsError):
    """The area cannot be built; the message says why and what to do. What was there before is untouched."""


def build_area(extract: Path, area_id: str, name: str, timezone: str, data_dir: Path, progress: Progress) -> Area:
    """Build an area, or build it again.

    Args:
        extract: an OpenStreetMap extract, ``.osm.pbf``.
        area_id: lower case letters, digits and hyphens; names the area in URLs and keys.
        name: what people call it.
        timezone: IANA name.
        data_dir: holds the areas.
        progress: told of every step of the three jobs, which run at the same time.

    Raises:
        RoundsError: an argument or the extract cannot be used, or the disk is full; nothing half-built is left.
    """
    _check(extract, area_id, timezone)
    with _full_disk_in_words(data_dir), _alone(data_dir, area_id) as builds:
        folder = builds / f"{area_id}@{new_id().hex}"
        try:
            folder.mkdir()
            index = _build_parts(extract, folder, progress)
            area = Area(
                id=AreaId(area_id),
                name=name,
                timezone=timezone,
                bbox=index.bbox,
                source=extract.name,
                source_sha256=_digest(extract),
                built_at=utc_now(),
                addresses=index.addresses,
                streets=index.streets,
                states=index.states,
                cities=index.cities,
                postcodes=index.postcodes,
            )
            (folder / MANIFEST).write_text(area.model_dump_json(indent=2), encoding="utf-8")
            _put_in_place(folder, area_dir(data_dir, area.id))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return area


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Give a progress function that draws a bar for each job on standard error."""
    columns = (TextColumn("{task.description:<45}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        rows: dict[str, TaskID] = {}

        def show(what: str, share: float) -> None:
            job = what.partition(":")[0]
            if job not in rows:
                rows[job] = bars.add_task(job, total=1.0)
            bars.update(rows[job], description=what, completed=share)

        yield show


def _check(extract: Path, area_id: str, timezone: str) -> None:
    if not ID_PATTERN.fullmatch(area_id) or len(area_id) > LONGEST_ID:
        message = (
            f"{area_id!r} cannot be an area's id. Use up to {LONGEST_ID} lower case letters, digits and single "
            "hyphens, such as queens-ny."
        )
        raise AreaError(message)
    zones = available_timezones()
    if timezone not in zones:
        close = difflib.get_close_matches(timezone, zones, n=1)
        hint = f"Did you mean {close[0]}?" if close else "Use a name such as America/New_York."
        message = f"{timezone!r} is not an IANA time zone. {hint}"
        raise AreaError(message)
    if not extract.is_file():
        message = f"There is no extract at {extract}. Give the path of an .osm.pbf file."
        raise AreaError(message)
    if extract.stat().st_size == 0:
        message = f"{extract} is empty. Download the extract again."
        raise AreaError(message)


def _build_parts(extract: Path, folder: Path, progress: Progress) -> IndexSummary:
    """Build the three parts at the same time; if several fail, the address index's reason comes first."""
    with ThreadPoolExecutor(max_workers=3, thread_name_prefix="area") as pool:
        index = pool.submit(
            build_address_index,
            extract,
            folder / "addresses.sqlite",
            lambda step, share: progress(f"Address index: {step}", share),
        )
        others = (
            pool.submit(build_graph, extract, folder / "graph", progress),
            pool.submit(build_basemap, extract, folder / "basemap.pmtiles", progress),
        )
        summary = index.result()
        for part in others:
            part.result()
    return summary


def _put_in_place(folder: Path, place: Path) -> None:
    """Turn the area's link to a finished build and remove the one before."""
    before = place.resolve() if place.is_symlink() else None
    if before is None and place.exists():  # restored from a copy that followed links
        before = place.rename(folder.with_name(f"{folder.name}.before"))
    link = folder.with_name(f"{folder.name}.link")
    link.symlink_to(folder.relative_to(place.parent), target_is_directory=True)
    link.replace(place)
    if before is not None:
        shutil.rmtree(before, ignore_errors=True)


@contextmanager
def _alone(data_dir: Path, area_id: str) -> Iterator[Path]:
    """Give the folder of builds while no other process builds the same area; clear away what a crash has left there."""
    builds = data_dir / "areas" / ".builds"
    builds.mkdir(parents=True, exist_ok=True)
    with (builds / f"{area_id}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"The area {area_id} is being built by another process. Wait until it has finished."
            raise AreaError(message) from error
        current = area_dir(data_dir, AreaId(area_id)).resolve()
        for left in builds.glob(f"{area_id}@*"):
            if left.is_symlink():
                left.unlink()
            elif left != current:
                shutil.rmtree(left, ignore_errors=True)
        yield builds


@contextmanager
def _full_disk_in_words(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        full = getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or "disk is full" in str(error)
        if full:
            message = f"The disk that holds {data_dir} is full. Make room, {ROOM_NEEDED}, and build again."
        else:
            message = f"The area cannot be written below {data_dir}: {error}."
        raise AreaError(message) from error


def _digest(extract: Path) -> str:
    with extract.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
