"""A way to the system on which things go wrong."""

from collections.abc import Callable

import httpx


class Faulty(httpx.AsyncBaseTransport):
    """Before or after a request reaches the system, lets something go wrong, as often as it is told."""

    def __init__(self, inner: httpx.AsyncBaseTransport, fault: Callable[[int], str]) -> None:
        self._inner = inner
        self._fault = fault
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        match self._fault(self.calls):
            case "refused":
                raise httpx.ConnectError("connection refused", request=request)
            case "lost reply":
                await self._inner.handle_async_request(request)
                raise httpx.ReadError("the system was killed", request=request)
            case "502" | "503" | "500" as status:
                return httpx.Response(int(status), text="<html>")
        return await self._inner.handle_async_request(request)
