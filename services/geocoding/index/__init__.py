"""The address index: built from an OpenStreetMap extract, one SQLite file an area."""
