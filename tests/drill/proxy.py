"""A proxy that knows where messages end: it loses acknowledgements, delays them, cuts and freezes connections."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from tests.drill.wires import Wire

HOST = "127.0.0.1"
KEEP_SECONDS = 5.0
"""How long the server's side of a cut connection is kept, so that it does what it was asked."""


class Mishap(StrEnum):
    """What befalls a request."""

    LOSE = "lose the answer"
    CUT = "cut after the request"
    DELAY = "delay the answer"


@dataclass(slots=True, eq=False)
class _Connection:
    wire: Wire
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    doomed: dict[int, Mishap] = field(default_factory=dict)

    def cut(self) -> None:
        """Leave the client alone, at once and without a word."""
        self.client.transport.abort()


@dataclass
class Proxy:
    """Stands between clients and one server.

    Attributes:
        wire: makes the reader of a connection's messages.
        port: where clients come; it stays the same.
        upstream: the server's port on this machine; set it before the first client comes.
        happened: mishaps so far, by request.
        delay_seconds: how long a delayed answer is held.
    """

    wire: Callable[[], Wire]
    sock: socket.socket
    upstream: int = 0
    delay_seconds: float = 3.0
    happened: Counter[tuple[str, Mishap]] = field(default_factory=Counter)
    _wanted: list[tuple[str, Mishap]] = field(default_factory=list)
    _open: set[_Connection] = field(default_factory=set)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def port(self) -> int:
        """Where clients come."""
        return int(self.sock.getsockname()[1])

    def want(self, request: str, mishap: Mishap) -> None:
        """Let a mishap befall the next such request of anybody."""
        self._wanted.append((request, mishap))

    def cut_all(self) -> None:
        """Cut every connection."""
        for connection in list(self._open):
            connection.cut()

    async def freeze(self, seconds: float) -> None:
        """Let nothing through for a while; connections stay open."""
        self._flowing.clear()
        await asyncio.sleep(seconds)
        self._flowing.set()

    def calm(self) -> None:
        """Let no further mishap befall anybody."""
        self._wanted.clear()
        self._flowing.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Take clients for as long as the block lasts."""
        self._flowing.set()
        server = await asyncio.start_server(self._serve, sock=self.sock)
        try:
            yield self
        finally:
            server.close()
            self.cut_all()
            for connection in list(self._open):
                connection.server.transport.abort()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            from_server, to_server = await asyncio.open_connection(HOST, self.upstream)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self.wire(), writer, to_server)
        self._open.add(connection)
        answers = asyncio.ensure_future(self._answer(connection, from_server))
        asks = asyncio.ensure_future(self._ask(connection, reader))
        try:
            await asyncio.wait({answers, asks}, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done() and connection.doomed:
                await asyncio.wait({answers}, timeout=KEEP_SECONDS)
        finally:
            self._open.discard(connection)
            for pump in (answers, asks):
                pump.cancel()
            await asyncio.gather(answers, asks, return_exceptions=True)
            writer.transport.abort()
            to_server.transport.abort()

    async def _ask(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                frame = await connection.wire.request(reader)
                await self._flowing.wait()
                mishap = self._take(frame.name)
                if mishap is not None:
                    connection.doomed[frame.tag] = mishap
                connection.server.write(frame.data)
                await connection.server.drain()
                if mishap is Mishap.CUT:
                    connection.cut()

    async def _answer(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                frame = await connection.wire.response(reader)
                await self._flowing.wait()
                mishap = connection.doomed.pop(frame.tag, None)
                if mishap is Mishap.DELAY:
                    await asyncio.sleep(self.delay_seconds)
                elif mishap is not None:
                    connection.cut()
                    return
                connection.client.write(frame.data)
                await connection.client.drain()

    def _take(self, name: str) -> Mishap | None:
        for wanted in self._wanted:
            if name and wanted[0] == name:
                self._wanted.remove(wanted)
                self.happened[wanted] += 1
                return wanted[1]
        return None


def bound() -> socket.socket:
    """Return a socket on a free port, to be told of before anybody is served."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, 0))
    return sock
