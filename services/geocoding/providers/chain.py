"""Several geocoders, asked one after the other."""

from collections.abc import Sequence

import structlog

from services.geocoding.domain.address import AddressQuery, Answer, Status
from services.geocoding.domain.decide import best_places
from services.geocoding.providers.port import Geocoder, ProviderUnavailableError
from shared.errors import ConfigurationError

_log = structlog.get_logger(__name__)


class ChainGeocoder:
    """Geocoders in order of preference: the first that is sure wins; otherwise a person sees what all of them found."""

    def __init__(self, geocoders: Sequence[Geocoder]) -> None:
        if not geocoders:
            message = "A chain of geocoders needs at least one; configure the local index or a remote service."
            raise ConfigurationError(message)
        self._geocoders = tuple(geocoders)

    async def locate(self, query: AddressQuery) -> Answer:
        """Return the first place found, else the merged candidates of all geocoders that answered.

        Raises:
            ProviderUnavailableError: not one of them answered.
        """
        answers: list[Answer] = []
        failures: list[str] = []
        for geocoder in self._geocoders:
            try:
                answer = await geocoder.locate(query)
            except ProviderUnavailableError as error:
                _log.warning("passed over geocoder", geocoder=type(geocoder).__name__, reason=str(error))
                failures.append(str(error))
                continue
            if answer.place:
                others = [candidate for one in answers for candidate in one.candidates]
                return Answer(Status.RESOLVED, best_places([*answer.candidates[1:], *others], first=answer.place))
            answers.append(answer)
        if not answers:
            message = f"No geocoder answers: {' '.join(failures)}"
            raise ProviderUnavailableError(message)
        return _merged(answers)


def _merged(answers: Sequence[Answer]) -> Answer:
    """Return one answer for several that are no place: the reason is that of the best candidate's."""
    candidates = best_places([candidate for answer in answers for candidate in answer.candidates])
    if candidates:
        told = next(answer for answer in answers if candidates[0] in answer.candidates)
        return Answer(told.status, candidates, told.reason)
    return next((answer for answer in answers if answer.status is Status.REVIEW), answers[0])
