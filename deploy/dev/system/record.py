"""What runs, on record: so that ``down`` ends exactly that, also when the supervisor is no more."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

SAME_START_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Known:
    """A process that we started.

    Attributes:
        started: when, by the system's clock: the same number with another start is somebody else's process.
    """

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Known":
        """Return what identifies a process that runs."""
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """Return the process, None when it has ended."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < SAME_START_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True, slots=True)
class Record:
    """The processes of a system.

    Attributes:
        supervisor: who watches the others.
        rooms: by name.
        servers: Kafka and PostgreSQL, in the order in which they end.
        ready: whether all rooms took work once.
        failure: why the supervisor gave up.
    """

    supervisor: Known
    rooms: Mapping[str, Known] = field(default_factory=dict)
    servers: Mapping[str, Known] = field(default_factory=dict)
    ready: bool = False
    failure: str = ""

    @property
    def runs(self) -> bool:
        """Whether the supervisor lives."""
        return self.supervisor.process() is not None


def write(file: Path, record: Record) -> None:
    """Put a record in place of the one before, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(record), indent=1))
    draft.replace(file)


def read(file: Path) -> Record | None:
    """Return the record there is."""
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return Record(
        Known(**found["supervisor"]),
        {name: Known(**known) for name, known in found["rooms"].items()},
        {name: Known(**known) for name, known in found["servers"].items()},
        found["ready"],
        found["failure"],
    )


def end_leftovers(record: Record, seconds: float) -> None:
    """End what a supervisor left that was killed itself: the rooms first, then one server after the other.

    Args:
        record: what it had started.
        seconds: how long each step may take before it is killed.
    """
    for step in (list(record.rooms.values()), *([server] for server in record.servers.values())):
        living = [process for known in step if (process := known.process())]
        for process in living:
            process.terminate()
        _, late = psutil.wait_procs(living, timeout=seconds)
        for process in late:
            process.kill()
        psutil.wait_procs(late)
