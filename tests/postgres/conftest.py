"""Databases of their own for the tests of this folder."""

from collections.abc import Iterator
from itertools import count

import pytest

from deploy.dev.postgres import PostgresServer

_numbers = count(1)


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A new, empty database."""
    name = f"fresh{next(_numbers)}"
    yield postgres_server.url(name)
    postgres_server.drop(name)
