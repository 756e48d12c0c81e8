"""How one room reaches another that runs in several processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from shared.clock import utc_now
from shared.peers import Peers
from shared.security.tokens import Tokens


@asynccontextmanager
async def listening(name: str, port: int = 0) -> AsyncIterator[str]:
    """Answer every request with a name."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(name)}\r\nconnection: close\r\n\r\n{name}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def ask(client: httpx.AsyncClient) -> str:
    return (await client.get("/anything")).text


async def test_where_nobody_listens_the_next_process_of_the_room_is_asked() -> None:
    async with listening("second") as second:
        async with listening("first") as first:
            peers = Peers(Tokens(b"k" * 32, utc_now), {"dispatch": f"{first}, {second}"})
            client = peers.client("nurse_app", "dispatch")
            assert await ask(client) == "first"
        assert await asyncio.gather(*(ask(client) for _ in range(8))) == ["second"] * 8
        async with listening("first", int(first.rpartition(":")[2])):
            assert await ask(client) == "second"  # it stays with whom it found
    with pytest.raises(httpx.ConnectError):
        await ask(client)
    await peers.close()
