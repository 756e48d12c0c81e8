"""The published contract is what the code says, and what was once published still reads."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.bus.port import Message
from shared.events import EVENTS, decode
from shared.events.publish import ROOT, SCHEMAS, documents

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))


@pytest.mark.parametrize("path", documents(), ids=str)
def test_a_generated_document_matches_the_code(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == documents()[path], (
        "The contract changed. If that is meant, run `python -m shared.events.publish` and review the difference."
    )


def test_every_event_has_a_recorded_sample() -> None:
    assert {sample.stem for sample in SAMPLES} == set(EVENTS)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_recorded_sample_fits_the_schema_and_decodes(sample: Path) -> None:
    recorded = json.loads(sample.read_text(encoding="utf-8"))
    schema = json.loads((ROOT / SCHEMAS / sample.name).read_text(encoding="utf-8"))
    jsonschema.validate(recorded["body"], schema)

    envelope = decode(
        Message(
            topic=EVENTS[sample.stem].topic,
            key=recorded["headers"]["ce_subject"].encode(),
            value=json.dumps(recorded["body"]).encode(),
            headers={name: value.encode() for name, value in recorded["headers"].items()},
        )
    )

    assert envelope.data is not None
    assert envelope.data.event_type == sample.stem
    assert envelope.data.key() == recorded["headers"]["ce_subject"]
    assert_holds(json.loads(envelope.data.model_dump_json()), recorded["body"])


def assert_holds(now: Any, recorded: Any) -> None:
    """Assert that all that was recorded is still said; a field added since may stand beside it."""
    if isinstance(recorded, dict):
        for name, value in recorded.items():
            assert_holds(now[name], value)
    elif isinstance(recorded, list):
        assert len(now) == len(recorded)
        for one, other in zip(now, recorded, strict=True):
            assert_holds(one, other)
    else:
        assert now == recorded
