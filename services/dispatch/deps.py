"""What the dispatch room's endpoints and handlers work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.dispatch.settings import DispatchSettings
from shared.areas import Area
from shared.clock import Clock
from shared.db.outbox import Outbox
from shared.db.session import Database
from shared.events.ids import AreaId
from shared.security.tokens import Tokens


@dataclass(frozen=True, slots=True)
class DispatchState:
    """The parts of the running room.

    Attributes:
        areas: the areas there are now.
    """

    db: Database
    outbox: Outbox
    clock: Clock
    tokens: Tokens
    areas: Callable[[], Mapping[AreaId, Area]]
    settings: DispatchSettings


def current(request: Request) -> DispatchState:
    """Return the room's state, as the runtime keeps it."""
    state = request.app.state.rooms["dispatch"]
    assert isinstance(state, DispatchState)  # noqa: S101 - what service.build() put there
    return state


type Current = Annotated[DispatchState, Depends(current)]
