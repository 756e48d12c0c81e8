"""Storage of the dispatch room: tables in ``models``, all SQL in ``staff``, ``days`` and ``writing``."""
