"""The port that every geocoder stands behind."""

from typing import Protocol

from services.geocoding.domain.address import AddressQuery, Answer
from shared.errors import TransientError


class ProviderUnavailableError(TransientError):
    """A geocoder cannot be reached, is overloaded, or answers nonsense; the same question may succeed later.

    The message names the provider and never the address.
    """


class Geocoder(Protocol):
    """Finds addresses in one area."""

    async def locate(self, query: AddressQuery) -> Answer:
        """Return where an address lies, or why nobody can say without looking.

        Raises:
            ProviderUnavailableError: there is no answer now; never cached, worth another try.
        """
        ...
