"""What a server for development says when it cannot be had on this machine."""

from shared.errors import RoundsError


class Unavailable(RoundsError):  # noqa: N818 - the sentence is what matters: tests are skipped with it
    """The programs of a server are not here; the message says which, and how to get them."""
