"""Building an area's road graph: OSRM's own tools (MLD) from the ``osrm-bindings`` wheel, run one after the other."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.errors import RoundsError

BASE_NAME = "area.osrm"
"""Every file of a graph begins with this name; the engine is given the path of the (absent) file itself."""

METRO_BYTES = 64 * 2**20
METRO_CELLS = "64,256,1024,4096,16384"
"""Cells for extracts up to METRO_BYTES: a 500 × 500 table over Vancouver takes 0.7 s instead of OSRM's 3.9 s with its
own 128,4096,65536,2097152. Larger graphs keep OSRM's: cell ids of all levels must fit in 64 bits together."""

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is behind us, 0 to 1."""


class GraphError(RoundsError):
    """No road graph can be built from this extract; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class GraphSummary:
    """What was built.

    Attributes:
        size_bytes: of all its files together.
        seconds: the build took.
    """

    size_bytes: int
    seconds: float


def build_graph(extract: Path, target: Path, progress: Progress) -> GraphSummary:
    """Build the road graph of an OpenStreetMap extract.

    Args:
        extract: ``.osm.pbf``, ``.osm.bz2`` or ``.osm``.
        target: the folder to make; one that is there is replaced when the new one is complete.
        progress: told of every step.

    Raises:
        GraphError: the extract cannot be read or holds no road for cars, or the disk is full.
    """
    began = time.monotonic()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".graph-", dir=target.parent) as folder:
        graph = Path(folder) / target.name
        graph.mkdir()
        _run_tools(extract.resolve(), graph, progress)
        size = sum(file.stat().st_size for file in graph.iterdir())
        shutil.rmtree(target, ignore_errors=True)
        graph.rename(target)
    progress("Road graph", 1.0)
    return GraphSummary(size_bytes=size, seconds=time.monotonic() - began)


def osrm_home() -> Path:
    """Return the folder of the ``osrm`` package, found without loading its library into this process."""
    spec = find_spec("osrm")
    if spec is None or spec.origin is None:
        message = "The package osrm-bindings is not installed. Run `make setup`."
        raise GraphError(message)
    return Path(spec.origin).parent


def _run_tools(extract: Path, graph: Path, progress: Progress) -> None:
    base = str(graph / BASE_NAME)
    cells = ["--max-cell-sizes", METRO_CELLS] if extract.stat().st_size <= METRO_BYTES else []
    profile = str(Path(__file__).with_name("streets.lua"))
    progress("Road graph: streets", 0.0)
    _run(extract, "osrm-extract", "--profile", profile, "--output", base, str(extract))
    progress("Road graph: cells", 0.6)
    _run(extract, "osrm-partition", *cells, base)
    progress("Road graph: travel times", 0.8)
    _run(extract, "osrm-customize", base)


def _run(extract: Path, tool: str, *arguments: str) -> None:
    home = osrm_home()
    command = [str(home / "bin" / tool), "--verbosity", "ERROR", *arguments]
    profiles = str(home / "share" / "profiles" / "?.lua")
    finished = subprocess.run(  # noqa: S603 - the wheel's own tool, arguments as a list
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "LUA_PATH": f"{profiles};;"},
    )
    if finished.returncode != 0:
        raise GraphError(_sentence(extract, tool, finished.returncode, finished.stdout))


def _sentence(extract: Path, tool: str, returncode: int, output: str) -> str:
    if "No space left" in output:
        return f"The disk filled up while the road graph of {extract.name} was built. Make room and build again."
    if "no edges remaining" in output:
        return (
            f"{extract.name} holds no road that a car may use, so no travel times can be made from it. "
            "Take an extract that covers the streets of the area."
        )
    if tool == "osrm-extract" and "terminate called" in output:
        return (
            f"{extract.name} cannot be read as an OpenStreetMap extract ({_last_words(output)}): "
            "it is cut short, damaged or something else. Download it again."
        )
    return (
        f"{tool} gave up on {extract.name} with exit code {returncode} ({_last_words(output)}). "
        "Check the extract with `osmium fileinfo`, or try another one."
    )


def _last_words(output: str) -> str:
    """Return what a tool said of its failure, without its time stamps and source lines."""
    said = [line.strip() for line in output.splitlines() if line.strip()]
    reasons = [line for line in said if "what():" in line or "[error]" in line] or said or ["it said nothing"]
    return re.sub(r"^(\[[^\]]*\]\s*)*(what\(\):\s*)?", "", reasons[-1]).rstrip(".")
