"""A nurse's day and what she can do next in it. Pure."""
