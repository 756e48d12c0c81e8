"""Signed tokens: a nurse's link for one day, and the pass one room shows another."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

import jwt
from fastapi import Request

from shared.clock import Clock
from shared.errors import Problem
from shared.events.ids import AreaId, NurseId

ALGORITHM = "HS256"
SERVICE_LIFE = dt.timedelta(minutes=10)
LINK_LIFE_AFTER_DAY = dt.timedelta(days=2)


@dataclass(frozen=True, slots=True)
class NurseDay:
    """What a nurse's link opens: her own stops of one day in one area, and nothing else."""

    nurse_id: NurseId
    area_id: AreaId
    date: dt.date


class Tokens:
    """Signs and reads tokens with one secret.

    Args:
        secret: 32 bytes.
        clock: tells what has expired.
    """

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def for_nurse(self, day: NurseDay) -> str:
        """Return the token of a nurse's link; it ends two days after the day."""
        expires = dt.datetime.combine(day.date, dt.time.min, dt.UTC) + LINK_LIFE_AFTER_DAY
        claims = {"sub": str(day.nurse_id), "area": day.area_id, "date": day.date.isoformat()}
        return self._sign("nurse-day", expires, claims)

    def read_nurse(self, token: str) -> NurseDay:
        """Return what a nurse's token opens.

        Raises:
            Problem: 401, a token that is forged, cut or over.
        """
        claims = self._read("nurse-day", token)
        return NurseDay(NurseId(UUID(claims["sub"])), AreaId(claims["area"]), dt.date.fromisoformat(claims["date"]))

    def for_service(self, room: str) -> str:
        """Return the pass with which a room calls another."""
        return self._sign("service", self._clock() + SERVICE_LIFE, {"sub": room})

    def read_service(self, token: str) -> str:
        """Return the room that shows this pass.

        Raises:
            Problem: 401, not a pass of this house.
        """
        return self._read("service", token)["sub"]

    def require_service(self, request: Request) -> str:
        """Return the calling room from the request's bearer token, or refuse with 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise _refused("This address is for the rooms of the house only.")
        return self.read_service(token)

    def _sign(self, audience: str, expires: dt.datetime, claims: dict[str, str]) -> str:
        return jwt.encode({**claims, "aud": audience, "exp": expires}, self._secret, ALGORITHM)

    def _read(self, audience: str, token: str) -> dict[str, str]:
        try:
            claims: dict[str, str] = jwt.decode(
                token, self._secret, [ALGORITHM], audience=audience, options={"require": ["exp"], "verify_exp": False}
            )
        except jwt.InvalidTokenError as error:
            message = "This link is not one that Rounds signed. Ask the dispatcher for a new one."
            raise _refused(message) from error
        if float(claims["exp"]) <= self._clock().timestamp():
            message = "This link has expired. Ask the dispatcher for today's."
            raise _refused(message)
        return claims


def _refused(detail: str) -> Problem:
    return Problem(401, "unauthorized", "Not authorized", detail)
