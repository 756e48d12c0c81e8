"""Settings of the booking room."""

import datetime as dt
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.booking.domain.wishes import WishRules
from shared.errors import ConfigurationError


class BookingSettings(BaseSettings):
    """``BOOKING_*`` environment variables.

    Attributes:
        catalogue: the catalogue file; by default the one beside this module.
        kek_file: 32 bytes that wrap patients' keys; by default made once in the data directory. Keep a copy apart
            from the database's: without it no name and no address can be read again.
        opens: when service hours begin, local time; "any time on a day" means within them.
        closes: when they end.
        most_windows: how many windows or days one booking may name.
        horizon_days: how far ahead one may book.
        idempotency_days: how long the reply to an Idempotency-Key is kept.
    """

    model_config = SettingsConfigDict(env_prefix="BOOKING_")

    catalogue: Path | None = None
    kek_file: Path | None = None
    opens: dt.time = dt.time(8)
    closes: dt.time = dt.time(20)
    most_windows: int = Field(default=20, ge=1, le=200)
    horizon_days: int = Field(default=366, ge=1, le=3660)
    idempotency_days: int = Field(default=7, ge=1, le=366)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError("BOOKING_CLOSES must be later than BOOKING_OPENS")
        return self

    def wish_rules(self) -> WishRules:
        """Return what of this concerns wishes about time."""
        return WishRules(self.opens, self.closes, self.most_windows, dt.timedelta(days=self.horizon_days))


def read_settings() -> BookingSettings:
    """Read the environment.

    Raises:
        ConfigurationError: a variable that cannot be, by name.
    """
    try:
        return BookingSettings()
    except ValidationError as error:
        faults = (f"BOOKING_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors())
        raise ConfigurationError(f"The booking room's settings cannot be used. {'; '.join(faults)}.") from None
