"""Where a message ends: just enough of the protocols of Kafka and PostgreSQL to lose one answer and no other."""

import asyncio
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

CHUNK = 65_536
SSL_REQUESTS = {80877103, 80877104}
"""What a client may ask before it says who it is; PostgreSQL answers with one byte."""
API_KEYS = {0: "Produce", 1: "Fetch", 3: "Metadata", 8: "OffsetCommit", 11: "JoinGroup", 12: "Heartbeat"}


class Request(StrEnum):
    """The requests whose answers are worth losing."""

    PRODUCE = "Produce"
    OFFSET_COMMIT = "OffsetCommit"
    HEARTBEAT = "Heartbeat"
    FETCH = "Fetch"
    COMMIT = "COMMIT"


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole message, or for answers that nobody has to tell apart, what came at once.

    Attributes:
        name: what is asked, where known.
        tag: joins an answer to its request.
    """

    data: bytes
    name: str = ""
    tag: int = 0


class Wire(Protocol):
    """A connection's two directions; a ``Wire`` is made for each connection."""

    async def request(self, reader: asyncio.StreamReader) -> Frame:
        """Read a message of the client.

        Raises:
            IncompleteReadError: it has left.
        """
        ...

    async def response(self, reader: asyncio.StreamReader) -> Frame:
        """Read a message of the server; see ``request``."""
        ...


class KafkaWire:
    """Size, then in requests: api key, api version, correlation id; in responses the correlation id."""

    async def request(self, reader: asyncio.StreamReader) -> Frame:
        """Read a request."""
        data = await _sized(reader)
        api_key, _version, correlation = struct.unpack_from(">hhi", data, 4)
        return Frame(data, API_KEYS.get(api_key, str(api_key)), correlation)

    async def response(self, reader: asyncio.StreamReader) -> Frame:
        """Read a response."""
        data = await _sized(reader)
        return Frame(data, "", struct.unpack_from(">i", data, 4)[0])


class PostgresWire:
    """Size at first, then type and size. The client waits for each answer, so that the next one is its own."""

    def __init__(self) -> None:
        self._begun = False

    async def request(self, reader: asyncio.StreamReader) -> Frame:
        """Read a message of the frontend; a COMMIT, simple as drivers send it, has a name."""
        if not self._begun:
            data = await _sized(reader, counted=4)
            self._begun = struct.unpack_from(">i", data, 4)[0] not in SSL_REQUESTS
            return Frame(data)
        kind = await reader.readexactly(1)
        data = kind + await _sized(reader, counted=4)
        return Frame(data, Request.COMMIT if kind == b"Q" and data[5:11].upper() == b"COMMIT" else "")

    async def response(self, reader: asyncio.StreamReader) -> Frame:
        """Return what came from the backend."""
        data = await reader.read(CHUNK)
        if not data:
            raise asyncio.IncompleteReadError(b"", 1)
        return Frame(data)


async def _sized(reader: asyncio.StreamReader, counted: int = 0) -> bytes:
    """Read a message that begins with its size; PostgreSQL counts the size itself."""
    head = await reader.readexactly(4)
    return head + await reader.readexactly(struct.unpack(">i", head)[0] - counted)
