"""Storage of the geocoding room."""
