"""Settings of the house: where data lives, where the rooms listen. A room's own stand in its settings.py."""

from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.errors import ConfigurationError


def read_settings[S: BaseSettings](kind: type[S]) -> S:
    """Read settings from the environment.

    Raises:
        ConfigurationError: a variable that cannot be, by name.
    """
    try:
        return kind()
    except ValidationError as error:
        faults = "; ".join(_fault(kind, fault["loc"], fault["msg"]) for fault in error.errors())
        raise ConfigurationError(f"The settings cannot be used. {faults}.") from None
    except SettingsError as error:
        raise ConfigurationError(f"The settings cannot be used. {error}.") from error


def _fault(kind: type[BaseSettings], place: tuple[int | str, ...], message: str) -> str:
    if not place:  # of several variables together; the message names them
        return message.removeprefix("Value error, ")
    variable = f"{kind.model_config.get('env_prefix', '')}{'_'.join(map(str, place))}".upper()
    return f"{variable}: {message}"


class HouseSettings(BaseSettings):
    """``ROUNDS_*`` environment variables, the same for every room.

    Attributes:
        data: the data directory; everything a running system writes is below it.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        public_url: how people reach the system, for links; by default the address listened on.
        peers: base URLs of rooms that run in another process, by room; JSON in ``ROUNDS_PEERS``. Several of one room
            are separated by commas: the next is asked when nobody listens at one.
        signing_key_file: 32 bytes that sign nurses' links and the rooms' passes, the same for every process; by default
            made once below the data directory.
        database_url: SQLAlchemy URL with ``{room}`` where the room's name goes, such as
            ``postgresql+asyncpg://rounds@db.internal:5432/rounds_{room}``; empty: a SQLite file a room in ``data``.
        database_password_file: the password, where it does not stand in the URL.
        kafka_bootstrap_servers: ``host:port`` of some brokers, with commas; empty: the embedded log in ``data``. What
            else concerns Kafka stands in shared/bus/kafka/settings.py.
        database_pool: connections of one room in one process; PostgreSQL must allow the sum over all processes.
        database_upgrade: whether a room brings an older schema on a server to this release at its start, instead of
            refusing to start; a SQLite file is always brought up.
    """

    model_config = SettingsConfigDict(env_prefix="ROUNDS_")

    data: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str | None = None
    peers: dict[str, str] = {}
    signing_key_file: Path | None = None
    database_url: str = ""
    database_password_file: Path | None = None
    kafka_bootstrap_servers: str = ""
    database_pool: int = Field(default=10, ge=2, le=200)
    database_upgrade: bool = False

    @model_validator(mode="after")
    def _one_database_a_room(self) -> Self:
        if self.database_url and "{room}" not in self.database_url:
            raise ValueError("ROUNDS_DATABASE_URL must hold {room}: every room has a database of its own")
        return self
