"""Probes of one address, step by step: name, connection, TLS, password. aiokafka hides which of them failed."""

import asyncio
import ssl
from contextlib import suppress

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from aiokafka.protocol.metadata import MetadataRequest

from shared.bus.kafka.client import client_options
from shared.bus.kafka.settings import KafkaSettings
from shared.errors import ConfigurationError

PROBE_SECONDS = 3.0
EXPIRED, NOT_YET_VALID = 10, 9
UNKNOWN_AUTHORITY = {18, 19, 20, 21}
WRONG_NAME = {62, 64}
"""OpenSSL's codes of what is wrong with a certificate."""


def addresses(settings: KafkaSettings) -> list[tuple[str, int]]:
    """Return the bootstrap servers.

    Raises:
        ConfigurationError: there is none, or one is not ``host:port``.
    """
    found = []
    for word in settings.bootstrap_servers.split(","):
        host, _, port = word.strip().rpartition(":")
        if not host or not port.isdigit():
            raise ConfigurationError(
                f"'{word.strip()}' is no address. Give ROUNDS_KAFKA_BOOTSTRAP_SERVERS as host:port,host:port."
            )
        found.append((host.strip("[]"), int(port)))
    return found


async def probe(host: str, port: int, settings: KafkaSettings) -> None:
    """Go as far as a broker lets us.

    Raises:
        ConfigurationError: a sentence on the first step that failed, and what to do.
    """
    await _resolve(host)
    await connect(host, port)
    if settings.encrypted:
        await _shake_hands(host, port, settings)
    await _introduce(host, port, settings)


async def first_trouble(settings: KafkaSettings) -> str | None:
    """Return a sentence on why no bootstrap server can be used, or None if one can."""
    sentence = None
    for host, port in addresses(settings):
        try:
            await probe(host, port, settings)
        except ConfigurationError as error:
            sentence = sentence or str(error)
        else:
            return None
    return sentence


async def connect(host: str, port: int) -> None:
    """Open a connection and close it.

    Raises:
        ConfigurationError: nobody listens, or nobody answers.
    """
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        raise ConfigurationError(
            f"{host}:{port} does not answer. Look for a firewall in between, or a broker that hangs."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"Nothing listens at {host}:{port} ({error.strerror or 'no connection'}). "
            "Start Kafka there, or correct ROUNDS_KAFKA_BOOTSTRAP_SERVERS."
        ) from None
    await _closed(writer)


async def _resolve(host: str) -> None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await asyncio.get_running_loop().getaddrinfo(host, None)
    except (OSError, TimeoutError) as error:
        raise ConfigurationError(
            f"The name {host} cannot be resolved ({getattr(error, 'strerror', None) or 'no answer'}). "
            "Correct ROUNDS_KAFKA_BOOTSTRAP_SERVERS, or the name service."
        ) from None


async def _shake_hands(host: str, port: int, settings: KafkaSettings) -> None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=settings.tls(), server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise ConfigurationError(_certificate_sentence(error, host, port)) from None
    except (OSError, TimeoutError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise ConfigurationError(
            f"{host}:{port} does not speak TLS ({reason}). "
            "Give its TLS port, or correct ROUNDS_KAFKA_SECURITY_PROTOCOL."
        ) from None
    await _closed(writer)


def _certificate_sentence(error: ssl.SSLCertVerificationError, host: str, port: int) -> str:
    whose = f"The certificate of {host}:{port}"
    if error.verify_code == EXPIRED:
        return f"{whose} has expired. Renew it on the broker."
    if error.verify_code == NOT_YET_VALID:
        return f"{whose} is not valid yet. Set this machine's clock, or wait until it is."
    if error.verify_code in UNKNOWN_AUTHORITY:
        return f"{whose} is signed by an authority we do not know. Give that one's in ROUNDS_KAFKA_SSL_CA_FILE."
    if error.verify_code in WRONG_NAME:
        return f"{whose} is not for the name {host}. Call the broker by the name in it, or have it issued for {host}."
    return f"{whose} cannot be trusted ({error.verify_message}). Renew it on the broker."


async def _introduce(host: str, port: int, settings: KafkaSettings) -> None:
    options = client_options(settings)
    del options["bootstrap_servers"]
    options["request_timeout_ms"] = round(PROBE_SECONDS * 1000)
    mechanism, user = settings.sasl_mechanism.value, settings.sasl_username
    try:
        connection = await create_conn(host, port, **options)
    except UnsupportedSaslMechanismError:
        raise ConfigurationError(
            f"{host}:{port} does not know the mechanism {mechanism}. Correct ROUNDS_KAFKA_SASL_MECHANISM."
        ) from None
    except SaslAuthenticationFailed:
        raise ConfigurationError(_refused(host, port, user)) from None
    except Exception as error:  # noqa: BLE001 - whatever the library makes of a broker that closes the door
        raise ConfigurationError(_slammed(host, port, settings, error)) from None
    try:
        # A broker that wants a password lets everybody ask for its version, and nobody for more.
        await connection.send(MetadataRequest([]))
    except (KafkaError, OSError, TimeoutError) as error:
        raise ConfigurationError(_slammed(host, port, settings, error)) from None
    finally:
        connection.close()


def _refused(host: str, port: int, user: str) -> str:
    return (
        f"{host}:{port} refuses the user {user} or the password. "
        "Correct ROUNDS_KAFKA_SASL_USERNAME and the file in ROUNDS_KAFKA_SASL_PASSWORD_FILE."
    )


def _slammed(host: str, port: int, settings: KafkaSettings, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"{host}:{port} takes the connection and says nothing. The broker is starting, or hangs; look there."
    return (
        f"{host}:{port} closes the connection when we come with {settings.security_protocol}. "
        "It wants TLS or a password (correct ROUNDS_KAFKA_SECURITY_PROTOCOL), or is no Kafka."
    )


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PROBE_SECONDS):
            await writer.wait_closed()
