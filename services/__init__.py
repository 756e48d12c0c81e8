"""The rooms of Rounds, and what puts them together."""
