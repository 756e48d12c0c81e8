"""Storage of the routing room."""
