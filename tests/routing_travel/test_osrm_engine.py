import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.routing.travel.graph import build_graph
from services.routing.travel.graphs import Graph
from services.routing.travel.osrm_child import tiles
from services.routing.travel.osrm_engine import OsrmEngine
from services.routing.travel.port import Point, TravelError
from tests.routing_travel.conftest import Town

ROOT = Path(__file__).parents[2]


async def test_a_way_has_seconds_and_metres_for_each_leg(engine: OsrmEngine, town: Town) -> None:
    way = await engine.route(town.graph, [town.corner(2, 0), town.corner(2, 1), town.corner(4, 1)])
    assert way is not None
    assert way.metres == pytest.approx((221, 445), abs=3)
    assert len(way.seconds) == 2
    assert all(way.seconds)


async def test_the_nearest_place_on_a_road_and_how_far_it_is(engine: OsrmEngine, town: Town) -> None:
    snap = await engine.nearest(town.graph, Point(40.0045, -83.0 + 0.0013))
    assert snap.point == pytest.approx((40.004, -82.9987), abs=1e-5)
    assert snap.metres == pytest.approx(56, abs=1)


async def test_a_narrow_table_asked_in_batches_equals_the_wide_one(engine: OsrmEngine, town: Town) -> None:
    many = [Point(40.0 + n * 0.00007, -83.0 + (n * 7 % 130) * 0.0001) for n in range(130)]
    few = [town.corner(1, 1), town.corner(4, 5)]
    wide = await engine.table(town.graph, [*few, *few], many)
    narrow = await engine.table(town.graph, few, many)
    assert (narrow.seconds == wide.seconds[:2]).all()
    assert (narrow.metres == wide.metres[:2]).all()
    assert narrow.destination_gaps == pytest.approx(wide.destination_gaps)
    tall = await engine.table(town.graph, many, few)
    assert (tall.metres == (await engine.table(town.graph, many, [*few, *few])).metres[:, :2]).all()


def test_the_parts_of_a_large_table_are_bounded_and_cover_it_once() -> None:
    points = [(-83.0, 40.0)] * 1200
    parts = list(tiles(points, points))
    assert max(len(rows) * len(columns) for rows, columns in parts) <= 250_000
    assert sum(len(rows) * len(columns) for rows, columns in parts) == 1200 * 1200


async def test_a_process_that_dies_fails_its_question_and_the_next_one_is_answered(
    engine: OsrmEngine, town: Town
) -> None:
    await engine.start()
    first = engine.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    question = asyncio.create_task(engine.nearest(town.graph, town.corner(0, 0)))
    await asyncio.sleep(0)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(TravelError, match="ended with exit code -9"):
        await question
    assert (await engine.nearest(town.graph, town.corner(0, 0))).metres == pytest.approx(0, abs=0.1)
    assert engine.pid not in {None, first}


async def test_a_stuck_process_is_replaced(town: Town) -> None:
    engine = OsrmEngine(timeout=0.2)
    await engine.start()
    stuck = engine.pid
    assert stuck is not None
    os.kill(stuck, signal.SIGSTOP)
    with pytest.raises(TravelError, match="no answer within"):
        await engine.nearest(town.graph, town.corner(0, 0))
    await engine.stop()
    assert not psutil.pid_exists(stuck)


async def test_the_loop_goes_on_while_a_question_waits(engine: OsrmEngine, town: Town) -> None:
    await engine.start()
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGSTOP)
    question = asyncio.create_task(engine.nearest(town.graph, town.corner(0, 0)))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not question.done()
    os.kill(engine.pid, signal.SIGCONT)
    assert (await question).metres == pytest.approx(0, abs=0.1)


async def test_a_question_given_up_does_not_disturb_the_next(engine: OsrmEngine, town: Town) -> None:
    await engine.start()
    questions = [asyncio.create_task(engine.route(town.graph, town.corners)) for _ in range(5)]
    await asyncio.sleep(0)
    for question in questions[::2]:
        question.cancel()
    corner = await engine.nearest(town.graph, town.corner(5, 5))
    assert corner.point == pytest.approx((40.01, -82.987), abs=1e-5)
    answers = await asyncio.gather(*questions, return_exceptions=True)
    assert [isinstance(answer, asyncio.CancelledError) for answer in answers] == [True, False, True, False, True]


async def test_questions_at_once_get_each_its_own_answer(engine: OsrmEngine, town: Town) -> None:
    snaps = await asyncio.gather(*(engine.nearest(town.graph, corner) for corner in town.corners))
    for corner, snap in zip(town.corners, snaps, strict=True):
        assert snap.point == pytest.approx((corner.lat, corner.lon), abs=1e-5)


async def test_a_process_that_cannot_be_started_is_a_travel_error(
    engine: OsrmEngine, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TravelError, match="could not be started"):
        await engine.nearest(town.graph, town.corner(0, 0))


async def test_a_graph_that_is_not_there_is_a_travel_error(engine: OsrmEngine, town: Town, tmp_path: Path) -> None:
    with pytest.raises(TravelError, match="OSRM could not answer"):
        await engine.nearest(Graph(str(tmp_path / "area.osrm"), "1"), town.corner(0, 0))


async def test_a_graph_built_again_is_opened_again(engine: OsrmEngine, town: Town, tmp_path: Path) -> None:
    base = tmp_path / "graph" / "area.osrm"
    build_graph(town.extract, base.parent, lambda *_: None)
    assert (await engine.nearest(Graph(str(base), "1"), town.island)).metres == pytest.approx(0, abs=1)
    shutil.rmtree(base.parent)
    assert (await engine.nearest(Graph(str(base), "1"), town.island)).metres == pytest.approx(0, abs=1)
    with pytest.raises(TravelError):
        await engine.nearest(Graph(str(base), "2"), town.island)


async def test_it_can_be_stopped_twice_and_asked_again(town: Town) -> None:
    engine = OsrmEngine()
    await engine.stop()
    await engine.nearest(town.graph, town.corner(0, 0))
    await engine.stop()
    await engine.stop()
    assert engine.pid is None
    await engine.nearest(town.graph, town.corner(0, 0))
    await engine.stop()


def test_the_process_ends_with_its_parent_even_when_that_is_killed() -> None:
    program = (
        "import asyncio\n"
        "from services.routing.travel.osrm_engine import OsrmEngine\n"
        "async def main():\n"
        "    engine = OsrmEngine()\n"
        "    await engine.start()\n"
        "    print(engine.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(  # noqa: S603 - this interpreter and the program above
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    child.wait(timeout=10)
    assert not child.is_running()
