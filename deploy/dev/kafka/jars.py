"""The jars of a Kafka broker: fetched once by Maven, kept in the user's cache."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.dev.unavailable import Unavailable

VERSION = "4.4.0"
HERE = Path(__file__).parent
FETCH_SECONDS = 300


def jars() -> Path:
    """Return the folder of jars, after fetching them if they are not there.

    Processes that ask at the same time wait for the first of them.

    Raises:
        Unavailable: Java or Maven is missing, or Maven could not fetch.
    """
    if shutil.which("java") is None:
        raise Unavailable("There is no Java for a Kafka broker (Debian: apt install default-jre-headless maven).")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rounds"
    folder = cache / f"kafka-{VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"kafka-{VERSION}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("There is no Maven to fetch Kafka with (Debian: apt install maven).")
    with TemporaryDirectory(dir=folder.parent) as scratch:  # a fetch that broke off leaves no half folder behind
        shutil.copy(HERE / "pom.xml", scratch)
        command = [maven, "-q", "-B", f"-Dkafka.version={VERSION}", "dependency:copy-dependencies"]
        try:
            subprocess.run(  # noqa: S603 - no argument comes from outside
                [*command, "-DoutputDirectory=jars", "-DincludeScope=runtime"],
                cwd=scratch,
                check=True,
                timeout=FETCH_SECONDS,
                capture_output=True,
                text=True,
            )
        except subprocess.CalledProcessError as error:
            lines = [line for line in error.stdout.splitlines() if "ERROR" in line] or [str(error)]
            raise Unavailable(f"Maven could not fetch Kafka {VERSION}: {lines[0]}") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"Maven did not fetch Kafka {VERSION} within {FETCH_SECONDS} s.") from error
        (Path(scratch) / "jars").rename(folder)
