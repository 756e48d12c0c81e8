"""How one room calls another: over HTTP, with a signed service pass, without a socket inside one process."""

from collections.abc import Generator, Mapping

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import ConfigurationError
from shared.security.tokens import Tokens


class Peers:
    """HTTP clients to the other rooms.

    Args:
        tokens: signs the pass.
        addresses: base URLs of the rooms that run in another process, by room.
    """

    def __init__(self, tokens: Tokens, addresses: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._addresses = addresses
        self._clients: list[httpx.AsyncClient] = []
        self._app: ASGIApp | None = None

    def attach(self, app: ASGIApp) -> None:
        """Name the application that the rooms of this process are served by."""
        self._app = app

    def client(self, caller: str, callee: str) -> httpx.AsyncClient:
        """Return the client with which one room calls another; it lives as long as the house."""
        address = self._addresses.get(callee)
        client = httpx.AsyncClient(
            base_url=address or f"http://{callee}.rounds.internal",
            # A failure over there is a 500 here, as it is between processes.
            transport=None if address else httpx.ASGITransport(self._in_process, raise_app_exceptions=False),
            timeout=10,
            auth=_Pass(self._tokens, caller),
        )
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            await client.aclose()

    async def _in_process(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            raise ConfigurationError("A room called another before the house was open.")
        await self._app(scope, receive, send)


class _Pass(httpx.Auth):
    """Puts a fresh service pass on every call; it lives for minutes."""

    def __init__(self, tokens: Tokens, room: str) -> None:
        self._tokens = tokens
        self._room = room

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._tokens.for_service(self._room)}"
        yield request
