"""The catalogue over HTTP."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from services.booking.api.documentation import problems
from services.booking.deps import Current
from services.booking.domain.catalogue import CatalogueService

router = APIRouter(prefix="/v1/services", tags=["booking"])

EXAMPLE: dict[str, Any] = {
    "code": "b12-level",
    "name": "B12 level",
    "description": "Serum B12.",
    "kind": "draw",
    "duration_minutes": 20,
    "observation_minutes": 0,
    "first_dose_observation_minutes": 0,
    "skills": ["venipuncture"],
    "licences": ["RN", "PHLEB"],
    "kit": ["gloves", "tourniquet"],
    "tubes": ["gold-sst"],
    "fasting_hours": 0,
    "minimum_age": 18,
    "gives": [],
    "assays": ["b12"],
    "loinc": ["2132-9"],
    "cpt": ["82607"],
}


class Offer(BaseModel):
    """The services on offer, in the catalogue's order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"services": [EXAMPLE]}]})

    services: list[CatalogueService]


@router.get("", summary="List services", responses=problems())
async def get_services(state: Current) -> Offer:
    """Return the catalogue: what can be booked, what each asks of nurse and patient, and its codes."""
    return Offer(services=list(state.catalogue.services))
