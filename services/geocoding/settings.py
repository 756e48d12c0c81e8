"""Settings of the geocoding room."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.geocoding.providers.remote import RemoteSettings


class GeocodingSettings(BaseSettings):
    """``GEOCODING_*`` environment variables.

    Attributes:
        remotes: asked in this order when the area's own index is not sure; JSON, such as
            ``[{"service": "photon", "url": "https://photon.example.org", "user_agent": "acme/1"}]``.
        batch: addresses located between two transactions.
        retry_cap_seconds: the longest pause while no provider answers.
    """

    model_config = SettingsConfigDict(env_prefix="GEOCODING_")

    remotes: list[RemoteSettings] = []
    batch: int = 100
    retry_cap_seconds: float = 30
