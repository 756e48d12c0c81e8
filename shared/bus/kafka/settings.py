"""Settings of the Kafka adapter: where the brokers are, who we are to them, how patient we are."""

import ssl
from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import ConfigurationError
from shared.settings import read_settings


class Protocol(StrEnum):
    """How a connection is made."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class Mechanism(StrEnum):
    """How a user proves who it is."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class KafkaSettings(BaseSettings):
    """``ROUNDS_KAFKA_*`` environment variables.

    Attributes:
        bootstrap_servers: ``host:port`` of some brokers, with commas; empty for a system without Kafka.
        security_protocol: whether TLS and a password are used.
        sasl_mechanism: how the password is proven.
        sasl_username: the user.
        sasl_password_file: the file that holds the password.
        ssl_ca_file: the authority that signed the brokers' certificates; the system's own by default.
        ssl_cert_file: our certificate, for brokers that ask for one.
        ssl_key_file: the key of our certificate.
        replication: on how many brokers a record is kept, for topics made from here.
        create_topics: whether a starting bus makes the topics that are missing.
        instance: this process's name among those of its room, unique and the same after a restart: the group then
            waits ``session_seconds`` for it instead of dealing its lanes to others. Empty: no waiting.
        prefix: put before every topic and group, where several systems share brokers.
        session_seconds: a member that was silent for so long has lost its lanes.
        request_seconds: a broker that has not answered for so long is taken for dead.
        publish_seconds: a publish that was not acknowledged for so long has failed.
    """

    model_config = SettingsConfigDict(env_prefix="ROUNDS_KAFKA_")

    bootstrap_servers: str = ""
    security_protocol: Protocol = Protocol.PLAINTEXT
    sasl_mechanism: Mechanism = Mechanism.SCRAM_SHA_512
    sasl_username: str = ""
    sasl_password_file: Path | None = None
    ssl_ca_file: Path | None = None
    ssl_cert_file: Path | None = None
    ssl_key_file: Path | None = None
    replication: int = Field(default=1, ge=1)
    create_topics: bool = True
    instance: str = ""
    prefix: str = ""
    session_seconds: float = Field(default=10.0, gt=0)
    request_seconds: float = Field(default=15.0, gt=0)
    publish_seconds: float = Field(default=10.0, gt=0)

    @classmethod
    def read(cls) -> "KafkaSettings":
        """Return the settings of the environment.

        Raises:
            ConfigurationError: a value cannot be; names the variable.
        """
        return read_settings(cls)

    @property
    def encrypted(self) -> bool:
        """Whether connections use TLS."""
        return self.security_protocol in {Protocol.SSL, Protocol.SASL_SSL}

    @property
    def authenticated(self) -> bool:
        """Whether connections begin with a password."""
        return self.security_protocol in {Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL}

    def password(self) -> str:
        """Return the password, or "" where none is used.

        Raises:
            ConfigurationError: there is no such file, or no user.
        """
        if not self.authenticated:
            return ""
        if not self.sasl_username or self.sasl_password_file is None:
            raise ConfigurationError(
                f"{self.security_protocol} needs a user. "
                "Set ROUNDS_KAFKA_SASL_USERNAME and ROUNDS_KAFKA_SASL_PASSWORD_FILE."
            )
        try:
            return self.sasl_password_file.read_text().strip()
        except OSError as error:
            raise ConfigurationError(
                f"The password file {self.sasl_password_file} cannot be read ({error.strerror}). "
                "Correct ROUNDS_KAFKA_SASL_PASSWORD_FILE."
            ) from error

    def tls(self) -> ssl.SSLContext | None:
        """Return what a TLS connection is made with, or None where none is used.

        Raises:
            ConfigurationError: a file cannot be read or holds something else.
        """
        if not self.encrypted:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ssl_ca_file)
            if self.ssl_cert_file is not None:
                context.load_cert_chain(self.ssl_cert_file, self.ssl_key_file)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(file) for file in (self.ssl_ca_file, self.ssl_cert_file, self.ssl_key_file) if file)
            raise ConfigurationError(
                f"The TLS files {files} cannot be used ({error.strerror or error}). Correct ROUNDS_KAFKA_SSL_CA_FILE, "
                "ROUNDS_KAFKA_SSL_CERT_FILE and ROUNDS_KAFKA_SSL_KEY_FILE."
            ) from error
        return context

    def outside(self, name: str) -> str:
        """Return a topic's or a group's name as the brokers know it."""
        return self.prefix + name

    def inside(self, name: str) -> str:
        """Return a topic's name as the house knows it."""
        return name.removeprefix(self.prefix)
