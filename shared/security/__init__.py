"""Keys, seals and tokens."""
