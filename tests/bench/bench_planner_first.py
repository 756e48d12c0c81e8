"""The planner on 500 visits and 40 nurses with breaks: ``python -m tests.bench.bench_planner_first``.

Prints the whole day with several efforts, the last the default, the same day as one OR-Tools model for a minute, and
re-planning: one visit cancelled, one added, one nurse sick. Whole days are in CPU seconds of the one thread that plans,
re-planning is in wall-clock time.
"""

from dataclasses import replace
from statistics import median
from time import process_time

from services.routing.domain.plan import Plan
from services.routing.domain.problem import Problem
from services.routing.domain.schedule import Scheduler
from services.routing.solver.draft import Draft
from services.routing.solver.effort import Effort
from services.routing.solver.model import Search, solve
from services.routing.solver.planner import Result, orders_of, plan
from services.routing.solver.replanning import replan
from tests.routing.days import Sizes, random_day

_VISITS, _NURSES, _SEED = 500, 40, 1
_SAMPLES = 40
_WHOLE_S = 60.0


def _row(what: str, made: Plan, seconds: float) -> None:
    planned = sum(len(route.planned) for route in made.routes)
    drive = sum(route.drive_s for route in made.routes) / 60 / max(1, planned)
    print(
        f"{what:44} {seconds:8.2f} s   {made.price.total / 100:10.2f}   {len(made.unassigned):4} left out   "
        f"{drive:5.2f} min drive a visit"
    )


def _solved(problem: Problem, rounds: int) -> Plan:
    began = process_time()
    result = plan(problem, Effort(rounds, cap_s=1_000), _SEED)
    _row(f"whole day, {result.rounds} rounds", result.plan, process_time() - began)
    return result.plan


def _solved_as_one_model(problem: Problem) -> None:
    draft = Draft(Scheduler(problem), {})
    draft.fit()
    orders = {shift_id: route.planned for shift_id, route in draft.routes.items()}
    began = process_time()
    found = solve(draft.scheduler, orders, draft.left_out, Search(None, _WHOLE_S))
    seconds = process_time() - began
    if found is not None:
        draft.improve_by(found)
    print(f"{'one OR-Tools model from there on':44} {seconds:8.2f} s   {draft.price.total / 100:10.2f}")


def _timed(what: str, results: list[Result], before: Plan) -> None:
    times = sorted(result.seconds * 1000 for result in results)
    moved = [
        sum(orders_of(before)[shift] != order for shift, order in orders_of(result.plan).items()) for result in results
    ]
    print(
        f"{what:44} p50 {median(times):6.0f} ms   p95 {times[int(0.95 * len(times))]:6.0f} ms   "
        f"max {times[-1]:6.0f} ms   routes changed {median(moved):.0f} (at most {max(moved)})"
    )


def _replanned(problem: Problem, made: Plan) -> None:
    step = len(problem.visits) // _SAMPLES
    sample = problem.visits[::step][:_SAMPLES]
    cancelled, added = [], []
    for gone in sample:
        fewer = replace(problem, visits=tuple(visit for visit in problem.visits if visit != gone))
        cancelled.append(replan(fewer, made, (), Effort(), _SEED))
        added.append(replan(problem, cancelled[-1].plan, (gone.id,), Effort(), _SEED))
    _timed("one visit cancelled", cancelled, made)
    _timed("the same visit added again", added, made)
    for sick in problem.shifts[:3]:
        rest = replace(problem, shifts=tuple(shift for shift in problem.shifts if shift != sick))
        result = replan(rest, made, (), Effort(rounds=10), _SEED)
        _row("one nurse sick", result.plan, result.seconds)


def main() -> None:
    """Print the figures."""
    problem = random_day(Sizes(_VISITS, _NURSES), _SEED)
    for rounds in (0, 80, 160):
        _solved(problem, rounds)
    made = _solved(problem, Effort().rounds)
    _solved_as_one_model(problem)
    _replanned(problem, made)


if __name__ == "__main__":
    main()
