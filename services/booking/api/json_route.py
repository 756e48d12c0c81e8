"""Bodies that are not JSON in UTF-8, said in words before anything tries to read them."""

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from shared.errors import Problem

type Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRoute(APIRoute):
    """A route whose body, if it has one, is JSON in UTF-8."""

    def get_route_handler(self) -> Handler:
        """Return the route's handler, behind a look at the body.

        Raises:
            Problem: 415, another content type; 400, another encoding.
        """
        handle = super().get_route_handler()

        async def look_then_handle(request: Request) -> Response:
            await readable_body(request)
            return await handle(request)

        return look_then_handle


async def readable_body(request: Request) -> bytes:
    """Return the body, which is JSON in UTF-8 by its header and its bytes, or empty.

    Raises:
        Problem: 415, another content type; 400, another encoding.
    """
    if body := await request.body():
        _check_type(request.headers.get("content-type", ""))
        _check_encoding(body)
    return body


def _check_type(content_type: str) -> None:
    if content_type == "application/json":
        return
    message = Message()
    message["content-type"] = content_type
    kind = message.get_content_subtype() if message.get_content_maintype() == "application" else ""
    if kind != "json" and not kind.endswith("+json"):
        said = f"is {content_type[:80]}" if content_type else "is missing"
        detail = f"Content-Type {said}. Send the body as JSON with Content-Type: application/json."
        raise Problem(415, "not-json", "The body is not declared as JSON", detail)
    charset = message.get_content_charset("utf-8")
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise _encoding(f"The body is declared as {charset[:40]}.")


def _check_encoding(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _encoding(f"The body is not UTF-8: byte {error.start + 1} cannot be read.") from None


def _encoding(what: str) -> Problem:
    return Problem(400, "wrong-encoding", "The body is not UTF-8", f"{what} Encode the JSON as UTF-8.")
