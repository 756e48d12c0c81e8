"""How one room calls another: over HTTP, with a signed service pass, without a socket inside one process."""

from collections.abc import Generator, Mapping, Sequence

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import ConfigurationError
from shared.observability.tracing import traceparent
from shared.security.tokens import Tokens


class Peers:
    """HTTP clients to the other rooms.

    Args:
        tokens: signs the pass.
        addresses: base URLs of the rooms that run in another process, by room; several of one room with commas.
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
        addresses = [address.strip() for address in self._addresses.get(callee, "").split(",") if address.strip()]
        client = httpx.AsyncClient(
            base_url=addresses[0] if addresses else f"http://{callee}.rounds.internal",
            # A failure over there is a 500 here, as it is between processes.
            transport=_FirstThatListens(addresses)
            if addresses
            else httpx.ASGITransport(self._in_process, raise_app_exceptions=False),
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


class _FirstThatListens(httpx.AsyncBaseTransport):
    """Asks the process of a room that answered last; where nobody listens any more, the next one.

    Only a connection that was not made is tried elsewhere: what was sent may have been done.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = [httpx.URL(address) for address in addresses]
        self._answering = 0
        self._transport = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address that takes it."""
        first, count = self._answering, len(self._addresses)
        for which in range(first, first + count):
            address = self._addresses[which % count]
            request.url = request.url.copy_with(scheme=address.scheme, host=address.host, port=address.port)
            try:
                reply = await self._transport.handle_async_request(request)
            except httpx.ConnectError:
                if which == first + count - 1:
                    raise
            else:
                self._answering = which % count
                return reply
        raise AssertionError("the last address answers or raises")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


class _Pass(httpx.Auth):
    """Puts a fresh service pass on every call, which lives for minutes, and the present trace."""

    def __init__(self, tokens: Tokens, room: str) -> None:
        self._tokens = tokens
        self._room = room

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._tokens.for_service(self._room)}"
        if (present := traceparent()) is not None:
            request.headers["traceparent"] = present
        yield request
