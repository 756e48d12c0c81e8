"""Reading the catalogue from its YAML file; whatever is wrong is told with line and column, all of it at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.booking.domain.catalogue import Catalogue, Location, contradictions
from shared.errors import ConfigurationError

DEFAULT = Path(__file__).parent.parent / "catalogue.yaml"


def load_catalogue(path: Path = DEFAULT) -> Catalogue:
    """Read and check a catalogue.

    Raises:
        ConfigurationError: the file cannot be read, is not YAML, or contradicts itself; one line for each fault, with
            file, line, column, what is wrong and what to do.
    """
    root, data = _parse(path)
    faults = [*_duplicate_keys(root)]
    try:
        catalogue = Catalogue.model_validate(data)
    except ValidationError as error:
        faults += [(_mark(root, fault["loc"]), _sentence(fault)) for fault in _own_faults(error)]
        raise _refusal(path, faults) from None
    faults += [(_mark(root, at), message) for at, message in contradictions(catalogue)]
    if faults:
        raise _refusal(path, faults)
    return catalogue


def _parse(path: Path) -> tuple[yaml.Node, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except OSError as error:
        message = f"The catalogue {path} cannot be read: {error.strerror}. Check BOOKING_CATALOGUE."
        raise ConfigurationError(message) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"The catalogue {path} is not UTF-8. Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from error
    if not isinstance(root, yaml.MappingNode):
        message = f"The catalogue {path} is not a mapping. It needs skills, licences, order_of_doing and services."
        raise ConfigurationError(message)
    return root, data


def _not_yaml(path: Path, error: yaml.YAMLError) -> ConfigurationError:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else "it holds characters that YAML forbids"
    place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
    return ConfigurationError(f"{place}: not YAML: {problem}. Correct the line, or begin from the default catalogue.")


def _refusal(path: Path, faults: list[tuple[yaml.Mark, str]]) -> ConfigurationError:
    lines = [f"{path}:{mark.line + 1}:{mark.column + 1}: {message}" for mark, message in faults]
    return ConfigurationError("\n".join(lines))


def _own_faults(error: ValidationError) -> list[ErrorDetails]:
    """Return the faults, without those of a list that counts as too short only because an entry of it is wrong."""
    faults = error.errors(include_url=False)
    inside = {fault["loc"][:depth] for fault in faults for depth in range(len(fault["loc"]))}
    return [fault for fault in faults if fault["type"] != "too_short" or fault["loc"] not in inside]


def _sentence(fault: ErrorDetails) -> str:
    where = ".".join(map(str, fault["loc"]))
    remedy = {
        "missing": "Add it.",
        "extra_forbidden": "Remove it, or check its spelling.",
    }.get(fault["type"], "Correct the value.")
    said = fault["input"] if isinstance(fault["input"], str | int | float) else None
    given = f" (it is {said!r})" if said is not None and fault["type"] != "missing" else ""
    return f"{where}: {fault['msg']}{given}. {remedy}"


def _mark(root: yaml.Node, at: Location) -> yaml.Mark:
    """Return where a location stands in the file; for a thing that is missing, where its parent begins."""
    node, mark = root, root.start_mark
    for part in at:
        child = _child(node, part)
        if child is None:
            break
        key, node = child
        mark = key.start_mark
    return mark


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        return node.value[part], node.value[part]
    return None


def _duplicate_keys(node: yaml.Node) -> Iterator[tuple[yaml.Mark, str]]:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _duplicate_keys(child)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark, f"{key.value} is given twice here. Remove one."
            seen.add(key.value)
            yield from _duplicate_keys(value)
