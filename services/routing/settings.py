"""Settings of the routing room."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RoutingSettings(BaseSettings):
    """``ROUTING_*`` environment variables.

    Attributes:
        seed: of every solve; the same input and seed give the same plan.
        rounds: effort of an ordinary search of a day (see solver/effort.py). On 308 visits and 26 nurses 160 took 7 s
            of CPU; 300 took 15 s and were 4 % cheaper; after 1,000 and 42 s nothing got better any more.
        thorough_rounds: the same for a search that somebody asked for.
        cap_seconds: wall-clock end of a search, as a safety; far above what the rounds need.
        gather_seconds: changes of a day are let gather for this long; a few are then inserted into its plan.
        burst_pace: changes a second that are an import; nothing is inserted until it is over.
        import_pace: changes a second that are a slow import: once it has brought much, compared with what the day had,
            the day is searched.
        quiet_seconds: a day is searched when its input has been still for this long,
        burst_quiet_seconds: for this long, when it was many changes at once, as from an import: what is still to come
            would make the plan worthless,
        patience_seconds: or has been waiting for this long.
        improve_seconds: a day into whose plan something was inserted is searched when it has been still for this long.
        worth_cents: what that must gain for each route it changes: below this, nurses and patients are left in peace.
        lease_seconds: a worker that has not renewed its lease by then is taken for dead.
        attempts: solves that may fail before a day is left alone until its input changes.
        osrm_url: a remote OSRM server; empty: the embedded road graph of each area.
    """

    model_config = SettingsConfigDict(env_prefix="ROUTING_")

    seed: int = 1
    rounds: int = Field(default=160, ge=0)
    thorough_rounds: int = Field(default=300, ge=0)
    cap_seconds: float = Field(default=120, gt=0)
    gather_seconds: float = Field(default=0.03, ge=0)
    burst_pace: float = Field(default=25, gt=0)
    import_pace: float = Field(default=5, gt=0)
    quiet_seconds: float = Field(default=0.25, ge=0)
    burst_quiet_seconds: float = Field(default=1.5, ge=0)
    patience_seconds: float = Field(default=10, ge=0)
    improve_seconds: float = Field(default=5, ge=0)
    worth_cents: int = Field(default=200, ge=0)
    lease_seconds: float = Field(default=15, gt=0)
    attempts: int = Field(default=5, ge=1)
    osrm_url: str = ""
