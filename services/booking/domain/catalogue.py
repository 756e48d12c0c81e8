"""The catalogue: the services on offer, what each asks of a nurse and a patient, and what a visit of several needs."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

type Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,59}$")]
type Minutes = Annotated[int, Field(ge=0, le=480)]
type Location = tuple[str | int, ...]
"""Where a thing stands in the file: keys and indices from its root."""


class CatalogueService(BaseModel):
    """One line of the catalogue.

    Attributes:
        kind: a step of ``order_of_doing``.
        observation_minutes: how long the nurse stays after the last service; of several, the longest counts once.
        first_dose_observation_minutes: the same for a first dose or after an allergy.
        licences: any one of these lets a nurse do it, valid in the state of the place.
        fasting_hours: how long the patient takes nothing but water before.
        gives: substances the patient has in the blood afterwards.
        assays: substances whose level is measured.
        loinc: codes of the observations.
        cpt: codes for billing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Word
    name: Annotated[str, Field(min_length=1, max_length=80)]
    description: str = ""
    kind: Word
    duration_minutes: Annotated[int, Field(ge=1, le=480)]
    observation_minutes: Minutes = 0
    first_dose_observation_minutes: Minutes = 0
    skills: Annotated[tuple[Word, ...], Field(min_length=1)]
    licences: Annotated[tuple[Word, ...], Field(min_length=1)]
    kit: tuple[Word, ...] = ()
    tubes: tuple[Word, ...] = ()
    fasting_hours: Annotated[int, Field(ge=0, le=24)] = 0
    minimum_age: Annotated[int, Field(ge=0, le=120)] = 0
    gives: tuple[Word, ...] = ()
    assays: tuple[Word, ...] = ()
    loinc: tuple[str, ...] = ()
    cpt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitNeeds:
    """What one visit asks for, all its services together.

    Attributes:
        services: codes in the order they are done.
        licence_options: for each entry one of its kinds.
        minimum_age: the strictest of them, and ``age_service`` the name of the service that sets it.
    """

    services: tuple[str, ...]
    duration: timedelta
    skills: tuple[str, ...]
    licence_options: tuple[tuple[str, ...], ...]
    minimum_age: int
    age_service: str


class Catalogue(BaseModel):
    """The whole file.

    Attributes:
        tubes: in the order of draw.
        order_of_doing: kinds of services, first done first.
        washout_days: for how many days after a substance was given its level is not to be measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    skills: Annotated[tuple[Word, ...], Field(min_length=1)]
    licences: Annotated[tuple[Word, ...], Field(min_length=1)]
    kit: tuple[Word, ...] = ()
    tubes: tuple[Word, ...] = ()
    order_of_doing: Annotated[tuple[Word, ...], Field(min_length=1)]
    washout_days: dict[Word, Annotated[int, Field(ge=0, le=365)]] = {}
    services: Annotated[tuple[CatalogueService, ...], Field(min_length=1)]

    @cached_property
    def by_code(self) -> dict[str, CatalogueService]:
        """The services by code."""
        return {service.code: service for service in self.services}

    def visit_needs(self, codes: Iterable[str], *, first_dose: bool = False) -> VisitNeeds:
        """Return what a visit with these services needs.

        Its duration is the sum of theirs and one observation, the longest: the patient is watched once, at the end.
        """
        chosen = sorted((self.by_code[code] for code in codes), key=lambda s: self.order_of_doing.index(s.kind))
        watched = max(s.first_dose_observation_minutes if first_dose else s.observation_minutes for s in chosen)
        oldest = max(chosen, key=lambda s: s.minimum_age)
        return VisitNeeds(
            services=tuple(s.code for s in chosen),
            duration=timedelta(minutes=sum(s.duration_minutes for s in chosen) + watched),
            skills=tuple(sorted({skill for s in chosen for skill in s.skills})),
            licence_options=tuple(dict.fromkeys(s.licences for s in chosen)),
            minimum_age=oldest.minimum_age,
            age_service=oldest.name,
        )

    def given(self, codes: Iterable[str]) -> frozenset[str]:
        """Return the substances these services give; a service no longer on offer gives nothing."""
        return frozenset(what for code in codes if code in self.by_code for what in self.by_code[code].gives)

    def assayed(self, codes: Iterable[str]) -> frozenset[str]:
        """Return the substances whose level these services measure."""
        return frozenset(what for code in codes if code in self.by_code for what in self.by_code[code].assays)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return a hint at the nearest known word, with a blank at its end, or nothing."""
    close = difflib.get_close_matches(word.lower(), known, n=1)
    return f"Did you mean {close[0]}? " if close else ""


def contradictions(catalogue: Catalogue) -> Iterator[tuple[Location, str]]:
    """Yield where the catalogue contradicts itself: words that stand in no list, and words that stand in one twice."""
    lists = {"skills": catalogue.skills, "licences": catalogue.licences, "kit": catalogue.kit, "tubes": catalogue.tubes}
    for name, words in {**lists, "order_of_doing": catalogue.order_of_doing}.items():
        yield from _twice((name,), words)
    for index, code in _repeated([service.code for service in catalogue.services]):
        yield ("services", index, "code"), f"{code} is the code of an earlier service. Give each its own."
    for substance in catalogue.washout_days:
        for name in ("gives", "assays"):
            if not any(substance in getattr(service, name) for service in catalogue.services):
                message = f"No service {name} {substance}, so this rule never holds. Correct the name."
                yield ("washout_days", substance), message
    for index, service in enumerate(catalogue.services):
        at = ("services", index)
        yield from _unknown((*at, "kind"), [service.kind], catalogue.order_of_doing, "order_of_doing")
        for name, known in lists.items():
            words = getattr(service, name)
            yield from _twice((*at, name), words)
            for place, word in enumerate(words):
                yield from _unknown((*at, name, place), [word], known, name)


def _unknown(at: Location, words: Iterable[str], known: Sequence[str], name: str) -> Iterator[tuple[Location, str]]:
    for word in words:
        if word not in known:
            listed = f"Use one of {', '.join(known)}, or add it there." if known else "Add it there."
            yield at, f"{word} is not in the list {name}. {did_you_mean(word, known)}{listed}"


def _twice(at: Location, words: Sequence[str]) -> Iterator[tuple[Location, str]]:
    for index, word in _repeated(words):
        yield (*at, index), f"{word} stands here twice. Remove one."


def _repeated(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    seen: Counter[str] = Counter()
    for index, word in enumerate(words):
        seen[word] += 1
        if seen[word] > 1:
            yield index, word
