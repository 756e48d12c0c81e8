"""``make demo`` in a fresh clone: cold, with nothing installed and no package cached, then warm. Needs the network."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.finding import Finding, show

ROOT = Path(__file__).parents[2]
COLD_SECONDS, WARM_SECONDS = 300.0, 40.0
COMMAND = ("make", "demo", "ONCE=1", "PORT=0")


def main() -> Sequence[Finding]:
    """Clone what is committed, run the demonstration three times, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "rounds"
        began = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)  # noqa: S603, S607 - our own tree
        cold, result = _demo(clone, Path(folder), began)
        warm, _ = _demo(clone, Path(folder), time.monotonic())
        again, _ = _demo(clone, Path(folder), time.monotonic(), "DATA_DIR=.data-new")
    came = ", ".join(f"{value} {name}" for name, value in result.items() if name != "reasons")
    findings = [
        Finding("make demo, fresh clone, cold", f"{cold:.0f} s", f"< {COLD_SECONDS:.0f} s", cold < COLD_SECONDS),
        Finding("make demo, once more", f"{warm:.0f} s", f"< {WARM_SECONDS:.0f} s", warm < WARM_SECONDS),
        Finding("make demo, installed, with a new data directory", f"{again:.0f} s"),
        Finding("the cold one said", came),
    ]
    show("The demonstration", findings)
    return findings


def _demo(clone: Path, scratch: Path, began: float, *more: str) -> tuple[float, dict[str, object]]:
    """Run it; return the seconds since ``began`` and what it said in its last line."""
    caches = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", "npm_config_cache": "npm"}
    environment = {**os.environ, **{name: str(scratch / folder) for name, folder in caches.items()}}
    done = subprocess.run(  # noqa: S603 - our own Makefile
        [*COMMAND, *more], cwd=clone, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return time.monotonic() - began, json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
