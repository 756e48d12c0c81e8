"""Settings of the board."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class BoardSettings(BaseSettings):
    """``BOARD_*`` environment variables.

    Attributes:
        nurse_pages_url: what nurses' links begin with, where their pages are not reached at the address of the whole
            system (``ROUNDS_PUBLIC_URL``).
    """

    model_config = SettingsConfigDict(env_prefix="BOARD_")

    nurse_pages_url: str = ""
