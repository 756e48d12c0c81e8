"""HTTP of the routing room: the plan of a day, and asking for a new one."""

import datetime as dt
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.routing.deps import RoutingState
from services.routing.store import plans, requests
from services.routing.store.models import PlanRequestRow
from shared.areas import Area
from shared.errors import not_found
from shared.events.ids import AreaId, NurseId, NurseRef, ShiftId, VisitId
from shared.events.routing import PlanCommitted, Route
from shared.events.values import StopKind
from shared.http import problem_responses

router = APIRouter(prefix="/v1/plans", tags=["routing"])


def current(request: Request) -> RoutingState:
    """Return the room that answers this request."""
    state: RoutingState = request.app.state.rooms["routing"]
    return state


State = Annotated[RoutingState, Depends(current)]
AreaPath = Annotated[AreaId, Path(description="The area.", examples=["harlan-mills-oh"])]
DatePath = Annotated[dt.date, Path(description="The area's calendar date.", examples=["2026-11-23"])]


class Planning(StrEnum):
    """What the planner is doing about a day."""

    IDLE = "idle"
    WAITING = "waiting"
    SOLVING = "solving"
    FAILED = "failed"


class StopView(BaseModel):
    """A stop of a route."""

    kind: StopKind
    visit_id: VisitId | None
    arrival: AwareDatetime
    start: AwareDatetime
    end: AwareDatetime
    drive_seconds: int


class RouteView(BaseModel):
    """A nurse's route."""

    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef
    departure: AwareDatetime
    back: AwareDatetime
    drive_seconds: int
    metres: int
    travel_estimated: bool
    stops: list[StopView]


class UnassignedView(BaseModel):
    """A visit no route takes: the reason as a code and as a sentence."""

    visit_id: VisitId
    reason: str
    explanation: str


class PlanView(BaseModel):
    """The plan in force of an area's day. ``plan_version`` 0: there is none yet."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "area_id": "harlan-mills-oh",
                "date": "2026-11-23",
                "plan_version": 3,
                "state": "idle",
                "failure": None,
                "routes": [],
                "unassigned": [
                    {
                        "visit_id": "01a203e9-873a-77a4-8e00-3a50af88aa62",
                        "reason": "no_skill",
                        "explanation": "No nurse on shift that day has the skill venipuncture.",
                    }
                ],
                "price_cents": {"driving_time": 120000, "left_out": 20000},
                "drive_seconds": 144000,
                "travel_estimated": False,
            }
        }
    )

    area_id: AreaId
    date: dt.date
    plan_version: int
    state: Planning
    failure: str | None
    routes: list[RouteView]
    unassigned: list[UnassignedView]
    price_cents: dict[str, int]
    drive_seconds: int
    travel_estimated: bool


@router.get("/{area_id}/{date}", summary="Read a day's plan", responses=problem_responses(404, 422))
async def read_plan(area_id: AreaPath, date: DatePath, state: State) -> PlanView:
    """Return the plan in force with every route, what is unassigned and why, and what the planner is doing."""
    _area(state, area_id)
    async with state.db.reading() as session:
        plan = await plans.plan(session, area_id, date)
        rows = await plans.routes(session, area_id, date)
        request = await requests.request(session, area_id, date)
    committed = PlanCommitted.model_validate(plan.body) if plan else None
    routes = [_route(Route.model_validate(row.body)) for row in rows]
    return PlanView(
        area_id=area_id,
        date=date,
        plan_version=plan.plan_version if plan else 0,
        state=_planning(request, state),
        failure=request.failure if request else None,
        routes=sorted(routes, key=lambda route: route.nurse_ref),
        unassigned=[UnassignedView(**entry.model_dump()) for entry in committed.unassigned] if committed else [],
        price_cents=committed.price_cents if committed else {},
        drive_seconds=round(committed.drive.total_seconds()) if committed else 0,
        travel_estimated=committed.travel_estimated if committed else False,
    )


class Replanning(BaseModel):
    """That a plan was asked for."""

    state: Planning


@router.post(
    "/{area_id}/{date}/replan", status_code=202, summary="Plan a day again", responses=problem_responses(404, 422)
)
async def replan(area_id: AreaPath, date: DatePath, state: State) -> Replanning:
    """Ask for a new version of a day's plan; it is made in the background."""
    _area(state, area_id)
    async with state.db.transaction() as session:
        await requests.want_plan(session, area_id, date, state.clock(), thorough=True)
    return Replanning(state=Planning.WAITING)


def _area(state: RoutingState, area_id: AreaId) -> Area:
    area = state.areas().get(area_id)
    if area is None:
        raise not_found("area", area_id)
    return area


def _planning(request: PlanRequestRow | None, state: RoutingState) -> Planning:
    if request is None or request.wanted == request.done:
        return Planning.IDLE
    if request.failures >= state.settings.attempts:
        return Planning.FAILED
    return Planning.SOLVING if request.holder else Planning.WAITING


def _route(route: Route) -> RouteView:
    return RouteView(
        **route.model_dump(exclude={"stops", "geometry", "drive"}),
        drive_seconds=round(route.drive.total_seconds()),
        stops=[
            StopView(
                **stop.model_dump(exclude={"point", "travel"}),
                drive_seconds=round(stop.travel.drive.total_seconds()),
            )
            for stop in route.stops
        ],
    )
