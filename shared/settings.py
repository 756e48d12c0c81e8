"""Settings of the house: where data lives, where the rooms listen. A room's own stand in its settings.py."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HouseSettings(BaseSettings):
    """``ROUNDS_*`` environment variables, the same for every room.

    Attributes:
        data: the data directory; everything a running system writes is below it.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        public_url: how people reach the system, for links; by default the address listened on.
        peers: base URLs of rooms that run in another process, by room; JSON in ``ROUNDS_PEERS``.
    """

    model_config = SettingsConfigDict(env_prefix="ROUNDS_")

    data: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str | None = None
    peers: dict[str, str] = {}
