import pytest

from services.geocoding.domain.address import AddressQuery, Answer, Candidate, Status
from services.geocoding.domain.decide import NOT_FOUND, OUTSIDE
from services.geocoding.providers.chain import ChainGeocoder
from services.geocoding.providers.port import ProviderUnavailableError
from shared.errors import ConfigurationError
from shared.events.geocoding import UnresolvedReason
from shared.events.values import MatchKind

QUERY = AddressQuery("7 Canary Lane")
NEAR = Candidate(49.2, -123.1, MatchKind.ADDRESS, 0.9, "near", provider="one")
FAR = Candidate(49.3, -123.1, MatchKind.STREET, 0.6, "far", provider="two")
ELSEWHERE = Candidate(49.1, -123.1, MatchKind.STREET, 0.5, "elsewhere", provider="three")
RESOLVED = Answer(Status.RESOLVED, (NEAR,))
REVIEW = Answer(Status.REVIEW, (FAR,), UnresolvedReason.LOW_CONFIDENCE)
OTHER_REVIEW = Answer(Status.REVIEW, (ELSEWHERE,), UnresolvedReason.AMBIGUOUS)


class Gives:
    """A geocoder with one answer."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.asked = False

    async def locate(self, query: AddressQuery) -> Answer:
        assert query is QUERY
        self.asked = True
        if self.answer is None:
            message = "This one is away."
            raise ProviderUnavailableError(message)
        return self.answer


async def ask(*answers: Answer | None) -> Answer:
    return await ChainGeocoder([Gives(answer) for answer in answers]).locate(QUERY)


async def test_the_first_that_is_sure_wins_and_the_rest_are_not_asked() -> None:
    rest = Gives(OUTSIDE)

    answer = await ChainGeocoder([Gives(RESOLVED), rest]).locate(QUERY)

    assert answer == RESOLVED
    assert not rest.asked


async def test_a_later_one_may_be_sure_and_earlier_candidates_stand_behind() -> None:
    assert await ask(REVIEW, RESOLVED) == Answer(Status.RESOLVED, (NEAR, FAR))


async def test_where_nobody_is_sure_all_candidates_are_shown_with_the_reason_of_the_best() -> None:
    assert await ask(OTHER_REVIEW, NOT_FOUND, REVIEW) == Answer(
        Status.REVIEW, (FAR, ELSEWHERE), UnresolvedReason.LOW_CONFIDENCE
    )


async def test_one_that_is_away_is_passed_over() -> None:
    assert await ask(None, RESOLVED) == RESOLVED
    assert await ask(REVIEW, None) == REVIEW


async def test_only_when_all_are_away_it_is_an_error() -> None:
    with pytest.raises(ProviderUnavailableError, match=r"No geocoder answers: This one is away\. This one is away\."):
        await ask(None, None)


async def test_outside_for_all_is_outside_and_doubt_of_one_is_review() -> None:
    assert await ask(OUTSIDE, OUTSIDE) == OUTSIDE
    assert await ask(OUTSIDE, NOT_FOUND) == NOT_FOUND


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs at least one"):
        ChainGeocoder([])
