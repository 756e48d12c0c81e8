"""The registry of events: each one's type, topic and owner, declared once where the class stands."""

import re
from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from shared.errors import PoisonError

TYPE_PATTERN = re.compile(r"^(?P<name>rounds\.[a-z]+\.[a-z-]+)\.v(?P<version>\d+)$")


class Event(BaseModel):
    """A fact in the past tense. Frozen, additive: a field may be added with a default, never renamed or retyped.

    Attributes:
        event_type: CloudEvents type, ``rounds.<room>.<event>.v<version>``.
        topic: the topic that carries it.
        aggregate_version: grows by one with each event of the aggregate named by ``key``.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    event_type: ClassVar[str]
    topic: ClassVar[str]

    aggregate_version: int

    def key(self) -> str:
        """Return the id of the aggregate: events of one key arrive in order."""
        raise LookupError(type(self).__name__)

    @classmethod
    def published_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of the body."""
        return cls.model_json_schema(mode="serialization")


EVENTS: dict[str, type[Event]] = {}
UPCASTERS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""Old type → (next type, how an old body becomes one of the next). Empty until the first breaking change."""


def event[E: Event](event_type: str, topic: str) -> Callable[[type[E]], type[E]]:
    """Register an event class under its type and topic."""
    if not TYPE_PATTERN.match(event_type):
        message = f"{event_type!r} is not of the form rounds.<room>.<event>.v<version>"
        raise ValueError(message)

    def register(cls: type[E]) -> type[E]:
        cls.event_type = event_type
        cls.topic = topic
        EVENTS[event_type] = cls
        return cls

    return register


def resolve(event_type: str, body: dict[str, Any]) -> tuple[type[Event], dict[str, Any]] | None:
    """Find the class for a type, lifting an old body through the upcasters.

    Returns:
        The class and the body it reads, or None for a type nobody here knows (a newer house may speak it).

    Raises:
        PoisonError: a malformed type, or a newer version of an event that is known only in older ones.
    """
    while event_type in UPCASTERS:
        event_type, upcast = UPCASTERS[event_type]
        body = upcast(body)
    if event_type in EVENTS:
        return EVENTS[event_type], body
    match = TYPE_PATTERN.match(event_type)
    if match is None:
        message = f"{event_type!r} is not an event type of this house; expected rounds.<room>.<event>.v<version>."
        raise PoisonError(message)
    if any(known.startswith(match["name"] + ".v") for known in EVENTS):
        message = f"{event_type} is newer than this release understands. Upgrade this service, then replay the record."
        raise PoisonError(message)
    return None
