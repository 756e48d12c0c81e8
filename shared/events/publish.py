"""Writes the contract down: golden JSON Schemas, docs/events.md and docs/asyncapi.json, all from the registry.

``python -m shared.events.publish`` writes the files; a test compares them, so that a change of the contract is seen
in review and never by accident.
"""

import json
from pathlib import Path
from typing import Any

from shared import events
from shared.events.envelope import REQUIRED
from shared.events.registry import EVENTS, Event
from shared.events.topics import BOOKING_REQUESTS, BOOKING_RESPONSES, DEAD_LETTER_SUFFIX, TOPICS, TopicSpec

ROOT = Path(events.__file__).parents[2]
SCHEMAS = Path("shared/events/schemas")
OPTIONAL_HEADERS = ("ce_subject", "ce_correlationid", "ce_requestedat", "content-type", "traceparent")


def documents() -> dict[Path, str]:
    """Return every generated file, by its path from the project's root."""
    files = {SCHEMAS / f"{name}.json": _json(_schema(cls)) for name, cls in EVENTS.items()}
    files[Path("docs/events.md")] = _markdown()
    files[Path("docs/asyncapi.json")] = _json(_asyncapi())
    return files


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _schema(cls: type[Event]) -> dict[str, Any]:
    schema = cls.published_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": cls.event_type, **schema}


def _of(topic: str) -> dict[str, type[Event]]:
    return {name: cls for name, cls in EVENTS.items() if cls.topic == topic}


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().splitlines()[0]


def _own_topics() -> list[str]:
    return [name for name in TOPICS if not name.endswith(DEAD_LETTER_SUFFIX)]


def _markdown() -> str:
    lines = [
        "# Events",
        "",
        "Generated from `shared/events/` by `python -m shared.events.publish`; do not edit.",
        "",
        "Envelope: CloudEvents 1.0, Kafka binary mode. Required headers: "
        + ", ".join(f"`{name}`" for name in REQUIRED)
        + "; optional: "
        + ", ".join(f"`{name}`" for name in OPTIONAL_HEADERS)
        + ". The body is JSON. Instants are RFC 3339, durations ISO 8601, coordinates WGS84 degrees. "
        "Unknown fields and unknown types are ignored; a breaking change is a new version of the type.",
        "",
        (
            "A *sealed* field is `{patient_id, ciphertext}`: AES-256-GCM under the patient's key, which the booking "
            "room keeps. Names, phones, e-mails, birth dates, free text and plain addresses stand in no topic but "
            f"`{BOOKING_REQUESTS}`, where booking systems write; see [docs/intake.md](intake.md)."
        ),
    ]
    for topic in _own_topics():
        spec = TOPICS[topic]
        lines += [
            "",
            f"## `{topic}`",
            "",
            (
                f"Key: {spec.key}. {spec.partitions} partitions, kept {_days(spec)}"
                f"{', compacted' if spec.compacted else ''}. Dead letters: `{topic}{DEAD_LETTER_SUFFIX}`."
            ),
        ]
        for name, cls in _of(topic).items():
            lines += [
                "",
                f"### {cls.__name__}",
                "",
                f"`{name}` – {_first_line(cls)}",
                "",
                "| field | type |",
                "|---|---|",
            ]
            schema = _schema(cls)
            required = set(schema.get("required", ()))
            for field, entry in schema["properties"].items():
                mark = "" if field in required else " (optional)"
                lines.append(f"| `{field}`{mark} | {_type(entry)} |")
    return "\n".join(lines) + "\n"


def _days(spec: TopicSpec) -> str:
    return f"{spec.retention.days} day{'' if spec.retention.days == 1 else 's'}"


def _writer(spec: TopicSpec) -> dict[str, str]:
    """Return an operation's first words: what this house does with the topic, and who writes to it."""
    if spec.inbound:
        return {"action": "receive", "summary": "Booking systems write; the booking room reads."}
    room = "booking" if spec.name == BOOKING_RESPONSES else spec.name.split(".")[1]
    return {"action": "send", "summary": f"The {room} room is the only writer."}


def _type(entry: dict[str, Any]) -> str:
    if "$ref" in entry:
        return str(entry["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in entry:
        return " or ".join(_type(option) for option in entry["anyOf"])
    if entry.get("type") == "array":
        return f"list of {_type(entry.get('items', {}))}"
    return str(entry.get("format") or entry.get("type") or "any")


def _asyncapi() -> dict[str, Any]:
    channels = {
        topic: {
            "address": topic,
            "description": f"Keyed by {TOPICS[topic].key}.",
            "messages": {
                cls.__name__: {"$ref": f"#/components/messages/{cls.__name__}"} for cls in _of(topic).values()
            },
            "bindings": {"kafka": {"partitions": TOPICS[topic].partitions}},
        }
        for topic in _own_topics()
    }
    operations = {
        f"{topic.split('.')[1]}-{'hears' if TOPICS[topic].inbound else 'says'}-{topic.split('.')[2]}": {
            "channel": {"$ref": f"#/channels/{topic}"},
            **_writer(TOPICS[topic]),
        }
        for topic in channels
    }
    headers = {
        "type": "object",
        "required": list(REQUIRED),
        "properties": {name: {"type": "string"} for name in (*REQUIRED, *OPTIONAL_HEADERS)},
    }
    messages = {
        cls.__name__: {
            "name": name,
            "title": cls.__name__,
            "summary": _first_line(cls),
            "contentType": "application/json",
            "headers": headers,
            "payload": {"$ref": f"../{SCHEMAS}/{name}.json"},
        }
        for name, cls in EVENTS.items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rounds events",
            "version": "1.0.0",
            "description": "What the rooms of Rounds tell each other.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def write(root: Path = ROOT) -> None:
    """Write every document below a root and remove schemas of events that are gone."""
    for path, text in documents().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for stale in (root / SCHEMAS).glob("*.json"):
        if stale.relative_to(root) not in documents():
            stale.unlink()


if __name__ == "__main__":
    write()
