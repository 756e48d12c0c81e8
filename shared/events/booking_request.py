"""What a booking system asks for, over HTTP or the bus. Shapes are checked here; what can be done is not known here.

The one place in the contract where a patient's words stand in the clear: they come in like this and go no further.
"""

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from shared.events.ids import AreaId, NurseRef
from shared.events.values import Priority

type Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
type Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
type Reference = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]
type Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+?[0-9][0-9 ().x-]{4,30}$")]
type Email = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
type StaffCode = Annotated[NurseRef, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
type Version = Annotated[int, Field(ge=1)]

POSTCODE = re.compile(r"\b(?:(?P<zip>\d{5})(?:-\d{4})?|(?P<fsa>[A-Za-z]\d[A-Za-z]) ?(?P<ldu>\d[A-Za-z]\d))\b")
BARE_UNIT = re.compile(r"^[0-9]*[A-Za-z]?[0-9]*$")

EXAMPLE: dict[str, Any] = {
    "reference": "SHOP-10482",
    "services": ["b12-im-1000", "b12-level"],
    "patient": {
        "reference": "P-5531",
        "first_name": "Ada",
        "last_name": "Example",
        "birth_date": "1980-04-12",
        "phone": "+1 555 0142",
        "email": "ada@example.org",
    },
    "address": {"street": "219-21 Jamaica Ave", "unit": "3B", "city": "Queens", "state": "NY", "postcode": "11428"},
    "windows": [
        {"start": "2030-05-06T09:00:00-04:00", "end": "2030-05-06T12:00:00-04:00"},
        {"start": "2030-05-07T14:00:00-04:00", "end": "2030-05-07T18:00:00-04:00"},
    ],
    "notes": "Ring the side door.",
    "preferred_nurses": ["N07"],
    "priority": "routine",
}


class Wire(BaseModel):
    """A body that comes in: a misspelt field is refused by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Patient(Wire):
    """Who is visited."""

    reference: Reference | None = Field(
        default=None,
        description="Your own id of the patient. The same reference is the same patient here, and rules between a "
        "patient's visits (no B12 level within 14 days after a B12 shot) can only be held when it is given.",
    )
    first_name: Name
    last_name: Name
    birth_date: dt.date
    phone: Phone | None = None
    email: Email | None = None


class Address(Wire):
    """Where the visit takes place: either one ``line``, or the parts from ``street`` on."""

    line: Text | None = Field(default=None, description="The whole address in one line.")
    street: Text | None = Field(default=None, description="House number and street.")
    unit: Text | None = Field(default=None, description="Apartment, suite or floor.")
    city: Text | None = None
    state: Text | None = None
    postcode: Text | None = None

    def one_line(self) -> str:
        """Return the address as one line."""
        unit = f"Unit {self.unit}" if self.unit and BARE_UNIT.match(self.unit) else self.unit
        region = " ".join(part for part in (self.state, self.postcode) if part)
        parts = (self.line or self.street, unit, self.city, region)
        return ", ".join(part for part in parts if part)

    def postcode_key(self) -> str | None:
        """Return the postcode, from its field or the end of the line, in the form that areas list theirs."""
        found = list(POSTCODE.finditer(self.postcode or self.line or ""))
        if not found:
            return None
        last = found[-1]
        return last["zip"] or f"{last['fsa']} {last['ldu']}".upper()


class Window(Wire):
    """An interval in which the visit may start and must end, as RFC 3339 instants with an offset."""

    start: dt.datetime
    end: dt.datetime


class Wishes(Wire):
    """When the visit is wished: exactly one of ``windows`` and ``any_time_on``."""

    windows: list[Window] | None = Field(
        default=None, description="The visit starts and ends within one of these; any one will do."
    )
    any_time_on: list[dt.date] | None = Field(
        default=None, description="Any time within the service hours of one of these days, in the area's own time."
    )


def _no_blank(codes: list[str]) -> list[str]:
    return [code.strip() for code in codes]


class BookingRequest(Wishes):
    """A booking: a patient, a place, services, wishes about time."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    reference: Reference | None = Field(default=None, description="Your own id of this booking; unique.")
    services: Annotated[list[str], AfterValidator(_no_blank)] = Field(
        max_length=20, description="Codes of the catalogue; see GET /v1/services. Sorted here into the order of doing."
    )
    first_dose: bool = Field(
        default=False,
        description="A first injection, or a history of allergy: the nurse stays longer to observe.",
    )
    patient: Patient
    address: Address
    notes: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = Field(
        default=None, description="What the nurse should know at the door."
    )
    preferred_nurses: list[StaffCode] = Field(default=[], max_length=20, description="Staff codes.")
    excluded_nurses: list[StaffCode] = Field(default=[], max_length=20, description="Staff codes.")
    priority: Priority = Priority.ROUTINE
    area_id: AreaId | None = Field(
        default=None, description="By default the area is found by the postcode, else by city and state."
    )
