"""A catalogue that cannot be right stops the start, and the message points to the line."""

from pathlib import Path

import pytest

from services.booking.store.catalogue_file import DEFAULT, load_catalogue
from shared.errors import ConfigurationError

SMALL = """\
skills: [injection]
licences: [RN]
order_of_doing: [injection]
services:
  - code: shot
    name: A shot
    kind: injection
    duration_minutes: 15
    skills: [injection]
    licences: [RN]
"""


def refused(tmp_path: Path, text: str | bytes) -> str:
    """Return what is said of a catalogue, without its folder."""
    path = tmp_path / "catalogue.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(path)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_the_default_and_a_minimal_catalogue_are_taken(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    assert load_catalogue(DEFAULT).by_code["cbc"].cpt == ("85025",)
    assert load_catalogue(tmp_path / "small.yaml").by_code["shot"].name == "A shot"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "    skills: [injection]",
            "    skills: [injektion]",
            (
                "catalogue.yaml:9:14: injektion is not in the list skills. Did you mean injection? "
                "Use one of injection, or add it there."
            ),
        ),
        (
            "duration_minutes: 15",
            "duration_minutes: -15",
            (
                "catalogue.yaml:8:5: services.0.duration_minutes: Input should be greater than or equal to 1 "
                "(it is -15). Correct the value."
            ),
        ),
        (
            "    name: A shot",
            "    nmae: A shot",
            (
                "catalogue.yaml:5:5: services.0.name: Field required. Add it.\n"
                "catalogue.yaml:6:5: services.0.nmae: Extra inputs are not permitted (it is 'A shot'). "
                "Remove it, or check its spelling."
            ),
        ),
        (
            "    licences: [RN]",
            "    licences: [RN]\n    tubes: [red-top]",
            "catalogue.yaml:11:13: red-top is not in the list tubes. Add it there.",
        ),
        (
            "    kind: injection",
            "    kind: infusion",
            "catalogue.yaml:7:5: infusion is not in the list order_of_doing. Use one of injection, or add it there.",
        ),
        (
            "services:",
            "washout_days: {b21: 14}\nservices:",
            (
                "catalogue.yaml:4:16: No service gives b21, so this rule never holds. Correct the name.\n"
                "catalogue.yaml:4:16: No service assays b21, so this rule never holds. Correct the name."
            ),
        ),
        (
            "skills: [injection]",
            "skills: [injection, injection]",
            "catalogue.yaml:1:21: injection stands here twice. Remove one.",
        ),
        (
            "    kind: injection",
            "    kind: injection\n    kind: injection",
            "catalogue.yaml:8:5: kind is given twice here. Remove one.",
        ),
    ],
)
def test_a_fault_is_told_with_line_and_column(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert refused(tmp_path, SMALL.replace(before, after, 1)) == said


def test_two_services_with_one_code_are_told_at_the_second(tmp_path: Path) -> None:
    second = SMALL[SMALL.index("  - code") :]
    assert refused(tmp_path, SMALL + second) == (
        "catalogue.yaml:11:5: shot is the code of an earlier service. Give each its own."
    )


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("    kind: injection", "    kind: infusion").replace(
        "    licences: [RN]", "    licences: [MD]"
    )
    assert [line.split(": ")[0] for line in refused(tmp_path, text).splitlines()] == [
        "catalogue.yaml:7:5",
        "catalogue.yaml:10:16",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("skills: [a\nlicences: b", "catalogue.yaml:2:9: not YAML:"),
        ("skills: a\n\tlicences: b", "catalogue.yaml:2:1: not YAML:"),
        ("", "The catalogue catalogue.yaml is not a mapping."),
        ("- a\n- b", "The catalogue catalogue.yaml is not a mapping."),
        (SMALL.replace("A shot", "Spritze für").encode("cp1252"), "The catalogue catalogue.yaml is not UTF-8."),
        (b"skills: \x01", "catalogue.yaml: not YAML: it holds characters that YAML forbids."),
    ],
)
def test_what_is_no_catalogue_at_all_is_told_so(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert refused(tmp_path, text).startswith(said)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"No such file or directory\. Check BOOKING_CATALOGUE\."):
        load_catalogue(tmp_path / "none.yaml")
