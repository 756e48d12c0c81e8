"""Settings of the dispatch room."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DispatchSettings(BaseSettings):
    """``DISPATCH_*`` environment variables.

    Attributes:
        skills: what a nurse can be able to do; the catalogue of services uses the same words.
        licences: the kinds of licence there are.
        longest_shift: how long a shift may be.
        near_km: how far outside an area's map a shift may begin or end.
        retimed: a planned time that moves by no more is not said again.
    """

    model_config = SettingsConfigDict(env_prefix="DISPATCH_")

    skills: tuple[str, ...] = ("injection", "venipuncture", "paediatric", "geriatric", "infusion")
    licences: tuple[str, ...] = ("RN", "LVN", "LPN", "PHLEB", "NP")
    longest_shift: timedelta = timedelta(hours=16)
    near_km: float = Field(default=50, gt=0)
    retimed: timedelta = timedelta(minutes=1)
