"""The proxy loses what it was told to lose, and nothing else."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from deploy.dev.postgres import PostgresServer
from shared.db.session import Database
from tests.contract.conditions import until
from tests.drill.proxy import HOST, Mishap, Proxy, bound
from tests.drill.wires import KafkaWire, PostgresWire, Request

PRODUCE, HEARTBEAT = 0, 12


class Echo:
    """A server that speaks Kafka's frames: it answers each request with its correlation id, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                _key, _version, correlation = struct.unpack(">hhi", (await reader.readexactly(size))[:8])
                self.asked.append(correlation)
                writer.write(struct.pack(">ii", 4, correlation))
        except asyncio.IncompleteReadError:
            writer.close()


@asynccontextmanager
async def between() -> AsyncIterator[tuple[Proxy, Echo]]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, HOST, 0)
    async with Proxy(KafkaWire, bound(), server.sockets[0].getsockname()[1]).running() as proxy:
        yield proxy, echo
    server.close()


class Client:
    """Asks by number and waits for the answer of that number."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, api_key: int, number: int) -> None:
        self._writer.write(struct.pack(">ihhi", 8, api_key, 9, number))
        await self._writer.drain()

    async def answer(self) -> int:
        return int(struct.unpack(">ii", await self._reader.readexactly(8))[1])

    def leave(self) -> None:
        self._writer.transport.abort()


async def client(proxy: Proxy) -> Client:
    return Client(*await asyncio.open_connection(HOST, proxy.port))


async def test_what_nothing_befalls_goes_through() -> None:
    async with between() as (proxy, echo):
        asker = await client(proxy)
        for number in range(3):
            await asker.send(PRODUCE, number)
        assert [await asker.answer() for _ in range(3)] == [0, 1, 2]
        assert echo.asked == [0, 1, 2]
        asker.leave()


async def test_a_lost_answer_was_asked_for_and_done() -> None:
    async with between() as (proxy, echo):
        proxy.want(Request.PRODUCE, Mishap.LOSE)
        asker = await client(proxy)
        await asker.send(HEARTBEAT, 1)
        assert await asker.answer() == 1
        await asker.send(PRODUCE, 2)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await asker.answer()
        asker.leave()
        assert echo.asked == [1, 2]
        assert proxy.happened == {(Request.PRODUCE, Mishap.LOSE): 1}
        other = await client(proxy)
        await other.send(PRODUCE, 3)
        assert await other.answer() == 3
        other.leave()


async def test_a_connection_that_is_cut_has_forwarded_its_request() -> None:
    async with between() as (proxy, echo):
        proxy.want(Request.PRODUCE, Mishap.CUT)
        asker = await client(proxy)
        await asker.send(PRODUCE, 7)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await asker.answer()
        asker.leave()

        async def asked() -> bool:
            return echo.asked == [7]

        await until(asked)


async def test_a_delayed_answer_comes_in_the_end() -> None:
    async with between() as (proxy, _echo):
        proxy.delay_seconds = 0.2
        proxy.want(Request.HEARTBEAT, Mishap.DELAY)
        asker = await client(proxy)
        began = asyncio.get_running_loop().time()
        await asker.send(HEARTBEAT, 1)
        assert await asker.answer() == 1
        assert asyncio.get_running_loop().time() - began >= 0.2
        asker.leave()


async def test_frozen_is_silent_and_not_closed() -> None:
    async with between() as (proxy, _echo):
        asker = await client(proxy)
        frozen = asyncio.ensure_future(proxy.freeze(0.2))
        await asyncio.sleep(0)
        await asker.send(HEARTBEAT, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await asker.answer()
        await frozen
        assert await asker.answer() == 1
        asker.leave()


async def test_a_commit_whose_answer_is_lost_is_committed(postgres_server: PostgresServer) -> None:
    url = postgres_server.url("lost_commit")
    async with Proxy(PostgresWire, bound(), postgres_server.port).running() as proxy:
        db = Database(url.replace(f":{postgres_server.port}/", f":{proxy.port}/"))
        async with db.transaction() as session:
            await session.exec(text("CREATE TABLE note (n int)"))  # type: ignore[call-overload]
        proxy.want(Request.COMMIT, Mishap.LOSE)
        with pytest.raises(Exception, match="connection"):
            async with db.transaction() as session:
                await session.exec(text("INSERT INTO note VALUES (1)"))  # type: ignore[call-overload]
        await db.close()
    assert postgres_server.sql("SELECT count(*) FROM note", "lost_commit") == "1"
