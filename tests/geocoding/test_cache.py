from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.geocoding.domain.address import AddressQuery, Answer, Candidate, Status
from services.geocoding.domain.decide import OUTSIDE
from services.geocoding.providers.cache import AnswerCache, CachingGeocoder, MemoryCache, SqliteCache
from services.geocoding.providers.port import ProviderUnavailableError
from shared.events.values import MatchKind

FOUND = Answer(Status.RESOLVED, (Candidate(49.2, -123.1, MatchKind.ADDRESS, 0.9, "7 Canary Lane, Vancouver", "BC"),))
QUERY = AddressQuery("7 Canary Lane", city="Vancouver")
SECRET = b"k" * 32


class Asked:
    """A geocoder that counts, and gives the answers it was told to give, the last one for ever."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.times = 0

    async def locate(self, query: AddressQuery) -> Answer:
        assert query.line
        self.times += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class SetClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=["memory", "sqlite"])
def cache(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Iterator[AnswerCache]:
    if request.param == "memory":
        yield MemoryCache()
        return
    with SqliteCache(tmp_path / "answers.sqlite", clock) as kept:
        yield kept


def caching(inner: Asked, cache: AnswerCache, *, secret: bytes = SECRET, scope: str = "vancouver") -> CachingGeocoder:
    return CachingGeocoder(inner, cache, secret=secret, scope=scope)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir()).lower()


@pytest.mark.parametrize("answer", [FOUND, OUTSIDE])
async def test_the_same_address_is_asked_once(cache: AnswerCache, answer: Answer) -> None:
    inner = Asked(answer)
    geocoder = caching(inner, cache)

    assert [await geocoder.locate(QUERY), await geocoder.locate(QUERY)] == [answer, answer]
    assert inner.times == 1


async def test_case_and_blanks_make_no_difference(cache: AnswerCache) -> None:
    inner = Asked(FOUND)
    geocoder = caching(inner, cache)

    await geocoder.locate(QUERY)
    await geocoder.locate(AddressQuery("  7  CANARY lane", city="vancouver "))

    assert inner.times == 1


async def test_another_address_or_another_area_is_asked_anew(cache: AnswerCache) -> None:
    inner = Asked(FOUND)

    await caching(inner, cache).locate(QUERY)
    await caching(inner, cache).locate(AddressQuery("7 Canary Lane", city="Burnaby"))
    await caching(inner, cache, scope="queens").locate(QUERY)

    assert inner.times == 3


async def test_a_failure_is_not_kept(cache: AnswerCache) -> None:
    inner = Asked(ProviderUnavailableError("away"), FOUND)
    geocoder = caching(inner, cache)

    with pytest.raises(ProviderUnavailableError):
        await geocoder.locate(QUERY)

    assert await geocoder.locate(QUERY) == FOUND


async def test_what_another_secret_kept_is_asked_anew(cache: AnswerCache) -> None:
    inner = Asked(FOUND)

    await caching(inner, cache).locate(QUERY)
    await caching(inner, cache, secret=b"x" * 32).locate(QUERY)

    assert inner.times == 2


async def test_the_file_outlives_the_process_and_holds_no_address(tmp_path: Path, clock: SetClock) -> None:
    inner = Asked(FOUND)
    for _ in range(2):
        with SqliteCache(tmp_path / "answers.sqlite", clock) as cache:
            assert await caching(inner, cache).locate(QUERY) == FOUND

    assert inner.times == 1
    written = everything_in(tmp_path)
    assert b"canary" not in written
    assert b"49.2" not in written


async def test_an_old_answer_is_asked_for_again(tmp_path: Path, clock: SetClock) -> None:
    inner = Asked(FOUND)
    with SqliteCache(tmp_path / "answers.sqlite", clock, max_age=timedelta(days=30)) as cache:
        await caching(inner, cache).locate(QUERY)
        clock.now += timedelta(days=29)
        await caching(inner, cache).locate(QUERY)
        assert inner.times == 1
        clock.now += timedelta(days=2)
        await caching(inner, cache).locate(QUERY)

    assert inner.times == 2


async def test_a_damaged_entry_is_asked_for_again(cache: AnswerCache) -> None:
    inner = Asked(FOUND)
    geocoder = caching(inner, cache)
    await geocoder.locate(QUERY)
    await cache.put(geocoder._key(QUERY), b"damaged")

    assert await geocoder.locate(QUERY) == FOUND
    assert inner.times == 2


async def test_a_full_memory_forgets_what_was_not_used_for_longest() -> None:
    cache = MemoryCache(capacity=2)
    for key in (b"a", b"b"):
        await cache.put(key, key)
    await cache.get(b"a")

    await cache.put(b"c", b"c")

    assert [await cache.get(key) for key in (b"a", b"b", b"c")] == [b"a", None, b"c"]
