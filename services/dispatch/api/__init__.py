"""The dispatch room's HTTP: nurses, shifts, and the live day."""

from fastapi import APIRouter

from services.dispatch.api import day, nurses, shifts

router = APIRouter()
for part in (nurses, shifts, day):
    router.include_router(part.router)
