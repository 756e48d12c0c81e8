"""The day that the sample's nurses and bookings are made for."""

import datetime as dt
from dataclasses import dataclass
from random import Random
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Day:
    """An area's day.

    Attributes:
        area_id: the area that the rows name.
        timezone: the area's IANA zone.
        date: the local date.
        seed: the same seed gives the same rows.
    """

    area_id: str
    timezone: str
    date: dt.date
    seed: int

    def at(self, hours: float) -> dt.datetime:
        """The local time `hours` on the clock of the day, with its offset, without seconds."""
        minutes = round(hours * 60)
        return dt.datetime.combine(self.date, dt.time(minutes // 60, minutes % 60), ZoneInfo(self.timezone))

    def dice(self, purpose: str) -> Random:
        """Random numbers for one purpose, the same each time."""
        key = f"{self.seed}/{self.date}/{purpose}"
        return Random(key)  # noqa: S311 - rows that can be made again, not a secret
