"""What the booking room's endpoints and handlers work with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from services.booking.domain.catalogue import Catalogue
from services.booking.domain.intake import Booked, Entry
from services.booking.domain.wishes import WishRules
from services.booking.store.together import Together
from services.booking.store.vault import Vault
from shared.areas import Area
from shared.clock import Clock
from shared.db.session import Database
from shared.errors import Problem
from shared.events.ids import AreaId
from shared.security.tokens import Tokens


@dataclass(frozen=True, slots=True)
class BookingState:
    """The parts of the running room.

    Attributes:
        areas: the areas there are now.
        keep_replies: how long an Idempotency-Key is remembered.
        together: takes in what comes at the same time in one transaction.
        running: digests of the keys whose first request is being worked on in this process.
    """

    db: Database
    clock: Clock
    tokens: Tokens
    areas: Callable[[], dict[AreaId, Area]]
    catalogue: Catalogue
    rules: WishRules
    vault: Vault
    keep_replies: timedelta
    together: Together[Entry, Booked | Problem]
    running: set[str] = field(default_factory=set)


async def current(request: Request) -> BookingState:
    """Return the room's state, as the runtime keeps it. Not a plain function: those are run in a thread."""
    state = request.app.state.rooms["booking"]
    assert isinstance(state, BookingState)  # noqa: S101 - what service.build() put there
    return state


type Current = Annotated[BookingState, Depends(current)]
