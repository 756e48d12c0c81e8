"""A cache in front of a geocoder that keeps no address readable.

The key is a keyed digest of the query and the value is sealed with a key of the same secret: whoever holds the file but
not the secret learns neither what was asked nor where it lies.
"""

import asyncio
import hashlib
import sqlite3
from collections import OrderedDict
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Protocol, Self

from pydantic import TypeAdapter

from services.geocoding.domain.address import AddressQuery, Answer
from services.geocoding.providers.port import Geocoder
from shared.clock import Clock
from shared.security.seal import SealError, decrypt, encrypt

_ANSWER = TypeAdapter(Answer)
_PURPOSE = "geocoder answer"


class AnswerCache(Protocol):
    """Keeps sealed answers by digest."""

    async def get(self, key: bytes) -> bytes | None:
        """Return what was put under a key, None when there is nothing or it is too old."""
        ...

    async def put(self, key: bytes, value: bytes) -> None:
        """Keep a value under a key, in place of what was there."""
        ...


class MemoryCache:
    """Keeps the answers used last, as long as the process lives."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._capacity = capacity

    async def get(self, key: bytes) -> bytes | None:
        """Return what was put under a key, None when there is nothing."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    async def put(self, key: bytes, value: bytes) -> None:
        """Keep a value; the one not used for longest goes when there are too many."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)


class SqliteCache:
    """Keeps answers in a file, for a while: maps and services learn new addresses.

    Args:
        path: made when it is not there.
        clock: for the age of answers.
        max_age: older answers are asked for again.
    """

    def __init__(self, path: Path, clock: Clock, max_age: timedelta = timedelta(days=30)) -> None:
        self._clock = clock
        self._max_age = max_age
        self._lock = Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS answer"
            " (key BLOB PRIMARY KEY, value BLOB NOT NULL, stored_at REAL NOT NULL) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    async def get(self, key: bytes) -> bytes | None:
        """Return what was put under a key, None when there is nothing or it is too old."""
        return await asyncio.to_thread(self._get, key)

    async def put(self, key: bytes, value: bytes) -> None:
        """Keep a value; what is too old goes."""
        await asyncio.to_thread(self._put, key, value)

    def _get(self, key: bytes) -> bytes | None:
        with self._lock, closing(self._connection.cursor()) as cursor:
            cursor.execute("SELECT value FROM answer WHERE key = ? AND stored_at >= ?", (key, self._oldest()))
            row = cursor.fetchone()
        return None if row is None else bytes(row[0])

    def _put(self, key: bytes, value: bytes) -> None:
        with self._lock, closing(self._connection.cursor()) as cursor:
            cursor.execute("DELETE FROM answer WHERE stored_at < ?", (self._oldest(),))
            cursor.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?)", (key, value, self._clock().timestamp()))

    def _oldest(self) -> float:
        return (self._clock() - self._max_age).timestamp()


class CachingGeocoder:
    """A geocoder that asks another one only once for the same address. Errors are not kept.

    Args:
        inner: who is asked.
        cache: where answers are kept.
        secret: at least 32 bytes, from the system's secrets.
        scope: names what the answers depend on beside the query: the area, its map's version, the provider.
    """

    def __init__(self, inner: Geocoder, cache: AnswerCache, *, secret: bytes, scope: str) -> None:
        self._inner = inner
        self._cache = cache
        self._scope = scope
        self._digest_key = hashlib.blake2b(secret, digest_size=32, person=b"geocode-digest").digest()
        self._seal_key = hashlib.blake2b(secret, digest_size=32, person=b"geocode-seal").digest()

    async def locate(self, query: AddressQuery) -> Answer:
        """Return the answer kept for an address, or ask and keep it.

        Raises:
            ProviderUnavailableError: nothing is kept and the provider has no answer now.
        """
        key = self._key(query)
        kept = await self._cache.get(key)
        if kept is not None and (answer := self._open(kept)):
            return answer
        answer = await self._inner.locate(query)
        await self._cache.put(key, encrypt(self._seal_key, _ANSWER.dump_json(answer), _PURPOSE))
        return answer

    def _key(self, query: AddressQuery) -> bytes:
        """Return the digest of a query; case and blanks make no difference."""
        fields = (self._scope, query.line, query.unit, query.city, query.state, query.postcode)
        text = "\x1f".join(" ".join(field.casefold().split()) for field in fields)
        return hashlib.blake2b(text.encode(), key=self._digest_key, digest_size=32).digest()

    def _open(self, kept: bytes) -> Answer | None:
        try:
            plain = decrypt(self._seal_key, kept, _PURPOSE)
            return _ANSWER.validate_json(plain)
        except (SealError, ValueError):
            # Damaged, or kept by another version of the house: as good as not kept, and overwritten at once.
            return None
