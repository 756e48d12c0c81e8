import asyncio
import random

import numpy as np
import pytest

from services.routing.travel.cache import CachedTravel, PairSquare, uncovered
from services.routing.travel.port import Point
from services.routing.travel.straight_line import StraightLine
from shared.events.ids import AreaId
from tests.routing_travel.conftest import CountingSource

AREA = AreaId("town")
PLACES = [Point(round(40 + n * 0.001, 5), -83.0) for n in range(60)]


async def test_the_same_question_is_asked_of_the_source_once(counting: CountingSource) -> None:
    travel = CachedTravel(counting, lambda _: "1")
    first = await travel.matrix(AREA, PLACES)
    second = await travel.matrix(AREA, PLACES)
    assert counting.asked == [3600]
    assert (first.seconds == second.seconds).all()
    assert second.estimated.all()


async def test_one_more_place_costs_one_row_and_one_column(counting: CountingSource) -> None:
    travel = CachedTravel(counting, lambda _: "1")
    await travel.matrix(AREA, PLACES[:50])
    answer = await travel.matrix(AREA, PLACES[:51])
    assert counting.asked == [2500, 51, 50]
    assert (answer.metres == StraightLine().estimate(PLACES[:51], PLACES[:51]).metres).all()


async def test_a_place_that_moves_by_less_than_a_metre_is_the_same_place(counting: CountingSource) -> None:
    travel = CachedTravel(counting, lambda _: "1")
    await travel.matrix(AREA, PLACES[:2])
    await travel.matrix(AREA, [PLACES[0], Point(PLACES[1].lat + 0.000004, PLACES[1].lon)])
    assert counting.asked == [4]


async def test_a_map_built_again_makes_everything_unknown(counting: CountingSource) -> None:
    versions = iter(["1", "1", "2"])
    travel = CachedTravel(counting, lambda _: next(versions))
    for _ in range(3):
        await travel.matrix(AREA, PLACES[:10])
    assert counting.asked == [100, 100]


async def test_areas_do_not_share_figures(counting: CountingSource) -> None:
    travel = CachedTravel(counting, lambda _: "1")
    await travel.matrix(AreaId("east"), PLACES[:3])
    await travel.matrix(AreaId("west"), PLACES[:3])
    assert counting.asked == [9, 9]


async def test_a_question_with_too_many_places_is_answered_and_not_kept(counting: CountingSource) -> None:
    travel = CachedTravel(counting, lambda _: "1", most_places=5)
    for _ in range(2):
        assert (await travel.matrix(AREA, PLACES[:6])).shape == (6, 6)
    assert counting.asked == [36, 36]


async def test_the_longest_unused_place_makes_room(counting: CountingSource) -> None:
    travel = CachedTravel(counting, lambda _: "1", most_places=3)
    await travel.matrix(AREA, PLACES[0:3])
    await travel.matrix(AREA, PLACES[0:2])
    await travel.matrix(AREA, PLACES[3:4])  # the third of the first three goes
    counting.asked.clear()
    await travel.matrix(AREA, PLACES[0:2])
    assert counting.asked == []
    await travel.matrix(AREA, PLACES[2:3])
    assert counting.asked == [1]


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_was_asked_before_the_answer_is_the_source_s(seed: int, counting: CountingSource) -> None:
    rng = random.Random(seed)  # noqa: S311 - no secret
    travel = CachedTravel(counting, lambda _: "1", most_places=30)
    for _ in range(40):
        origins, destinations = (rng.choices(PLACES, k=rng.randrange(16)) for _ in range(2))
        answer = await travel.matrix(AREA, origins, destinations)
        expected = StraightLine().estimate(origins, destinations)
        assert (answer.seconds == expected.seconds).all()
        assert (answer.metres == expected.metres).all()


async def test_questions_that_overlap_in_time_do_not_spoil_each_other(counting: CountingSource) -> None:
    travel = CachedTravel(counting, lambda _: "1", most_places=20)
    answers = await asyncio.gather(*(travel.matrix(AREA, PLACES[start : start + 20]) for start in range(0, 40, 3)))
    for start, answer in zip(range(0, 40, 3), answers, strict=True):
        expected = StraightLine().estimate(PLACES[start : start + 20], PLACES[start : start + 20])
        assert (answer.seconds == expected.seconds).all()


def test_the_square_holds_no_more_places_than_it_may() -> None:
    square = PairSquare(most=10)
    for place in PLACES:
        square.write([place], [place], StraightLine().estimate([place], [place]))
    assert len(square) == 10


def test_what_is_missing_is_covered_once_or_more_and_what_is_known_mostly_left() -> None:
    missing = np.zeros((6, 6), dtype=np.bool_)
    missing[5, :] = missing[:, 5] = True
    assert [(rows.tolist(), columns.tolist()) for rows, columns in uncovered(missing)] == [
        ([5], [0, 1, 2, 3, 4, 5]),
        ([0, 1, 2, 3, 4], [5]),
    ]


def test_nothing_missing_means_nothing_to_ask() -> None:
    assert list(uncovered(np.zeros((4, 4), dtype=np.bool_))) == []
