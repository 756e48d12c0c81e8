"""kill -9 at every point of the way, then a restart: nothing acknowledged is lost, nothing takes effect twice."""

import multiprocessing
import signal
from pathlib import Path

import pytest

from tests.contract.conditions import running, until
from tests.contract.conftest import ADAPTERS, HANDLES, write_kafka_file
from tests.contract.drill import POINTS, VISITS, forget, live_until_killed
from tests.contract.room import TinyRoom, doubles, fact

LAST = 1_000
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.contract.drill"])


@pytest.fixture
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Prepare the folder for an adapter and return its name."""
    if request.param == "kafka":
        write_kafka_file(tmp_path, request.getfixturevalue("kafka_cluster"), instance="drill")
    return str(request.param)


def crash(adapter: str, folder: Path, point: str, passes: int, *, remember: bool = True) -> None:
    """Run the drill in a process and see it killed."""
    process = PROCESSES.Process(target=live_until_killed, args=(adapter, folder, point, passes, remember))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


async def recover(adapter: str, folder: Path, *, remember: bool = True) -> list[tuple[str, str, int]]:
    """Start again where the killed process was, work everything off, and return the effects.

    A last event of every visit closes its lane: when it took effect, all before it had their turn.
    """
    room = TinyRoom.at(folder / "room.sqlite")
    if not remember:
        forget(room.inbox)
    bus = HANDLES[adapter](folder)
    await bus.start()
    last = await room.say(*(fact(visit, LAST) for visit in range(VISITS)))

    async def closed() -> bool:
        return set(last) <= {event_id for event_id, _, _ in await room.effects()}

    async with running(room.relay(bus).run, room.consumer(bus).run):
        await until(closed)
    effects = await room.effects()
    await bus.stop()
    await room.db.close()
    return effects


def versions(effects: list[tuple[str, str, int]]) -> dict[str, list[int]]:
    """Return the versions that took effect, by key, in order."""
    found: dict[str, list[int]] = {}
    for _, key, version in effects:
        found.setdefault(key, []).append(version)
    return found


@pytest.mark.parametrize("adapter", ADAPTERS, indirect=True)
@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path, adapter: str, point: str) -> None:
    crash(adapter, tmp_path, point, passes=4)
    effects = await recover(adapter, tmp_path)
    acknowledged = set((tmp_path / "acknowledged").read_text().split())
    assert acknowledged
    assert acknowledged <= {event_id for event_id, _, _ in effects}
    assert doubles(effects) == []
    for seen in versions(effects).values():
        assert seen == [*range(1, len(seen)), LAST]


@pytest.mark.parametrize("adapter", ADAPTERS, indirect=True)
async def test_a_second_kill_during_the_recovery_changes_nothing(tmp_path: Path, adapter: str) -> None:
    crash(adapter, tmp_path, "consumer before offset", passes=2)
    crash(adapter, tmp_path, "relay after send", passes=1)
    crash(adapter, tmp_path, "consumer after effect", passes=1)
    effects = await recover(adapter, tmp_path)
    assert set((tmp_path / "acknowledged").read_text().split()) <= {event_id for event_id, _, _ in effects}
    assert doubles(effects) == []


@pytest.mark.parametrize("adapter", ADAPTERS, indirect=True)
async def test_kills_from_outside_at_any_moment_lose_and_double_nothing(tmp_path: Path, adapter: str) -> None:
    receipts = tmp_path / "acknowledged"
    receipts.touch()
    for more in (5, 17, 29, 3):
        enough = len(receipts.read_text().split()) + more
        process = PROCESSES.Process(target=live_until_killed, args=(adapter, tmp_path, "no point at all", 1, True))
        process.start()

        async def said(enough: int = enough) -> bool:
            return len(receipts.read_text().split()) >= enough

        await until(said)
        process.kill()
        process.join(30)
        assert process.exitcode == -signal.SIGKILL
    effects = await recover(adapter, tmp_path)
    assert set(receipts.read_text().split()) <= {event_id for event_id, _, _ in effects}
    assert doubles(effects) == []


@pytest.mark.parametrize("adapter", ADAPTERS, indirect=True)
@pytest.mark.parametrize("point", ["consumer before offset", "relay after send"])
async def test_control_without_an_inbox_the_drill_finds_the_doubles(tmp_path: Path, adapter: str, point: str) -> None:
    crash(adapter, tmp_path, point, passes=4, remember=False)
    assert doubles(await recover(adapter, tmp_path, remember=False))
